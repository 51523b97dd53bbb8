import type { ParameterType, PutParameterCommandInput } from "@aws-sdk/client-ssm";
import type { Bag } from "../bag";
import { found } from "../errors";
import type { Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, FIXED, LOCAL, REQUIRED, str, tags } from "../schema";
import { tagMap } from "./ec2-common";
import { asOneOf, elbTags } from "./elb-common";

const TYPES = ["String", "StringList", "SecureString"] as const satisfies readonly ParameterType[];

function settingsOf(a: Bag): PutParameterCommandInput {
  return {
    Name: a.need("name"),
    Type: asOneOf(TYPES, a.need("type")),
    Value: a.need("value"),
    Description: a.str("description"),
    AllowedPattern: a.str("allowedPattern"),
    KeyId: a.str("keyId"),
    DataType: a.str("dataType"),
    Tier: asOneOf(["Standard", "Advanced", "Intelligent-Tiering"], a.str("tier")),
  };
}

const Parameter: ResourceType = {
  inputs: {
    name: str({ autoname: 2048, replace: true }),
    type: str(REQUIRED),
    value: str(REQUIRED),
    description: str(),
    allowedPattern: str(),
    keyId: str(COMPUTED),
    dataType: str(FIXED),
    tier: str(COMPUTED),
    overwrite: bool({ ...LOCAL, ...COMPUTED }),
    tags: tags(),
  },
  outputs: ["arn", "version", "hasValueWo"],
  volatile: ["version"],
  async create(ctx, a) {
    const Tags = elbTags(a.map("tags"));
    const overwrite = a.bool("overwrite") ?? false;
    // AWS takes tags only without Overwrite.
    await ctx.aws.ssm.putParameter({ ...settingsOf(a), Overwrite: overwrite, ...(overwrite ? {} : { Tags }) });
    const ResourceId = a.need("name");
    ctx.created(ResourceId);
    if (overwrite && Tags) await ctx.aws.ssm.addTagsToResource({ ResourceType: "Parameter", ResourceId, Tags });
    return ResourceId;
  },
  async read(ctx, Name) {
    const parameter = (await found(ctx.aws.ssm.getParameter({ Name, WithDecryption: true })))?.Parameter;
    if (!parameter) return undefined;
    const ParameterFilters = [{ Key: "Name", Option: "Equals", Values: [Name] }];
    const about = (await ctx.aws.ssm.describeParameters({ ParameterFilters })).Parameters?.find(
      (one) => one.Name === Name,
    );
    const { TagList } = await ctx.aws.ssm.listTagsForResource({ ResourceType: "Parameter", ResourceId: Name });
    return {
      name: parameter.Name,
      type: parameter.Type,
      value: parameter.Value,
      description: about?.Description,
      allowedPattern: about?.AllowedPattern,
      keyId: about?.KeyId,
      dataType: parameter.DataType,
      tier: about?.Tier,
      tags: tagMap(TagList),
      arn: parameter.ARN,
      version: parameter.Version,
      hasValueWo: false,
    };
  },
  async update(ctx, Name, change) {
    if (change.changed("type", "value", "description", "allowedPattern", "keyId", "tier")) {
      await ctx.aws.ssm.putParameter({ ...settingsOf(change.news), Overwrite: true });
    }
    const [ResourceType, ResourceId] = ["Parameter" as const, Name];
    const { set, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.ssm.removeTagsFromResource({ ResourceType, ResourceId, TagKeys: remove });
    const Tags = elbTags(set);
    if (Tags) await ctx.aws.ssm.addTagsToResource({ ResourceType, ResourceId, Tags });
  },
  async delete(ctx, Name) {
    await ctx.aws.ssm.deleteParameter({ Name });
  },
};

/** Parameter Store. */
export const SSM: Registry = { "aws:ssm/parameter:Parameter": Parameter };
