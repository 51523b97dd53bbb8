import type { Bag } from "../bag";
import { found } from "../errors";
import type { Json, Props } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, type Field, KEY, LOCAL, num, obj, REQUIRED, set, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { elbTags } from "./elb-common";
import { canonicalPolicy } from "./policy-document";

/** A policy document as JSON text. */
export const policy = (options: Omit<Field, "kind"> = {}): Field =>
  str({ document: true, canonical: canonicalPolicy, ...options });

/** IAM answers with URL-encoded documents. */
function decoded(document: string | undefined): string {
  return document ? decodeURIComponent(document) : "";
}

async function inlinePolicies(ctx: Context, RoleName: string): Promise<Json[]> {
  const { PolicyNames } = await ctx.aws.iam.listRolePolicies({ RoleName });
  return Promise.all(
    (PolicyNames ?? []).map(async (PolicyName): Promise<Json> => {
      const answer = await ctx.aws.iam.getRolePolicy({ RoleName, PolicyName });
      return { name: PolicyName, policy: decoded(answer.PolicyDocument) };
    }),
  );
}

async function attachedArns(ctx: Context, RoleName: string): Promise<string[]> {
  const { AttachedPolicies } = await ctx.aws.iam.listAttachedRolePolicies({ RoleName });
  return (AttachedPolicies ?? []).map((one) => one.PolicyArn ?? "");
}

async function putInline(ctx: Context, RoleName: string, policies: Bag[]): Promise<void> {
  for (const one of policies) {
    await ctx.aws.iam.putRolePolicy({ RoleName, PolicyName: one.need("name"), PolicyDocument: one.need("policy") });
  }
}

/** Makes declared policies the only ones; kinds that are not declared are other resources' business. */
async function alignPolicies(ctx: Context, RoleName: string, news: Bag): Promise<void> {
  if (news.has("inlinePolicies")) {
    const wanted = news.bags("inlinePolicies");
    const { PolicyNames } = await ctx.aws.iam.listRolePolicies({ RoleName });
    for (const PolicyName of PolicyNames ?? []) {
      if (!wanted.some((one) => one.str("name") === PolicyName))
        await ctx.aws.iam.deleteRolePolicy({ RoleName, PolicyName });
    }
    await putInline(ctx, RoleName, wanted);
  }
  if (news.has("managedPolicyArns")) {
    const [wanted, there] = [news.strs("managedPolicyArns"), await attachedArns(ctx, RoleName)];
    for (const PolicyArn of there.filter((arn) => !wanted.includes(arn))) {
      await ctx.aws.iam.detachRolePolicy({ RoleName, PolicyArn });
    }
    for (const PolicyArn of wanted.filter((arn) => !there.includes(arn))) {
      await ctx.aws.iam.attachRolePolicy({ RoleName, PolicyArn });
    }
  }
}

const Role: ResourceType = {
  inputs: {
    name: str({ autoname: 64, replace: true }),
    assumeRolePolicy: policy(REQUIRED),
    description: str(),
    path: str({ default: "/", replace: true }),
    maxSessionDuration: num({ default: 3600 }),
    permissionsBoundary: str(),
    inlinePolicies: set(obj({ name: str(REQUIRED), policy: policy(REQUIRED) }), COMPUTED),
    managedPolicyArns: set(str(), COMPUTED),
    forceDetachPolicies: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn", "createDate", "uniqueId"],
  async create(ctx, a) {
    const RoleName = a.need("name");
    await ctx.aws.iam.createRole({
      RoleName,
      AssumeRolePolicyDocument: a.need("assumeRolePolicy"),
      Description: a.str("description"),
      Path: a.str("path"),
      MaxSessionDuration: a.num("maxSessionDuration"),
      PermissionsBoundary: a.str("permissionsBoundary"),
      Tags: elbTags(a.map("tags")),
    });
    ctx.created(RoleName);
    await alignPolicies(ctx, RoleName, a);
    return RoleName;
  },
  async read(ctx, RoleName, known) {
    const role = (await found(ctx.aws.iam.getRole({ RoleName })))?.Role;
    if (!role) return undefined;
    return {
      name: role.RoleName,
      assumeRolePolicy: decoded(role.AssumeRolePolicyDocument),
      description: role.Description,
      path: role.Path,
      maxSessionDuration: role.MaxSessionDuration ?? 3600,
      permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
      // Only where they are declared here: RolePolicy and RolePolicyAttachment resources would show up as drift.
      ...(known.has("inlinePolicies") ? { inlinePolicies: await inlinePolicies(ctx, RoleName) } : {}),
      ...(known.has("managedPolicyArns") ? { managedPolicyArns: await attachedArns(ctx, RoleName) } : {}),
      tags: tagMap(role.Tags),
      arn: role.Arn,
      createDate: role.CreateDate?.toISOString(),
      uniqueId: role.RoleId,
    };
  },
  async update(ctx, RoleName, change) {
    const { news } = change;
    if (change.changed("assumeRolePolicy")) {
      await ctx.aws.iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: news.need("assumeRolePolicy") });
    }
    if (change.changed("description", "maxSessionDuration")) {
      const MaxSessionDuration = news.num("maxSessionDuration");
      await ctx.aws.iam.updateRole({ RoleName, Description: news.str("description") ?? "", MaxSessionDuration });
    }
    if (change.changed("permissionsBoundary")) {
      const PermissionsBoundary = news.str("permissionsBoundary");
      if (PermissionsBoundary) await ctx.aws.iam.putRolePermissionsBoundary({ RoleName, PermissionsBoundary });
      else if (change.state.has("permissionsBoundary")) await ctx.aws.iam.deleteRolePermissionsBoundary({ RoleName });
    }
    if (change.changed("inlinePolicies", "managedPolicyArns")) await alignPolicies(ctx, RoleName, news);
    if (change.tags.remove.length > 0) await ctx.aws.iam.untagRole({ RoleName, TagKeys: change.tags.remove });
    const Tags = elbTags(change.tags.set);
    if (Tags) await ctx.aws.iam.tagRole({ RoleName, Tags });
  },
  async delete(ctx, RoleName, state) {
    if (state.has("inlinePolicies") || state.bool("forceDetachPolicies")) {
      const { PolicyNames } = await ctx.aws.iam.listRolePolicies({ RoleName });
      for (const PolicyName of PolicyNames ?? []) await ctx.aws.iam.deleteRolePolicy({ RoleName, PolicyName });
    }
    if (state.has("managedPolicyArns") || state.bool("forceDetachPolicies")) {
      for (const PolicyArn of await attachedArns(ctx, RoleName))
        await ctx.aws.iam.detachRolePolicy({ RoleName, PolicyArn });
    }
    await ctx.aws.iam.deleteRole({ RoleName });
  },
};

/** `role:policy` of a RolePolicy. */
function split(id: string): { RoleName: string; PolicyName: string } {
  const at = id.indexOf(":");
  return { RoleName: id.slice(0, at), PolicyName: id.slice(at + 1) };
}

const RolePolicy: ResourceType = {
  inputs: { name: str({ autoname: 128, replace: true }), role: str(KEY), policy: policy(REQUIRED) },
  async create(ctx, a) {
    const [RoleName, PolicyName] = [a.need("role"), a.need("name")];
    await ctx.aws.iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: a.need("policy") });
    return `${RoleName}:${PolicyName}`;
  },
  async read(ctx, id) {
    const answer = await found(ctx.aws.iam.getRolePolicy(split(id)));
    if (!answer) return undefined;
    return { name: answer.PolicyName, role: answer.RoleName, policy: decoded(answer.PolicyDocument) };
  },
  async update(ctx, id, { news }) {
    await ctx.aws.iam.putRolePolicy({ ...split(id), PolicyDocument: news.need("policy") });
  },
  async delete(ctx, id) {
    await ctx.aws.iam.deleteRolePolicy(split(id));
  },
};

const RolePolicyAttachment: ResourceType = {
  inputs: { role: str(KEY), policyArn: str(KEY) },
  async create(ctx, a) {
    const [RoleName, PolicyArn] = [a.need("role"), a.need("policyArn")];
    await ctx.aws.iam.attachRolePolicy({ RoleName, PolicyArn });
    return `${RoleName}/${PolicyArn}`;
  },
  async read(ctx, id, known): Promise<Props | undefined> {
    const [role, policyArn] = [
      known.str("role") ?? id.split("/")[0],
      known.str("policyArn") ?? id.slice(id.indexOf("/") + 1),
    ];
    const attached = await found(attachedArns(ctx, must(role, "a role")));
    return attached?.includes(policyArn) ? { role: must(role, "a role"), policyArn } : undefined;
  },
  async delete(ctx, _id, state) {
    await ctx.aws.iam.detachRolePolicy({ RoleName: state.need("role"), PolicyArn: state.need("policyArn") });
  },
};

/** Roles and their policies. */
export const IAM: Registry = {
  "aws:iam/role:Role": Role,
  "aws:iam/rolePolicy:RolePolicy": RolePolicy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": RolePolicyAttachment,
};
