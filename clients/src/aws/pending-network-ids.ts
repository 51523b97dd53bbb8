import {
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
  type SecurityGroupRule,
  type Tag,
} from "@aws-sdk/client-ec2";
import type { NetworkIdSource, SecurityGroupRuleSource, TaggedKind } from "@cutover/domain/pending-creates";

type Ec2 = Pick<EC2Client, "send">;

/**
 * The id by which Pulumi's provider imports a part of a network.
 * @returns undefined where AWS knows no such thing, or no tags say that it is ours
 * @throws where AWS refuses to say
 */
export async function findNetworkId(source: NetworkIdSource, ec2: Ec2): Promise<string | undefined> {
  switch (source.kind) {
    case "subnet": {
      const Filters = filters({ "vpc-id": source.vpcId, "cidr-block": source.cidrBlock });
      return (await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets?.[0]?.SubnetId;
    }
    case "security-group": {
      const Filters = filters({ "vpc-id": source.vpcId, "group-name": source.name });
      return (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.[0]?.GroupId;
    }
    case "route": {
      const { routeTableId, destination } = source;
      const table = await routeTable(routeTableId, ec2);
      const there = table?.Routes?.some(({ DestinationCidrBlock }) => DestinationCidrBlock === destination);
      return there ? `${routeTableId}_${destination}` : undefined;
    }
    case "route-table-association": {
      const { routeTableId, subnetId } = source;
      const table = await routeTable(routeTableId, ec2);
      return table?.Associations?.some(({ SubnetId }) => SubnetId === subnetId)
        ? `${subnetId}/${routeTableId}`
        : undefined;
    }
    case "security-group-rule": {
      const Filters = filters({ "group-id": source.groupId });
      const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters }));
      return SecurityGroupRules.find((rule) => allowsTheSame(rule, source))?.SecurityGroupRuleId;
    }
    default:
      return findTagged(source.kind, source.tags, ec2);
  }
}

/** Without tags nothing tells ours from another's. */
async function findTagged(
  kind: TaggedKind,
  tags: Readonly<Record<string, string>>,
  ec2: Ec2,
): Promise<string | undefined> {
  const wanted = Object.entries(tags);
  if (wanted.length === 0) return undefined;
  const all = await listTagged(
    kind,
    filters(Object.fromEntries(wanted.map(([key, value]) => [`tag:${key}`, value]))),
    ec2,
  );
  // Looked at again: not every service that answers as EC2 does knows every filter.
  const isOurs = ({ Tags = [] }: Tagged) =>
    wanted.every(([key, value]) => Tags.some((tag) => tag.Key === key && tag.Value === value));
  return all.find(isOurs)?.id;
}

interface Tagged {
  readonly id: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

async function listTagged(kind: TaggedKind, Filters: Filter[], ec2: Ec2): Promise<readonly Tagged[]> {
  switch (kind) {
    case "vpc": {
      const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters }));
      return Vpcs.map(({ VpcId: id, Tags }) => ({ id, Tags }));
    }
    case "internet-gateway": {
      const { InternetGateways = [] } = await ec2.send(new DescribeInternetGatewaysCommand({ Filters }));
      return InternetGateways.map(({ InternetGatewayId: id, Tags }) => ({ id, Tags }));
    }
    case "address": {
      const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
      return Addresses.map(({ AllocationId: id, Tags }) => ({ id, Tags }));
    }
    case "nat-gateway": {
      const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({ Filter: Filters }));
      const alive = NatGateways.filter(({ State }) => State === "pending" || State === "available");
      return alive.map(({ NatGatewayId: id, Tags }) => ({ id, Tags }));
    }
    case "route-table": {
      const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
      return RouteTables.map(({ RouteTableId: id, Tags }) => ({ id, Tags }));
    }
  }
}

async function routeTable(id: string, ec2: Ec2) {
  const Filters = filters({ "route-table-id": id });
  return (await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables?.[0];
}

function allowsTheSame(rule: SecurityGroupRule, source: SecurityGroupRuleSource): boolean {
  const [from, to] = source.ports ?? [];
  return (
    rule.IsEgress === source.egress &&
    rule.IpProtocol === source.protocol &&
    (source.protocol === "-1" || (rule.FromPort === from && rule.ToPort === to)) &&
    rule.CidrIpv4 === source.cidrIpv4 &&
    rule.ReferencedGroupInfo?.GroupId === source.otherGroupId
  );
}

function filters(of: Readonly<Record<string, string>>): Filter[] {
  return Object.entries(of).map(([Name, value]) => ({ Name, Values: [value] }));
}
