/** A creation that an interrupted update did not see the end of, as `pulumi stack export` shows it. */
export interface PendingCreate {
  readonly urn: string;
  /** Such as `aws:lb/targetGroup:TargetGroup`. */
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * How the provider's id of a resource is found that may exist in AWS and is not in the state. `known`: its id is its name, so a
 * refresh finds out whether it exists. The others have an ARN, which AWS has to be asked for.
 */
export type IdSource =
  | NetworkIdSource
  | { readonly kind: "known"; readonly id: string }
  | { readonly kind: "target-group" | "load-balancer" | "secret"; readonly name: string }
  | { readonly kind: "service"; readonly cluster: string; readonly name: string }
  | { readonly kind: "listener"; readonly loadBalancerArn: string; readonly port: number }
  | { readonly kind: "listener-rule"; readonly listenerArn: string; readonly priority: number };

/**
 * Parts of the network. AWS makes a second VPC, gateway, address or route table without a word: the tags tell whether one is ours.
 * Of the others it refuses a second one.
 */
export type NetworkIdSource =
  | { readonly kind: TaggedKind; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: "subnet"; readonly vpcId: string; readonly cidrBlock: string }
  | { readonly kind: "security-group"; readonly vpcId: string; readonly name: string }
  | { readonly kind: "route"; readonly routeTableId: string; readonly destination: string }
  | { readonly kind: "route-table-association"; readonly routeTableId: string; readonly subnetId: string }
  | SecurityGroupRuleSource;

/** What is found by its tags alone. */
export type TaggedKind = "vpc" | "internet-gateway" | "address" | "nat-gateway" | "route-table";

/** A rule of a security group, which has no name: it is what it allows. */
export interface SecurityGroupRuleSource {
  readonly kind: "security-group-rule";
  readonly groupId: string;
  readonly egress: boolean;
  /** "-1": all, then without ports. */
  readonly protocol: string;
  readonly ports?: readonly [from: number, to: number];
  readonly cidrIpv4?: string;
  readonly otherGroupId?: string;
}

const TAGGED: Readonly<Record<string, TaggedKind>> = {
  "aws:ec2/vpc:Vpc": "vpc",
  "aws:ec2/internetGateway:InternetGateway": "internet-gateway",
  "aws:ec2/eip:Eip": "address",
  "aws:ec2/natGateway:NatGateway": "nat-gateway",
  "aws:ec2/routeTable:RouteTable": "route-table",
};

/** Types of which AWS makes no second one of the same name, and the input that is their id. */
const NAMED: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "name",
  "aws:lambda/function:Function": "name",
  "aws:ssm/parameter:Parameter": "name",
  "aws:cloudwatch/logGroup:LogGroup": "name",
  "aws:s3/bucket:Bucket": "bucket",
};

/**
 * Where the id of a pending creation comes from; undefined where nothing stands in the way of making it anew: AWS overwrites it
 * (alarms, filters, rules of events), our own providers look for themselves, or a second one may exist (certificates, versions).
 */
export function idSource(create: PendingCreate): IdSource | undefined {
  const { text, number } = readers(create);
  const named = NAMED[create.type];
  if (named !== undefined) return text(named) === "" ? undefined : { kind: "known", id: text(named) };
  switch (create.type) {
    case "aws:scheduler/schedule:Schedule":
      // Group and name; ours are in no group of their own.
      return { kind: "known", id: `default/${text("name")}` };
    case "aws:route53/record:Record":
      return { kind: "known", id: `${text("zoneId")}_${text("name")}_${text("type")}` };
    case "aws:lambda/permission:Permission":
      return { kind: "known", id: `${text("function")}/${text("statementId")}` };
    case "aws:ecs/service:Service":
      return { kind: "service", cluster: text("cluster"), name: text("name") };
    case "aws:lb/targetGroup:TargetGroup":
      return { kind: "target-group", name: text("name") };
    case "aws:lb/loadBalancer:LoadBalancer":
      return { kind: "load-balancer", name: text("name") };
    case "aws:secretsmanager/secret:Secret":
      return { kind: "secret", name: text("name") };
    case "aws:lb/listener:Listener":
      return { kind: "listener", loadBalancerArn: text("loadBalancerArn"), port: number("port") };
    case "aws:lb/listenerRule:ListenerRule":
      return { kind: "listener-rule", listenerArn: text("listenerArn"), priority: number("priority") };
    default:
      return networkIdSource(create);
  }
}

function networkIdSource(create: PendingCreate): NetworkIdSource | undefined {
  const { text } = readers(create);
  const tagged = TAGGED[create.type];
  if (tagged !== undefined) return { kind: tagged, tags: { ...(create.inputs.tags as Record<string, string>) } };
  const [vpcId, routeTableId] = [text("vpcId"), text("routeTableId")];
  switch (create.type) {
    case "aws:ec2/subnet:Subnet":
      return { kind: "subnet", vpcId, cidrBlock: text("cidrBlock") };
    case "aws:ec2/securityGroup:SecurityGroup":
      return { kind: "security-group", vpcId, name: text("name") };
    case "aws:ec2/route:Route":
      return { kind: "route", routeTableId, destination: text("destinationCidrBlock") };
    case "aws:ec2/routeTableAssociation:RouteTableAssociation":
      return { kind: "route-table-association", routeTableId, subnetId: text("subnetId") };
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return securityGroupRule(create, false);
    case "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":
      return securityGroupRule(create, true);
    default:
      return undefined;
  }
}

function securityGroupRule(create: PendingCreate, egress: boolean): SecurityGroupRuleSource {
  const { text, number } = readers(create);
  const [cidrIpv4, otherGroupId] = [text("cidrIpv4"), text("referencedSecurityGroupId")];
  return {
    ...{ kind: "security-group-rule", groupId: text("securityGroupId"), egress, protocol: text("ipProtocol") },
    ...(Number.isNaN(number("fromPort")) ? {} : { ports: [number("fromPort"), number("toPort")] as const }),
    ...(cidrIpv4 === "" ? {} : { cidrIpv4 }),
    ...(otherGroupId === "" ? {} : { otherGroupId }),
  };
}

/** Inputs by name; "" and NaN for what is not there. */
function readers({ inputs }: PendingCreate) {
  const text = (key: string) => (typeof inputs[key] === "string" ? (inputs[key] as string) : "");
  const number = (key: string) => (typeof inputs[key] === "number" ? (inputs[key] as number) : Number.NaN);
  return { text, number };
}

/**
 * Reads the pending creations out of the text of `pulumi stack export`.
 * @throws SyntaxError for a text that is no such export
 */
export function pendingCreates(exported: string): readonly PendingCreate[] {
  const { deployment } = JSON.parse(exported) as { deployment?: { pending_operations?: unknown } };
  if (typeof deployment !== "object") throw new SyntaxError("it has no deployment: is it from pulumi stack export?");
  const operations = Array.isArray(deployment.pending_operations) ? deployment.pending_operations : [];
  return operations.flatMap((operation: { type?: unknown; resource?: Partial<PendingCreate> }) => {
    const { urn, type, inputs = {} } = operation.resource ?? {};
    if (operation.type !== "creating" || urn === undefined || type === undefined) return [];
    return [{ urn, type, inputs }];
  });
}

/** A pending creation with the id under which it exists; without one it does not, or may be made anew. */
export interface ResolvedCreate extends PendingCreate {
  readonly id?: string | undefined;
}

interface ExportedOperation {
  readonly type?: unknown;
  readonly resource?: { readonly urn?: string };
}

interface ExportedResource {
  readonly urn: string;
  readonly delete?: boolean;
}

/**
 * The export with what AWS has among its resources, and no creation pending: `pulumi stack import` takes it, and the refresh after
 * it reads the rest from AWS by these ids. Pulumi's own `refresh --import-pending-creates` (3.250) only renames the operation, which
 * the refresh then drops. Where an update was replacing a resource, the one before is left to be deleted, as the update would have.
 * Secrets stay as they are in the export: encrypted.
 */
export function repairedState(exported: string, creates: readonly ResolvedCreate[]): string {
  const { deployment, ...rest } = JSON.parse(exported) as {
    deployment: { resources?: readonly ExportedResource[]; pending_operations?: readonly ExportedOperation[] };
  };
  const { resources = [], pending_operations: operations = [] } = deployment;
  const ids = new Map(creates.map(({ urn, id }) => [urn, id]));
  const isCreation = ({ type }: ExportedOperation) => type === "creating";
  const made = operations.filter(isCreation).flatMap(({ resource }) => {
    const id = ids.get(resource?.urn ?? "");
    return id === undefined ? [] : [{ ...resource, urn: resource?.urn ?? "", id }];
  });
  const replaced = new Set(made.map(({ urn }) => urn));
  const kept = resources.map((one) => (replaced.has(one.urn) ? { ...one, delete: true } : one));
  const pending = operations.filter((one) => !isCreation(one));
  const repaired = { ...deployment, resources: [...kept, ...made], pending_operations: pending };
  return `${JSON.stringify({ ...rest, deployment: repaired }, null, 4)}\n`;
}
