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
