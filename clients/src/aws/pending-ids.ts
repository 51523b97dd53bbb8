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

/** What the look-ups ask; tests give their own. */
export interface PendingIdClients {
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly secrets: Pick<SecretsManagerClient, "send">;
}

export function pendingIdClients(aws: AwsPlace): PendingIdClients {
  return { elb: new ElasticLoadBalancingV2Client(aws), secrets: new SecretsManagerClient(aws) };
}

/**
 * The provider's id of what may exist.
 * @returns undefined where AWS knows no such thing. Every other failure is thrown: unknown must not look like "not there".
 */
export async function findPendingId(source: IdSource, { elb, secrets }: PendingIdClients): Promise<string | undefined> {
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
