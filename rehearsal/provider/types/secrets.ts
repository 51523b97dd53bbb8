import { found } from "../errors";
import type { Json } from "../json";
import type { Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, LOCAL, num, REPLACE, set, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { elbTags } from "./elb-common";
import { policy } from "./iam";

const DEFAULT_RECOVERY_DAYS = 30;

const Secret: ResourceType = {
  inputs: {
    name: str({ autoname: 512, replace: true }),
    description: str(),
    kmsKeyId: str(),
    policy: policy(COMPUTED),
    recoveryWindowInDays: num({ local: true, default: DEFAULT_RECOVERY_DAYS }),
    forceOverwriteReplicaSecret: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    const made = await ctx.aws.secrets.createSecret({
      Name: a.need("name"),
      Description: a.str("description"),
      KmsKeyId: a.str("kmsKeyId"),
      Tags: elbTags(a.map("tags")),
    });
    const arn = must(made.ARN, "a secret ARN");
    ctx.created(arn);
    const ResourcePolicy = a.str("policy");
    if (ResourcePolicy) await ctx.aws.secrets.putResourcePolicy({ SecretId: arn, ResourcePolicy });
    return arn;
  },
  async read(ctx, SecretId, known) {
    const secret = await found(ctx.aws.secrets.describeSecret({ SecretId }));
    if (!secret || secret.DeletedDate) return undefined;
    return {
      name: secret.Name,
      description: secret.Description,
      kmsKeyId: secret.KmsKeyId,
      ...(known.has("policy")
        ? { policy: (await ctx.aws.secrets.getResourcePolicy({ SecretId })).ResourcePolicy }
        : {}),
      tags: tagMap(secret.Tags),
      arn: secret.ARN,
    };
  },
  async update(ctx, SecretId, change) {
    const { news } = change;
    if (change.changed("description", "kmsKeyId")) {
      const Description = news.str("description") ?? "";
      await ctx.aws.secrets.updateSecret({ SecretId, Description, KmsKeyId: news.str("kmsKeyId") });
    }
    const ResourcePolicy = news.str("policy");
    if (change.changed("policy") && ResourcePolicy)
      await ctx.aws.secrets.putResourcePolicy({ SecretId, ResourcePolicy });
    if (change.tags.remove.length > 0) await ctx.aws.secrets.untagResource({ SecretId, TagKeys: change.tags.remove });
    const Tags = elbTags(change.tags.set);
    if (Tags) await ctx.aws.secrets.tagResource({ SecretId, Tags });
  },
  async delete(ctx, SecretId, state) {
    const days = state.num("recoveryWindowInDays") ?? DEFAULT_RECOVERY_DAYS;
    await ctx.aws.secrets.deleteSecret({
      SecretId,
      ...(days === 0 ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: days }),
    });
  },
};

const SecretVersion: ResourceType = {
  inputs: {
    secretId: str(KEY),
    secretString: str(REPLACE),
    secretBinary: str(REPLACE),
    versionStages: set(str(), COMPUTED),
  },
  outputs: ["arn", "secretArn", "versionId", "hasSecretStringWo"],
  // A later version takes AWSCURRENT away from this one.
  async create(ctx, a) {
    const binary = a.str("secretBinary");
    const made = await ctx.aws.secrets.putSecretValue({
      SecretId: a.need("secretId"),
      ...(binary ? { SecretBinary: Buffer.from(binary, "base64") } : { SecretString: a.need("secretString") }),
      VersionStages: a.someStrs("versionStages"),
    });
    return `${a.need("secretId")}|${must(made.VersionId, "a version id")}`;
  },
  async read(ctx, id, known) {
    const [SecretId = "", VersionId = ""] = id.split("|");
    const value = await found(ctx.aws.secrets.getSecretValue({ SecretId, VersionId }));
    if (!value) return undefined;
    return {
      secretId: known.str("secretId") ?? SecretId,
      secretString: value.SecretString,
      secretBinary: value.SecretBinary ? Buffer.from(value.SecretBinary).toString("base64") : undefined,
      versionStages: (value.VersionStages ?? []).map((stage): Json => stage),
      arn: value.ARN,
      secretArn: value.ARN,
      versionId: VersionId,
      hasSecretStringWo: false,
    };
  },
  async update(ctx, id, change) {
    const [SecretId = "", MoveToVersionId = ""] = id.split("|");
    const [wanted, there] = [change.news.strs("versionStages"), change.state.strs("versionStages")];
    for (const VersionStage of wanted.filter((stage) => !there.includes(stage))) {
      await ctx.aws.secrets.updateSecretVersionStage({ SecretId, VersionStage, MoveToVersionId });
    }
  },
  async delete(ctx, id, state) {
    const [SecretId = "", RemoveFromVersionId = ""] = id.split("|");
    // AWS lets nobody take AWSCURRENT away; the version goes with its secret (so does the real provider).
    for (const VersionStage of state.strs("versionStages").filter((stage) => stage !== "AWSCURRENT")) {
      await ctx.aws.secrets.updateSecretVersionStage({ SecretId, VersionStage, RemoveFromVersionId });
    }
  },
};

/** Secrets Manager. */
export const SECRETS: Registry = {
  "aws:secretsmanager/secret:Secret": Secret,
  "aws:secretsmanager/secretVersion:SecretVersion": SecretVersion,
};
