import type { EC2, ResourceType, TagSpecification } from "@aws-sdk/client-ec2";

/** Name of everything in it. */
export const NETWORK_NAME = "cutover-test";

/** Ids of one of each. */
export interface Network {
  readonly vpc: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly address: string;
  readonly nat: string;
  readonly table: string;
  readonly group: string;
  readonly rules: { readonly https: string; readonly tasks: string; readonly out: string };
}

/** As the stack tags what it makes. */
export function tagsOf(name: string): Record<string, string> {
  return { Name: name, "cutover:stack": "test" };
}

/** One of each part of the stack's network, as the provider makes them. */
export async function makeNetwork(ec2: EC2): Promise<Network> {
  const vpc = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16", ...tagged("vpc") })).Vpc?.VpcId ?? "";
  const made = await ec2.createSubnet({ VpcId: vpc, CidrBlock: "10.0.1.0/24", ...tagged("subnet") });
  const subnet = made.Subnet?.SubnetId ?? "";
  const { InternetGateway } = await ec2.createInternetGateway(tagged("internet-gateway"));
  const gateway = InternetGateway?.InternetGatewayId ?? "";
  await ec2.attachInternetGateway({ InternetGatewayId: gateway, VpcId: vpc });
  const address = (await ec2.allocateAddress({ Domain: "vpc", ...tagged("elastic-ip") })).AllocationId ?? "";
  const { NatGateway } = await ec2.createNatGateway({
    SubnetId: subnet,
    AllocationId: address,
    ...tagged("natgateway"),
  });
  const table = (await ec2.createRouteTable({ VpcId: vpc, ...tagged("route-table") })).RouteTable?.RouteTableId ?? "";
  await ec2.createRoute({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway });
  await ec2.associateRouteTable({ RouteTableId: table, SubnetId: subnet });
  const group = await ec2.createSecurityGroup({ GroupName: NETWORK_NAME, Description: "tests", VpcId: vpc });
  const ids = { vpc, subnet, gateway, address, nat: NatGateway?.NatGatewayId ?? "", table };
  return { ...ids, group: group.GroupId ?? "", rules: await makeRules(ec2, group.GroupId ?? "") };
}

/** AWS opens everything outwards at first; the provider takes that away. */
async function makeRules(ec2: EC2, GroupId: string): Promise<Network["rules"]> {
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [GroupId] });
  const atFirst = SecurityGroups?.[0]?.IpPermissionsEgress ?? [];
  await ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: atFirst });
  const IpRanges = [{ CidrIp: "0.0.0.0/0" }];
  const tcp = (port: number) => ({ IpProtocol: "tcp", FromPort: port, ToPort: port });
  const https = await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...tcp(443), IpRanges }] });
  const tasks = await ec2.authorizeSecurityGroupIngress({
    GroupId,
    IpPermissions: [{ ...tcp(8080), UserIdGroupPairs: [{ GroupId }] }],
  });
  const out = await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [{ IpProtocol: "-1", IpRanges }] });
  const [a = "", b = "", c = ""] = [https, tasks, out].map(
    ({ SecurityGroupRules }) => SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "none",
  );
  return { https: a, tasks: b, out: c };
}

function tagged(kind: ResourceType): { TagSpecifications: TagSpecification[] } {
  const Tags = Object.entries(tagsOf(NETWORK_NAME)).map(([Key, Value]) => ({ Key, Value }));
  return { TagSpecifications: [{ ResourceType: kind, Tags }] };
}
