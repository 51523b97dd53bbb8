import { found } from "../errors";
import type { Live } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, FIXED, KEY, REPLACE, str, tags } from "../schema";
import { ec2Arn, must, retag, tagMap, tagSpecifications } from "./ec2-common";

async function vpcAttributes(ctx: Context, id: string, support: boolean, hostnames: boolean): Promise<void> {
  await ctx.aws.ec2.modifyVpcAttribute({ VpcId: id, EnableDnsSupport: { Value: support } });
  await ctx.aws.ec2.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: hostnames } });
}

async function vpcDefaults(ctx: Context, id: string): Promise<Live> {
  const Filters = [{ Name: "vpc-id", Values: [id] }];
  const [tables, groups, acls] = await Promise.all([
    ctx.aws.ec2.describeRouteTables({ Filters: [...Filters, { Name: "association.main", Values: ["true"] }] }),
    ctx.aws.ec2.describeSecurityGroups({ Filters: [...Filters, { Name: "group-name", Values: ["default"] }] }),
    ctx.aws.ec2.describeNetworkAcls({ Filters: [...Filters, { Name: "default", Values: ["true"] }] }),
  ]);
  const main = tables.RouteTables?.[0]?.RouteTableId;
  return {
    mainRouteTableId: main,
    defaultRouteTableId: main,
    defaultSecurityGroupId: groups.SecurityGroups?.[0]?.GroupId,
    defaultNetworkAclId: acls.NetworkAcls?.[0]?.NetworkAclId,
  };
}

const Vpc: ResourceType = {
  inputs: {
    cidrBlock: str(KEY),
    enableDnsHostnames: bool(),
    enableDnsSupport: bool({ default: true }),
    instanceTenancy: str({ default: "default", replace: true }),
    tags: tags(),
  },
  outputs: [
    "arn",
    "ownerId",
    "dhcpOptionsId",
    "mainRouteTableId",
    "defaultRouteTableId",
    "defaultSecurityGroupId",
    "defaultNetworkAclId",
  ],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createVpc({
      CidrBlock: a.need("cidrBlock"),
      InstanceTenancy: a.str("instanceTenancy") === "dedicated" ? "dedicated" : "default",
      TagSpecifications: tagSpecifications("vpc", a.map("tags")),
    });
    const id = must(made.Vpc?.VpcId, "a VPC id");
    ctx.created(id);
    await vpcAttributes(ctx, id, a.bool("enableDnsSupport") ?? true, a.bool("enableDnsHostnames") ?? false);
    return id;
  },
  async read(ctx, id) {
    const vpc = (await found(ctx.aws.ec2.describeVpcs({ VpcIds: [id] })))?.Vpcs?.[0];
    if (!vpc) return undefined;
    const [support, hostnames, defaults] = await Promise.all([
      ctx.aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsSupport" }),
      ctx.aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsHostnames" }),
      vpcDefaults(ctx, id),
    ]);
    return {
      cidrBlock: vpc.CidrBlock,
      enableDnsSupport: support.EnableDnsSupport?.Value,
      enableDnsHostnames: hostnames.EnableDnsHostnames?.Value,
      instanceTenancy: vpc.InstanceTenancy,
      tags: tagMap(vpc.Tags),
      arn: ec2Arn(ctx, vpc.OwnerId, "vpc", id),
      ownerId: vpc.OwnerId,
      dhcpOptionsId: vpc.DhcpOptionsId,
      ...defaults,
    };
  },
  async update(ctx, id, change) {
    if (change.changed("enableDnsSupport", "enableDnsHostnames")) {
      const { news } = change;
      await vpcAttributes(ctx, id, news.bool("enableDnsSupport") ?? true, news.bool("enableDnsHostnames") ?? false);
    }
    await retag(ctx, id, change);
  },
  async delete(ctx, id) {
    await ctx.aws.ec2.deleteVpc({ VpcId: id });
  },
};

const Subnet: ResourceType = {
  inputs: {
    vpcId: str(KEY),
    cidrBlock: str(KEY),
    availabilityZone: str(FIXED),
    availabilityZoneId: str(FIXED),
    mapPublicIpOnLaunch: bool(),
    tags: tags(),
  },
  outputs: ["arn", "ownerId"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createSubnet({
      VpcId: a.need("vpcId"),
      CidrBlock: a.need("cidrBlock"),
      AvailabilityZone: a.str("availabilityZone"),
      AvailabilityZoneId: a.str("availabilityZoneId"),
      TagSpecifications: tagSpecifications("subnet", a.map("tags")),
    });
    const id = must(made.Subnet?.SubnetId, "a subnet id");
    ctx.created(id);
    if (a.bool("mapPublicIpOnLaunch")) {
      await ctx.aws.ec2.modifySubnetAttribute({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } });
    }
    return id;
  },
  async read(ctx, id) {
    const subnet = (await found(ctx.aws.ec2.describeSubnets({ SubnetIds: [id] })))?.Subnets?.[0];
    if (!subnet) return undefined;
    return {
      vpcId: subnet.VpcId,
      cidrBlock: subnet.CidrBlock,
      availabilityZone: subnet.AvailabilityZone,
      availabilityZoneId: subnet.AvailabilityZoneId,
      mapPublicIpOnLaunch: subnet.MapPublicIpOnLaunch,
      tags: tagMap(subnet.Tags),
      arn: ec2Arn(ctx, subnet.OwnerId, "subnet", id),
      ownerId: subnet.OwnerId,
    };
  },
  async update(ctx, id, change) {
    if (change.changed("mapPublicIpOnLaunch")) {
      const Value = change.news.bool("mapPublicIpOnLaunch") ?? false;
      await ctx.aws.ec2.modifySubnetAttribute({ SubnetId: id, MapPublicIpOnLaunch: { Value } });
    }
    await retag(ctx, id, change);
  },
  async delete(ctx, id) {
    await ctx.aws.ec2.deleteSubnet({ SubnetId: id });
  },
};

const InternetGateway: ResourceType = {
  inputs: { vpcId: str(COMPUTED), tags: tags() },
  outputs: ["arn", "ownerId"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createInternetGateway({
      TagSpecifications: tagSpecifications("internet-gateway", a.map("tags")),
    });
    const id = must(made.InternetGateway?.InternetGatewayId, "an internet gateway id");
    ctx.created(id);
    const VpcId = a.str("vpcId");
    if (VpcId) await ctx.aws.ec2.attachInternetGateway({ InternetGatewayId: id, VpcId });
    return id;
  },
  async read(ctx, id) {
    const answer = await found(ctx.aws.ec2.describeInternetGateways({ InternetGatewayIds: [id] }));
    const gateway = answer?.InternetGateways?.[0];
    if (!gateway) return undefined;
    const owner = gateway.OwnerId ?? (await ctx.accountId());
    return {
      vpcId: gateway.Attachments?.[0]?.VpcId,
      tags: tagMap(gateway.Tags),
      arn: ec2Arn(ctx, owner, "internet-gateway", id),
      ownerId: owner,
    };
  },
  async update(ctx, id, change) {
    const [before, after] = [change.state.str("vpcId"), change.news.str("vpcId")];
    if (after && before !== after) {
      if (before) await ctx.aws.ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: before });
      await ctx.aws.ec2.attachInternetGateway({ InternetGatewayId: id, VpcId: after });
    }
    await retag(ctx, id, change);
  },
  async delete(ctx, id) {
    const answer = await ctx.aws.ec2.describeInternetGateways({ InternetGatewayIds: [id] });
    for (const attachment of answer.InternetGateways?.[0]?.Attachments ?? []) {
      await ctx.aws.ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: attachment.VpcId });
    }
    await ctx.aws.ec2.deleteInternetGateway({ InternetGatewayId: id });
  },
};

const Eip: ResourceType = {
  inputs: { domain: str(FIXED), networkBorderGroup: str(FIXED), tags: tags() },
  outputs: ["allocationId", "arn", "publicIp", "publicDns"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.allocateAddress({
      Domain: "vpc",
      NetworkBorderGroup: a.str("networkBorderGroup"),
      TagSpecifications: tagSpecifications("elastic-ip", a.map("tags")),
    });
    return must(made.AllocationId, "an allocation id");
  },
  async read(ctx, id) {
    const address = (await found(ctx.aws.ec2.describeAddresses({ AllocationIds: [id] })))?.Addresses?.[0];
    if (!address) return undefined;
    const dashed = (address.PublicIp ?? "").replaceAll(".", "-");
    return {
      domain: address.Domain,
      networkBorderGroup: address.NetworkBorderGroup,
      tags: tagMap(address.Tags),
      allocationId: id,
      arn: ec2Arn(ctx, await ctx.accountId(), "elastic-ip", id),
      publicIp: address.PublicIp,
      publicDns: `ec2-${dashed}.compute-1.amazonaws.com`,
    };
  },
  update: retag,
  async delete(ctx, id) {
    await ctx.aws.ec2.releaseAddress({ AllocationId: id });
  },
};

const NatGateway: ResourceType = {
  inputs: {
    subnetId: str(KEY),
    allocationId: str(REPLACE),
    connectivityType: str({ default: "public", replace: true }),
    privateIp: str(FIXED),
    tags: tags(),
  },
  outputs: ["networkInterfaceId", "publicIp", "associationId"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createNatGateway({
      SubnetId: a.need("subnetId"),
      AllocationId: a.str("allocationId"),
      ConnectivityType: a.str("connectivityType") === "private" ? "private" : "public",
      PrivateIpAddress: a.str("privateIp"),
      TagSpecifications: tagSpecifications("natgateway", a.map("tags")),
    });
    const id = must(made.NatGateway?.NatGatewayId, "a NAT gateway id");
    ctx.created(id);
    await ctx.wait(`NAT gateway ${id} to be available`, async () => {
      const gateway = (await ctx.aws.ec2.describeNatGateways({ NatGatewayIds: [id] })).NatGateways?.[0];
      if (gateway?.State === "failed") throw new Error(`${gateway.FailureCode}: ${gateway.FailureMessage}`);
      return gateway?.State === "available" ? { done: true } : { pending: `state ${gateway?.State}` };
    });
    return id;
  },
  async read(ctx, id) {
    const gateway = (await found(ctx.aws.ec2.describeNatGateways({ NatGatewayIds: [id] })))?.NatGateways?.[0];
    if (!gateway || gateway.State === "deleted" || gateway.State === "deleting") return undefined;
    const address = gateway.NatGatewayAddresses?.[0];
    return {
      subnetId: gateway.SubnetId,
      allocationId: address?.AllocationId,
      connectivityType: gateway.ConnectivityType,
      privateIp: address?.PrivateIp,
      tags: tagMap(gateway.Tags),
      networkInterfaceId: address?.NetworkInterfaceId,
      publicIp: address?.PublicIp,
      associationId: address?.AssociationId,
    };
  },
  update: retag,
  async delete(ctx, id) {
    await ctx.aws.ec2.deleteNatGateway({ NatGatewayId: id });
    await ctx.wait(`NAT gateway ${id} to be gone`, async () => {
      const gateway = (await found(ctx.aws.ec2.describeNatGateways({ NatGatewayIds: [id] })))?.NatGateways?.[0];
      return !gateway || gateway.State === "deleted" ? { done: true } : { pending: `state ${gateway.State}` };
    });
  },
};

/** VPC, subnets and their gateways. */
export const EC2: Registry = {
  "aws:ec2/vpc:Vpc": Vpc,
  "aws:ec2/subnet:Subnet": Subnet,
  "aws:ec2/internetGateway:InternetGateway": InternetGateway,
  "aws:ec2/eip:Eip": Eip,
  "aws:ec2/natGateway:NatGateway": NatGateway,
};
