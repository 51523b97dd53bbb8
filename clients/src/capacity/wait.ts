import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { AwsPlace } from "@cutover/domain/aws-place";

export interface CapacityProof {
  readonly cluster: string;
  readonly service: string;
  /** ARN of the task definition that must be the running one: a service that ECS rolled back is "steady" with the old one. */
  readonly taskDefinition: string;
  /** Tasks that must run, and targets that must be healthy in every group. */
  readonly minimum: number;
  readonly targetGroupArns: readonly string[];
  readonly deadlineSeconds: number;
}

export interface CapacityClients {
  readonly ecs: Pick<ECSClient, "send">;
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  /** Milliseconds between two looks; default 2000. */
  readonly pauseMs?: number;
}

/** The service did not reach its capacity; the message says how far it came. */
export class CapacityError extends Error {
  override readonly name = "CapacityError";
}

/** Waits until the service runs its minimum and that many targets are healthy in each of its groups. */
export async function waitForCapacity(
  proof: CapacityProof,
  aws: AwsPlace,
  clients: CapacityClients = { ecs: new ECSClient(aws), elb: new ElasticLoadBalancingV2Client(aws) },
): Promise<void> {
  const giveUpAt = Date.now() + proof.deadlineSeconds * 1000;
  for (;;) {
    const seen = await look(proof, clients);
    const current = seen.taskDefinition === proof.taskDefinition;
    if (current && seen.running >= proof.minimum && seen.healthy >= proof.minimum) return;
    if (Date.now() > giveUpAt) {
      if (!current) throw new CapacityError(rolledBack(proof, seen.taskDefinition));
      throw new CapacityError(
        `Service ${proof.service} has ${seen.running} running tasks and ${seen.healthy} healthy targets after ${proof.deadlineSeconds} s, ${proof.minimum} are needed before its share may rise. No weight was moved. See the service's events and its tasks' logs.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, clients.pauseMs ?? 2000));
  }
}

/** Source: pulumi-aws#4487: ECS's circuit breaker goes back to the old tasks, and the update reads as a success. */
function rolledBack(proof: CapacityProof, running: string): string {
  return `Service ${proof.service} runs ${running || "no task definition"} and not ${proof.taskDefinition}, which this update declares: ECS went back to the tasks it had. No weight was moved. See the stopped tasks' reasons and logs, then run pulumi up with an image that starts.`;
}

async function look(proof: CapacityProof, { ecs, elb }: CapacityClients) {
  const described = await ecs.send(new DescribeServicesCommand({ cluster: proof.cluster, services: [proof.service] }));
  const healthy = await Promise.all(
    proof.targetGroupArns.map(async (TargetGroupArn) => {
      const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
      return TargetHealthDescriptions.filter((t) => t.TargetHealth?.State === "healthy").length;
    }),
  );
  const service = described.services?.[0];
  // The service names what it was told; the primary deployment is what ECS carries out, also after it rolled back.
  const primary = service?.deployments?.find((d) => d.status === "PRIMARY");
  return {
    running: service?.runningCount ?? 0,
    healthy: Math.min(...healthy),
    taskDefinition: primary?.taskDefinition ?? service?.taskDefinition ?? "",
  };
}
