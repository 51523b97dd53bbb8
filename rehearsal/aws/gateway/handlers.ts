import type { AwsCall } from "./call";
import type { AwsError } from "./errors";
import type { BalancerReality, EcsReality } from "./reality";
import type { ServiceExtras } from "./service-extras";
import type { Upstreams } from "./upstream";

/** What handlers may use. */
export interface HandlerContext {
  readonly upstreams: Upstreams;
  readonly balancer: BalancerReality | undefined;
  readonly ecs: EcsReality | undefined;
  readonly extras: ServiceExtras;
}

/** How the gateway treats one operation; every step is optional, and without any the call passes untouched. */
export interface Handler {
  /** What AWS refuses and the emulator would take. */
  readonly refuse?: (call: AwsCall, context: HandlerContext) => Promise<AwsError | undefined> | AwsError | undefined;
  /** The whole answer, without asking the emulator. */
  readonly answer?: (call: AwsCall, context: HandlerContext) => Promise<Buffer | AwsError> | Buffer | AwsError;
  /** Corrects the emulator's successful answer. */
  readonly correct?: (call: AwsCall, answer: Buffer, context: HandlerContext) => Promise<Buffer> | Buffer;
}

/** By `service:Operation`. */
export type Handlers = Readonly<Record<string, Handler>>;

export const formOf = (call: AwsCall): URLSearchParams => new URLSearchParams(call.body?.toString("utf8"));

export const isAwsError = (value: Buffer | AwsError): value is AwsError => !Buffer.isBuffer(value);
