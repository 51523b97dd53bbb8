import type { IpPermission, SecurityGroupRule } from "@aws-sdk/client-ec2";
import type { Bag } from "../bag";
import { found } from "../errors";
import type { Json } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, LOCAL, list, num, obj, REQUIRED, set, str, tags } from "../schema";
import { ec2Arn, must, retag, tagMap, tagSpecifications } from "./ec2-common";

const INLINE_RULE = obj({
  protocol: str({ ...REQUIRED, canonical: (value) => protocolName(String(value)) }),
  fromPort: num(REQUIRED),
  toPort: num(REQUIRED),
  cidrBlocks: list(str()),
  ipv6CidrBlocks: list(str()),
  prefixListIds: list(str()),
  securityGroups: set(str()),
  self: bool(),
  description: str(),
});

/** -1 and "all" mean the same. */
function protocolName(value: string): string {
  return value === "all" ? "-1" : value.toLowerCase();
}

/** Ports mean nothing for all protocols. */
function port(rule: Bag, name: string): number | undefined {
  return protocolName(rule.str("protocol") ?? rule.str("ipProtocol") ?? "") === "-1" ? undefined : rule.num(name);
}

function inlinePermission(rule: Bag, self: string): IpPermission {
  const Description = rule.str("description");
  const groups = [...rule.strs("securityGroups"), ...(rule.bool("self") ? [self] : [])];
  return {
    IpProtocol: protocolName(rule.need("protocol")),
    FromPort: port(rule, "fromPort"),
    ToPort: port(rule, "toPort"),
    IpRanges: rule.strs("cidrBlocks").map((CidrIp) => ({ CidrIp, Description })),
    Ipv6Ranges: rule.strs("ipv6CidrBlocks").map((CidrIpv6) => ({ CidrIpv6, Description })),
    PrefixListIds: rule.strs("prefixListIds").map((PrefixListId) => ({ PrefixListId, Description })),
    UserIdGroupPairs: groups.map((GroupId) => ({ GroupId, Description })),
  };
}

function liveInline(permission: IpPermission, self: string): Json {
  const pairs = (permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId ?? "");
  const first = [permission.IpRanges, permission.Ipv6Ranges, permission.PrefixListIds, permission.UserIdGroupPairs];
  return {
    protocol: permission.IpProtocol ?? "",
    fromPort: permission.FromPort ?? 0,
    toPort: permission.ToPort ?? 0,
    cidrBlocks: (permission.IpRanges ?? []).map((range) => range.CidrIp ?? ""),
    ipv6CidrBlocks: (permission.Ipv6Ranges ?? []).map((range) => range.CidrIpv6 ?? ""),
    prefixListIds: (permission.PrefixListIds ?? []).map((item) => item.PrefixListId ?? ""),
    securityGroups: pairs.filter((id) => id !== self),
    self: pairs.includes(self),
    description: first.flatMap((ranges) => ranges ?? []).find((range) => range.Description)?.Description ?? "",
  };
}

async function findGroup(ctx: Context, id: string) {
  return (await found(ctx.aws.ec2.describeSecurityGroups({ GroupIds: [id] })))?.SecurityGroups?.[0];
}

async function putInline(ctx: Context, id: string, side: "ingress" | "egress", rules: Bag[]): Promise<void> {
  const group = await findGroup(ctx, id);
  const old = (side === "ingress" ? group?.IpPermissions : group?.IpPermissionsEgress) ?? [];
  const news = rules.map((rule) => inlinePermission(rule, id));
  if (side === "ingress") {
    if (old.length > 0) await ctx.aws.ec2.revokeSecurityGroupIngress({ GroupId: id, IpPermissions: old });
    if (news.length > 0) await ctx.aws.ec2.authorizeSecurityGroupIngress({ GroupId: id, IpPermissions: news });
  } else {
    if (old.length > 0) await ctx.aws.ec2.revokeSecurityGroupEgress({ GroupId: id, IpPermissions: old });
    if (news.length > 0) await ctx.aws.ec2.authorizeSecurityGroupEgress({ GroupId: id, IpPermissions: news });
  }
}

const SecurityGroup: ResourceType = {
  inputs: {
    name: str({ autoname: 255, replace: true }),
    description: str({ default: "Managed by Pulumi", replace: true }),
    vpcId: str({ computed: true, replace: true }),
    ingress: set(INLINE_RULE, COMPUTED),
    egress: set(INLINE_RULE, COMPUTED),
    revokeRulesOnDelete: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn", "ownerId"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createSecurityGroup({
      GroupName: a.need("name"),
      Description: a.need("description"),
      VpcId: a.str("vpcId"),
      TagSpecifications: tagSpecifications("security-group", a.map("tags")),
    });
    const id = must(made.GroupId, "a security group id");
    ctx.created(id);
    if (a.has("ingress")) await putInline(ctx, id, "ingress", a.bags("ingress"));
    // AWS allows everything outwards at first; the real provider takes that away, so that only declared rules count.
    await putInline(ctx, id, "egress", a.bags("egress"));
    return id;
  },
  async read(ctx, id, known) {
    const group = await findGroup(ctx, id);
    if (!group) return undefined;
    return {
      name: group.GroupName,
      description: group.Description,
      vpcId: group.VpcId,
      // Declared inline only: rules that are resources of their own would show up as drift otherwise.
      ...(known.has("ingress") ? { ingress: (group.IpPermissions ?? []).map((one) => liveInline(one, id)) } : {}),
      ...(known.has("egress") ? { egress: (group.IpPermissionsEgress ?? []).map((one) => liveInline(one, id)) } : {}),
      tags: tagMap(group.Tags),
      arn: ec2Arn(ctx, group.OwnerId, "security-group", id),
      ownerId: group.OwnerId,
    };
  },
  async update(ctx, id, change) {
    for (const side of ["ingress", "egress"] as const) {
      if (change.changed(side) && change.news.has(side)) await putInline(ctx, id, side, change.news.bags(side));
    }
    await retag(ctx, id, change);
  },
  async delete(ctx, id) {
    await ctx.aws.ec2.deleteSecurityGroup({ GroupId: id });
  },
};

const RULE_INPUTS = {
  securityGroupId: str(KEY),
  ipProtocol: str({ ...REQUIRED, canonical: (value: Json) => protocolName(String(value)) }),
  fromPort: num(),
  toPort: num(),
  cidrIpv4: str(),
  cidrIpv6: str(),
  prefixListId: str(),
  referencedSecurityGroupId: str(),
  description: str(),
  tags: tags(),
};

function rulePermission(a: Bag): IpPermission {
  const Description = a.str("description");
  const [v4, v6, prefix] = [a.str("cidrIpv4"), a.str("cidrIpv6"), a.str("prefixListId")];
  const group = a.str("referencedSecurityGroupId");
  return {
    IpProtocol: protocolName(a.need("ipProtocol")),
    FromPort: port(a, "fromPort"),
    ToPort: port(a, "toPort"),
    ...(v4 ? { IpRanges: [{ CidrIp: v4, Description }] } : {}),
    ...(v6 ? { Ipv6Ranges: [{ CidrIpv6: v6, Description }] } : {}),
    ...(prefix ? { PrefixListIds: [{ PrefixListId: prefix, Description }] } : {}),
    ...(group ? { UserIdGroupPairs: [{ GroupId: group, Description }] } : {}),
  };
}

async function findRule(ctx: Context, id: string): Promise<SecurityGroupRule | undefined> {
  const answer = await found(ctx.aws.ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [id] }));
  return answer?.SecurityGroupRules?.find((rule) => rule.SecurityGroupRuleId === id);
}

function ruleProperties(rule: SecurityGroupRule) {
  const allPorts = rule.IpProtocol === "-1";
  return {
    securityGroupId: rule.GroupId,
    ipProtocol: rule.IpProtocol,
    fromPort: allPorts ? undefined : rule.FromPort,
    toPort: allPorts ? undefined : rule.ToPort,
    cidrIpv4: rule.CidrIpv4,
    cidrIpv6: rule.CidrIpv6,
    prefixListId: rule.PrefixListId,
    referencedSecurityGroupId: rule.ReferencedGroupInfo?.GroupId,
    description: rule.Description,
    tags: tagMap(rule.Tags),
  };
}

function securityGroupRule(egress: boolean): ResourceType {
  return {
    inputs: RULE_INPUTS,
    outputs: ["arn", "securityGroupRuleId"],
    validate(a) {
      const sources = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"].filter((one) => a.has(one));
      return sources.length > 1 ? [`only one of ${sources.join(", ")} may be given`] : [];
    },
    async create(ctx, a) {
      const request = {
        GroupId: a.need("securityGroupId"),
        IpPermissions: [rulePermission(a)],
        TagSpecifications: tagSpecifications("security-group-rule", a.map("tags")),
      };
      const made = egress
        ? await ctx.aws.ec2.authorizeSecurityGroupEgress(request)
        : await ctx.aws.ec2.authorizeSecurityGroupIngress(request);
      return must(made.SecurityGroupRules?.[0]?.SecurityGroupRuleId, "a rule id");
    },
    async read(ctx, id) {
      const rule = await findRule(ctx, id);
      if (!rule) return undefined;
      const arn = ec2Arn(ctx, rule.GroupOwnerId ?? (await ctx.accountId()), "security-group-rule", id);
      return { ...ruleProperties(rule), arn, securityGroupRuleId: id };
    },
    async update(ctx, id, change) {
      const { news } = change;
      if (change.changed(...Object.keys(RULE_INPUTS).filter((name) => name !== "tags"))) {
        const SecurityGroupRule = {
          IpProtocol: protocolName(news.need("ipProtocol")),
          FromPort: port(news, "fromPort"),
          ToPort: port(news, "toPort"),
          CidrIpv4: news.str("cidrIpv4"),
          CidrIpv6: news.str("cidrIpv6"),
          PrefixListId: news.str("prefixListId"),
          ReferencedGroupId: news.str("referencedSecurityGroupId"),
          Description: news.str("description"),
        };
        await ctx.aws.ec2.modifySecurityGroupRules({
          GroupId: news.need("securityGroupId"),
          SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule }],
        });
      }
      await retag(ctx, id, change);
    },
    async delete(ctx, id, state) {
      const request = { GroupId: state.need("securityGroupId"), SecurityGroupRuleIds: [id] };
      if (egress) await ctx.aws.ec2.revokeSecurityGroupEgress(request);
      else await ctx.aws.ec2.revokeSecurityGroupIngress(request);
    },
  };
}

/** Security groups and their rules. */
export const EC2_SECURITY: Registry = {
  "aws:ec2/securityGroup:SecurityGroup": SecurityGroup,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule(false),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule(true),
};
