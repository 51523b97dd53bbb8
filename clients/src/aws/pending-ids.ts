import { EC2Client } from "@aws-sdk/client-ec2";
import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { IdSource } from "@cutover/domain/pending-creates";
import { findNetworkId } from "./pending-network-ids";

/** What the look-ups ask; tests give their own. */
export interface PendingIdClients {
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly secrets: Pick<SecretsManagerClient, "send">;
  readonly ecs: Pick<ECSClient, "send">;
  readonly ec2: Pick<EC2Client, "send">;
}

export function pendingIdClients(aws: AwsPlace): PendingIdClients {
  return {
    elb: new ElasticLoadBalancingV2Client(aws),
    secrets: new SecretsManagerClient(aws),
    ecs: new ECSClient(aws),
    ec2: new EC2Client(aws),
  };
}

/**
 * The provider's id of what may exist.
 * @returns undefined where AWS knows no such thing. Every other failure is thrown: unknown must not look like "not there".
 */
export async function findPendingId(source: IdSource, clients: PendingIdClients): Promise<string | undefined> {
  const { elb, secrets, ecs, ec2 } = clients;
  switch (source.kind) {
    case "known":
      return source.id;
    case "target-group": {
      const command = new DescribeTargetGroupsCommand({ Names: [source.name] });
      return (await orNone(elb.send(command)))?.TargetGroups?.[0]?.TargetGroupArn;
    }
    case "load-balancer": {
      const command = new DescribeLoadBalancersCommand({ Names: [source.name] });
      return (await orNone(elb.send(command)))?.LoadBalancers?.[0]?.LoadBalancerArn;
    }
    case "secret":
      return (await orNone(secrets.send(new DescribeSecretCommand({ SecretId: source.name }))))?.ARN;
    case "listener": {
      const command = new DescribeListenersCommand({ LoadBalancerArn: source.loadBalancerArn });
      const listeners = (await orNone(elb.send(command)))?.Listeners ?? [];
      return listeners.find(({ Port }) => Port === source.port)?.ListenerArn;
    }
    case "listener-rule": {
      const command = new DescribeRulesCommand({ ListenerArn: source.listenerArn });
      const rules = (await orNone(elb.send(command)))?.Rules ?? [];
      return rules.find(({ Priority }) => Priority === String(source.priority))?.RuleArn;
    }
    case "service": {
      const { cluster, name } = source;
      const command = new DescribeServicesCommand({ cluster, services: [name] });
      const services = (await orNone(ecs.send(command)))?.services ?? [];
      // A deleted one is shown for a while, and does not stand in the way.
      const alive = services.some(({ status }) => status === "ACTIVE");
      return alive ? `${cluster.split("/").at(-1)}/${name}` : undefined;
    }
    default:
      return orNone(findNetworkId(source, ec2));
  }
}

async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && /NotFound/.test(error.name)) return undefined;
    throw error;
  }
}
