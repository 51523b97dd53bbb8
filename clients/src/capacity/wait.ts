import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";

export interface CapacityProof {
  readonly cluster: string;
  readonly service: string;
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
  clients: CapacityClients = { ecs: new ECSClient({}), elb: new ElasticLoadBalancingV2Client({}) },
): Promise<void> {
  const giveUpAt = Date.now() + proof.deadlineSeconds * 1000;
  for (;;) {
    const seen = await look(proof, clients);
    if (seen.running >= proof.minimum && seen.healthy >= proof.minimum) return;
    if (Date.now() > giveUpAt) {
      throw new CapacityError(
        `Service ${proof.service} has ${seen.running} running tasks and ${seen.healthy} healthy targets after ${proof.deadlineSeconds} s, ${proof.minimum} are needed before its share may rise. No weight was moved. See the service's events and its tasks' logs.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, clients.pauseMs ?? 2000));
  }
}

async function look(proof: CapacityProof, { ecs, elb }: CapacityClients) {
  const described = await ecs.send(new DescribeServicesCommand({ cluster: proof.cluster, services: [proof.service] }));
  const healthy = await Promise.all(
    proof.targetGroupArns.map(async (TargetGroupArn) => {
      const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
      return TargetHealthDescriptions.filter((t) => t.TargetHealth?.State === "healthy").length;
    }),
  );
  return { running: described.services?.[0]?.runningCount ?? 0, healthy: Math.min(...healthy) };
}
