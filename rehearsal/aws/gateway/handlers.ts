import { gunzipSync } from "node:zlib";
import type { AwsCall } from "./call";
import type { AwsError } from "./errors";
import type { Memory } from "./memory";
import type { BalancerReality, CloudWatchReality, EcsReality, JsonObject } from "./reality";
import type { ServiceExtras } from "./service-extras";
import type { Upstreams } from "./upstream";

/** What handlers may use. */
export interface HandlerContext {
  readonly upstreams: Upstreams;
  readonly balancer: BalancerReality | undefined;
  readonly ecs: EcsReality | undefined;
  readonly cloudwatch: CloudWatchReality | undefined;
  readonly extras: ServiceExtras;
  /** What alarms and rules were given and the emulator forgets or must not act on. */
  readonly memory: Memory;
}

/** How the gateway treats one operation; every step is optional, and without any the call passes untouched. */
export interface Handler {
  /** What AWS refuses and the emulator would take. */
  readonly refuse?: (call: AwsCall, context: HandlerContext) => Promise<AwsError | undefined> | AwsError | undefined;
  /** The whole answer, without asking the emulator; undefined = the emulator is asked after all. */
  readonly answer?: (
    call: AwsCall,
    context: HandlerContext,
  ) => Promise<Buffer | AwsError | undefined> | Buffer | AwsError | undefined;
  /**
   * What the emulator is sent instead of the caller's body. What belongs to it is remembered here, not once the emulator has
   * answered: somebody else may read in between.
   */
  readonly rewrite?: (call: AwsCall, context: HandlerContext) => Buffer;
  /** Corrects the emulator's successful answer. */
  readonly correct?: (call: AwsCall, answer: Buffer, context: HandlerContext) => Promise<Buffer> | Buffer;
}

/** By `service:Operation`. */
export type Handlers = Readonly<Record<string, Handler>>;

export const formOf = (call: AwsCall): URLSearchParams => new URLSearchParams(call.body?.toString("utf8"));

/** The body of a call in a JSON protocol; SDKs compress large ones. */
export function jsonOf({ body }: AwsCall): JsonObject {
  const compressed = body?.[0] === 0x1f && body[1] === 0x8b;
  const text = (compressed ? gunzipSync(body) : body)?.toString("utf8");
  return JSON.parse(text || "{}") as JsonObject;
}

export const jsonBuffer = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const isAwsError = (value: Buffer | AwsError): value is AwsError => !Buffer.isBuffer(value);
