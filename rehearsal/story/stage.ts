import type { MetricStat } from "@cutover/domain/cloudwatch/definition";
import type { AwsGateway } from "../aws/gateway/gateway";
import type { RehearsalClock } from "../clock";
import type { StackRun } from "../engine/stack";
import type { RehearsalFaults } from "../faults";
import type { GhlStandIn } from "../ghl/server";
import type { WorkflowSender } from "../ghl/workflow";
import type { LoadBalancer } from "../loadbalancer/balancer";
import type { Punctuality } from "../metrics/sequence";
import type { RehearsalPostgres } from "../postgres/postgres";
import type { AwsClients } from "../provider/aws-clients";
import type { AlarmLog } from "./alarm-log";

/** The world as the story sees it: everything is started and nothing of the stack exists yet. */
export interface Stage {
  readonly clock: RehearsalClock;
  readonly engine: StackRun;
  readonly postgres: RehearsalPostgres;
  readonly ghl: GhlStandIn;
  readonly sender: WorkflowSender;
  /** A step that holds the front door's URL itself, whatever the custom value says. */
  readonly lateSender: WorkflowSender;
  readonly balancer: LoadBalancer;
  readonly gateway: AwsGateway;
  /** Every change of an alarm. */
  readonly cloudwatch: AlarmLog;
  /** Whether this machine kept up with the rehearsal's clock. */
  punctuality(): Punctuality;
  /** A metric's complete, published periods by their start (rehearsal ms). */
  series(metric: MetricStat): ReadonlyMap<number, number>;
  /** Breaks things, and mends them. */
  readonly faults: RehearsalFaults;
  /** The emulated account, through the gateway. */
  readonly aws: AwsClients;
  readonly stack: string;
  /** `cutover:domain`. */
  readonly domain: string;
  /** The webhook URL that GoHighLevel holds before the first update: Node's own. */
  readonly urlAsFound: string;
  /** What nobody may show or keep in plain text: the key in Node's URL, the token, every value of the webhook's secret so far. */
  secrets(): readonly string[];
  /** Name of the custom value with the webhook's URL. */
  readonly webhookValue: string;
  /** Name of the custom value with the webhook's secret. */
  readonly secretValue: string;
  /** Real time, ms since the epoch. */
  readonly startedAtMs: number;
  /** Aborted when the world broke or a person ended the run; carries why. */
  readonly signal: AbortSignal;
  /** Ports on 127.0.0.1 behind the names. */
  readonly ports: { readonly frontDoor: number; readonly existingNode: number };
  /** Value of CUTOVER_CONNECT_TO. */
  readonly connectTo: string;
  /** Certificate of the rehearsal's authority (PEM). */
  readonly caFile: string;
  /** Process ids of this process and everything under it. */
  processes(): readonly number[];
}
