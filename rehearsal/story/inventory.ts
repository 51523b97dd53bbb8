import type { ParameterMetadata } from "@aws-sdk/client-ssm";
import type { AwsClients } from "../provider/aws-clients";

/** What exists in the emulated account, one line a thing: "ec2 vpc vpc-1", sorted. */
export type Inventory = readonly string[];

/** The SDK's clients type every answer's member as optional. */
type Many<T> = readonly T[] | undefined;

/**
 * Everything the account holds of the kinds this stack makes or could make. What AWS keeps for good (inactive task
 * definitions, deleted NAT gateways) is left out.
 */
export async function inventory(aws: AwsClients): Promise<Inventory> {
  const parts = await Promise.all([
    ...network(aws),
    ...balancing(aws),
    ...containers(aws),
    ...names(aws),
    ...storage(aws),
    ...monitoring(aws),
  ]);
  return parts.flat().sort();
}

/** What is there now and was not there before. */
export function added(before: Inventory, after: Inventory): string[] {
  const known = new Set(before);
  return after.filter((line) => !known.has(line));
}

/** What was there before and is gone. */
export function removed(before: Inventory, after: Inventory): string[] {
  return added(after, before);
}

async function list<T>(kind: string, items: Promise<Many<T>>, id: (item: T) => string | undefined): Promise<string[]> {
  return ((await items) ?? []).map((item) => `${kind} ${id(item) ?? "without a name"}`);
}

function network({ ec2 }: AwsClients): Promise<string[]>[] {
  return [
    list(
      "vpc",
      ec2.describeVpcs({}).then((r) => r.Vpcs),
      (v) => v.VpcId,
    ),
    list(
      "subnet",
      ec2.describeSubnets({}).then((r) => r.Subnets),
      (s) => s.SubnetId,
    ),
    list(
      "internet gateway",
      ec2.describeInternetGateways({}).then((r) => r.InternetGateways),
      (g) => g.InternetGatewayId,
    ),
    list(
      "route table",
      ec2.describeRouteTables({}).then((r) => r.RouteTables),
      (t) => t.RouteTableId,
    ),
    list(
      "security group",
      ec2.describeSecurityGroups({}).then((r) => r.SecurityGroups),
      (g) => g.GroupId,
    ),
    list(
      "elastic address",
      ec2.describeAddresses({}).then((r) => r.Addresses),
      (a) => a.AllocationId,
    ),
    list(
      "endpoint",
      ec2.describeVpcEndpoints({}).then((r) => r.VpcEndpoints),
      (e) => e.VpcEndpointId,
    ),
    list(
      "NAT gateway",
      ec2.describeNatGateways({}).then((r) => r.NatGateways?.filter((g) => g.State !== "deleted")),
      (g) => g.NatGatewayId,
    ),
  ];
}

function balancing({ elb, acm }: AwsClients): Promise<string[]>[] {
  return [
    list(
      "load balancer",
      elb.describeLoadBalancers({}).then((r) => r.LoadBalancers),
      (b) => b.LoadBalancerName,
    ),
    list(
      "target group",
      elb.describeTargetGroups({}).then((r) => r.TargetGroups),
      (g) => g.TargetGroupName,
    ),
    list(
      "certificate",
      acm.listCertificates({}).then((r) => r.CertificateSummaryList),
      (c) => c.CertificateArn,
    ),
  ];
}

function containers({ ecs, autoScaling }: AwsClients): Promise<string[]>[] {
  return [
    activeClusters(ecs),
    list(
      "task definition",
      ecs.listTaskDefinitions({ status: "ACTIVE" }).then((r) => r.taskDefinitionArns),
      (arn) => arn,
    ),
    list(
      "scalable target",
      autoScaling.describeScalableTargets({ ServiceNamespace: "ecs" }).then((r) => r.ScalableTargets),
      (t) => t.ResourceId,
    ),
  ];
}

/** A deleted cluster stays for a while as INACTIVE, at AWS too. */
async function activeClusters(ecs: AwsClients["ecs"]): Promise<string[]> {
  const { clusterArns } = await ecs.listClusters({});
  if (!clusterArns?.length) return [];
  const { clusters } = await ecs.describeClusters({ clusters: clusterArns });
  return (clusters ?? []).filter((c) => c.status !== "INACTIVE").map((c) => `ECS cluster ${c.clusterName}`);
}

function names({ iam, route53, ssm, secrets }: AwsClients): Promise<string[]>[] {
  const records = async () => {
    const { HostedZones } = await route53.listHostedZones({});
    const each = (HostedZones ?? []).map(async ({ Id }) => {
      const { ResourceRecordSets } = await route53.listResourceRecordSets({ HostedZoneId: Id });
      return (ResourceRecordSets ?? []).map((r) => `record ${r.Type} ${r.Name} in ${Id}`);
    });
    return [...(HostedZones ?? []).map(({ Id }) => `hosted zone ${Id}`), ...(await Promise.all(each)).flat()];
  };
  return [
    records(),
    list(
      "IAM role",
      iam.listRoles({}).then((r) => r.Roles),
      (r) => r.RoleName,
    ),
    list(
      "IAM policy",
      iam.listPolicies({ Scope: "Local" }).then((r) => r.Policies),
      (p) => p.PolicyName,
    ),
    list("SSM parameter", allParameters(ssm), (p) => p.Name),
    list(
      "secret",
      secrets.listSecrets({}).then((r) => r.SecretList),
      (s) => s.Name,
    ),
  ];
}

/** All pages: one holds ten of them, or fifty where it is asked for. */
async function allParameters(ssm: AwsClients["ssm"]): Promise<Many<ParameterMetadata>> {
  const found: ParameterMetadata[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ssm.describeParameters({ MaxResults: 50, ...(NextToken ? { NextToken } : {}) });
    found.push(...(page.Parameters ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

function storage({ s3, sqs }: AwsClients): Promise<string[]>[] {
  return [
    list(
      "bucket",
      s3.listBuckets({}).then((r) => r.Buckets),
      (b) => b.Name,
    ),
    list(
      "queue",
      sqs.listQueues({}).then((r) => r.QueueUrls),
      (url) => url,
    ),
  ];
}

function monitoring({ logs, cloudwatch, sns, lambda, events, scheduler }: AwsClients): Promise<string[]>[] {
  return [
    list(
      "log group",
      logs.describeLogGroups({}).then((r) => r.logGroups),
      (g) => g.logGroupName,
    ),
    list(
      "alarm",
      cloudwatch.describeAlarms({}).then((r) => [...(r.MetricAlarms ?? []), ...(r.CompositeAlarms ?? [])]),
      (a) => a.AlarmName,
    ),
    list(
      "dashboard",
      cloudwatch.listDashboards({}).then((r) => r.DashboardEntries),
      (d) => d.DashboardName,
    ),
    list(
      "topic",
      sns.listTopics({}).then((r) => r.Topics),
      (t) => t.TopicArn,
    ),
    list(
      "function",
      lambda.listFunctions({}).then((r) => r.Functions),
      (f) => f.FunctionName,
    ),
    list(
      "event rule",
      events.listRules({}).then((r) => r.Rules),
      (r) => r.Name,
    ),
    list(
      "schedule",
      scheduler.listSchedules({}).then((r) => r.Schedules),
      (s) => s.Name,
    ),
  ];
}
