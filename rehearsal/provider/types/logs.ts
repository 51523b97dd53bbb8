import type { Registry, ResourceType } from "../resource-type";
import { bool, FIXED, LOCAL, num, str, tags } from "../schema";
import { asOneOf } from "./elb-common";

const LogGroup: ResourceType = {
  inputs: {
    name: str({ autoname: 512, replace: true }),
    retentionInDays: num({ default: 0 }),
    kmsKeyId: str(),
    logGroupClass: str(FIXED),
    skipDestroy: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    const logGroupName = a.need("name");
    const tagged = a.map("tags");
    await ctx.aws.logs.createLogGroup({
      logGroupName,
      kmsKeyId: a.str("kmsKeyId"),
      logGroupClass: asOneOf(["STANDARD", "INFREQUENT_ACCESS"], a.str("logGroupClass")),
      ...(Object.keys(tagged).length > 0 ? { tags: tagged } : {}),
    });
    ctx.created(logGroupName);
    const retentionInDays = a.num("retentionInDays") ?? 0;
    if (retentionInDays > 0) await ctx.aws.logs.putRetentionPolicy({ logGroupName, retentionInDays });
    return logGroupName;
  },
  async read(ctx, name) {
    const answer = await ctx.aws.logs.describeLogGroups({ logGroupNamePrefix: name });
    const group = answer.logGroups?.find((one) => one.logGroupName === name);
    if (!group) return undefined;
    const arn = (group.arn ?? "").replace(/:\*$/, "");
    const { tags: live } = await ctx.aws.logs.listTagsForResource({ resourceArn: arn });
    return {
      name,
      retentionInDays: group.retentionInDays ?? 0,
      kmsKeyId: group.kmsKeyId,
      logGroupClass: group.logGroupClass,
      tags: { ...live },
      arn,
    };
  },
  async update(ctx, logGroupName, change) {
    if (change.changed("retentionInDays")) {
      const retentionInDays = change.news.num("retentionInDays") ?? 0;
      if (retentionInDays > 0) await ctx.aws.logs.putRetentionPolicy({ logGroupName, retentionInDays });
      else await ctx.aws.logs.deleteRetentionPolicy({ logGroupName });
    }
    if (change.changed("kmsKeyId")) {
      const kmsKeyId = change.news.str("kmsKeyId");
      if (kmsKeyId) await ctx.aws.logs.associateKmsKey({ logGroupName, kmsKeyId });
      else if (change.state.has("kmsKeyId")) await ctx.aws.logs.disassociateKmsKey({ logGroupName });
    }
    const resourceArn = change.state.need("arn");
    const { set, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.logs.untagResource({ resourceArn, tagKeys: remove });
    if (Object.keys(set).length > 0) await ctx.aws.logs.tagResource({ resourceArn, tags: set });
  },
  async delete(ctx, logGroupName, state) {
    if (!state.bool("skipDestroy")) await ctx.aws.logs.deleteLogGroup({ logGroupName });
  },
};

/** CloudWatch Logs. */
export const LOGS: Registry = { "aws:cloudwatch/logGroup:LogGroup": LogGroup };
