import type { TargetAddress } from "../../loadbalancer/config";
import type { TargetHealth } from "../../loadbalancer/health";

/** What the load balancer really sees; the gateway answers DescribeTargetHealth and refusals from it. */
export interface BalancerReality {
  /** Resolves when every change notified so far is in force. */
  settled(): Promise<void>;
  describeTargetHealth(
    targetGroupArn: string,
  ): readonly { readonly target: TargetAddress; readonly health: TargetHealth }[] | undefined;
  targetHealth(targetGroupArn: string, target: TargetAddress): TargetHealth;
  /** ARNs of the load balancers whose rules forward to the group. */
  loadBalancersOf(targetGroupArn: string): readonly string[];
  /** Something may have changed. */
  notify(): void;
}

/** JSON of the ECS API, with the member names AWS uses. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** What the task runner really runs; the gateway answers the ECS calls about tasks and counts from it. */
export interface EcsReality {
  /** Resolves when every change notified so far was seen (not when it is carried out). */
  settled(): Promise<void>;
  /** Counts, deployments, events and status of a service as they are; undefined for one it never saw. */
  describeService(serviceArn: string): JsonObject | undefined;
  /** Tasks of a cluster (name or ARN) in the wording of DescribeTasks, stopped ones included for a while. */
  describeTasks(cluster: string): readonly JsonObject[];
  /** Stops a task by id or ARN; undefined when there is none. */
  stopTask(cluster: string, task: string, reason: string): JsonObject | undefined;
  notify(): void;
}

/** A call that AWS takes and the rehearsal does not understand; the caller gets it as a validation error. */
export class NotRehearsed extends Error {
  override readonly name = "NotRehearsed";
}

/** What the rehearsal's CloudWatch holds; requests and answers in the wording of CloudWatch's JSON protocol. */
export interface CloudWatchReality {
  /** @throws NotRehearsed for what is not understood, also in the other calls */
  putMetricData(request: JsonObject): void;
  getMetricData(request: JsonObject): JsonObject;
  getMetricStatistics(request: JsonObject): JsonObject;
  listMetrics(request: JsonObject): JsonObject;
  /** CloudWatch Logs took these events. */
  logEvents(logGroup: string, logStream: string, events: readonly JsonObject[]): void;
  /** The answer for a JSON pattern over the events of a group; undefined for anything else. */
  filterLogEvents(request: JsonObject): JsonObject | undefined;
}
