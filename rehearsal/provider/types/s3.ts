import type { BucketLocationConstraint } from "@aws-sdk/client-s3";
import type { Bag } from "../bag";
import { found } from "../errors";
import type { Change, Context, Registry, ResourceType } from "../resource-type";
import { bool, FIXED, KEY, LOCAL, num, obj, REQUIRED, set, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { asOneOf, elbTags } from "./elb-common";
import { BucketLifecycleConfiguration } from "./s3-lifecycle";

/** Settings of a bucket that AWS answers with an error when there are none. */
const NONE = /NoSuch|NotFound|ServerSideEncryptionConfigurationNotFound/;

/** The answer of a getter, or undefined where the bucket, or that setting of it, does not exist. */
async function setting<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof Error && NONE.test(error.name)) return undefined;
    throw error;
  }
}

async function exists(ctx: Context, bucket: string): Promise<boolean> {
  return (await found(ctx.aws.s3.headBucket({ Bucket: bucket }))) !== undefined;
}

async function empty(ctx: Context, bucket: string): Promise<void> {
  for (;;) {
    const page = await ctx.aws.s3.listObjectVersions({ Bucket: bucket });
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    if (all.length === 0) return;
    for (const one of all) {
      const [Key, VersionId] = [must(one.Key, "a key"), one.VersionId];
      await ctx.aws.s3.deleteObject({ Bucket: bucket, Key, VersionId, BypassGovernanceRetention: true });
    }
  }
}

async function retag(ctx: Context, bucket: string, change: Change): Promise<void> {
  if (Object.keys(change.tags.set).length === 0 && change.tags.remove.length === 0) return;
  const TagSet = elbTags(change.news.map("tags"));
  if (TagSet) await ctx.aws.s3.putBucketTagging({ Bucket: bucket, Tagging: { TagSet } });
  else await ctx.aws.s3.deleteBucketTagging({ Bucket: bucket });
}

const Bucket: ResourceType = {
  inputs: {
    bucket: str({ autoname: 63, replace: true }),
    forceDestroy: bool(LOCAL),
    objectLockEnabled: bool({ ...FIXED, default: false }),
    tags: tags(),
  },
  outputs: ["arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion", "hostedZoneId"],
  async create(ctx, a) {
    const bucket = a.need("bucket");
    const LocationConstraint = ctx.region as BucketLocationConstraint;
    await ctx.aws.s3.createBucket({
      Bucket: bucket,
      ObjectLockEnabledForBucket: a.bool("objectLockEnabled"),
      ...(ctx.region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint } }),
    });
    ctx.created(bucket);
    const TagSet = elbTags(a.map("tags"));
    if (TagSet) await ctx.aws.s3.putBucketTagging({ Bucket: bucket, Tagging: { TagSet } });
    return bucket;
  },
  async read(ctx, bucket) {
    if (!(await exists(ctx, bucket))) return undefined;
    const lock = await setting(ctx.aws.s3.getObjectLockConfiguration({ Bucket: bucket }));
    const tagging = await setting(ctx.aws.s3.getBucketTagging({ Bucket: bucket }));
    return {
      bucket,
      objectLockEnabled: lock?.ObjectLockConfiguration?.ObjectLockEnabled === "Enabled",
      tags: tagMap(tagging?.TagSet),
      arn: `arn:aws:s3:::${bucket}`,
      bucketDomainName: `${bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${bucket}.s3.${ctx.region}.amazonaws.com`,
      bucketRegion: ctx.region,
      hostedZoneId: "Z3AQBSTGFYJSTF",
    };
  },
  update: retag,
  async delete(ctx, bucket, state) {
    if (state.bool("forceDestroy")) await empty(ctx, bucket);
    await ctx.aws.s3.deleteBucket({ Bucket: bucket });
  },
};

async function putVersioning(ctx: Context, a: Bag): Promise<void> {
  const Status = asOneOf(["Enabled", "Suspended"], a.bag("versioningConfiguration")?.need("status"));
  await ctx.aws.s3.putBucketVersioning({ Bucket: a.need("bucket"), VersioningConfiguration: { Status } });
}

const BucketVersioning: ResourceType = {
  inputs: { bucket: str(KEY), versioningConfiguration: obj({ status: str(REQUIRED) }, REQUIRED) },
  async create(ctx, a) {
    await putVersioning(ctx, a);
    return a.need("bucket");
  },
  async read(ctx, bucket) {
    const answer = await setting(ctx.aws.s3.getBucketVersioning({ Bucket: bucket }));
    return answer?.Status ? { bucket, versioningConfiguration: { status: answer.Status } } : undefined;
  },
  async update(ctx, _id, { news }) {
    await putVersioning(ctx, news);
  },
  async delete(ctx, bucket) {
    await ctx.aws.s3.putBucketVersioning({ Bucket: bucket, VersioningConfiguration: { Status: "Suspended" } });
  },
};

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

async function putBlock(ctx: Context, a: Bag): Promise<void> {
  await ctx.aws.s3.putPublicAccessBlock({
    Bucket: a.need("bucket"),
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: a.bool("blockPublicAcls"),
      BlockPublicPolicy: a.bool("blockPublicPolicy"),
      IgnorePublicAcls: a.bool("ignorePublicAcls"),
      RestrictPublicBuckets: a.bool("restrictPublicBuckets"),
    },
  });
}

const BucketPublicAccessBlock: ResourceType = {
  inputs: {
    bucket: str(KEY),
    ...Object.fromEntries(BLOCKS.map((name) => [name, bool()])),
    skipDestroy: bool(LOCAL),
  },
  async create(ctx, a) {
    await putBlock(ctx, a);
    return a.need("bucket");
  },
  async read(ctx, bucket) {
    const answer = await setting(ctx.aws.s3.getPublicAccessBlock({ Bucket: bucket }));
    const block = answer?.PublicAccessBlockConfiguration;
    if (!block) return undefined;
    return {
      bucket,
      blockPublicAcls: block.BlockPublicAcls,
      blockPublicPolicy: block.BlockPublicPolicy,
      ignorePublicAcls: block.IgnorePublicAcls,
      restrictPublicBuckets: block.RestrictPublicBuckets,
    };
  },
  async update(ctx, _id, { news }) {
    await putBlock(ctx, news);
  },
  async delete(ctx, bucket, state) {
    if (!state.bool("skipDestroy")) await ctx.aws.s3.deletePublicAccessBlock({ Bucket: bucket });
  },
};

async function putEncryption(ctx: Context, a: Bag): Promise<void> {
  const Rules = a.bags("rules").map((rule) => {
    const apply = rule.bag("applyServerSideEncryptionByDefault");
    return {
      BucketKeyEnabled: rule.bool("bucketKeyEnabled"),
      ...(apply
        ? {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: asOneOf(["AES256", "aws:kms"] as const, apply.need("sseAlgorithm")),
              KMSMasterKeyID: apply.str("kmsMasterKeyId"),
            },
          }
        : {}),
    };
  });
  await ctx.aws.s3.putBucketEncryption({ Bucket: a.need("bucket"), ServerSideEncryptionConfiguration: { Rules } });
}

const BucketServerSideEncryptionConfiguration: ResourceType = {
  inputs: {
    bucket: str(KEY),
    rules: set(
      obj({
        applyServerSideEncryptionByDefault: obj({ sseAlgorithm: str(REQUIRED), kmsMasterKeyId: str() }),
        bucketKeyEnabled: bool(),
      }),
      REQUIRED,
    ),
  },
  async create(ctx, a) {
    await putEncryption(ctx, a);
    return a.need("bucket");
  },
  async read(ctx, bucket) {
    const answer = await setting(ctx.aws.s3.getBucketEncryption({ Bucket: bucket }));
    const rules = answer?.ServerSideEncryptionConfiguration?.Rules;
    if (!rules) return undefined;
    return {
      bucket,
      rules: rules.map((rule) => ({
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? "AES256",
          kmsMasterKeyId: rule.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID ?? "",
        },
        bucketKeyEnabled: rule.BucketKeyEnabled ?? false,
      })),
    };
  },
  async update(ctx, _id, { news }) {
    await putEncryption(ctx, news);
  },
  async delete(ctx, bucket) {
    await ctx.aws.s3.deleteBucketEncryption({ Bucket: bucket });
  },
};

async function putLock(ctx: Context, a: Bag): Promise<void> {
  const retention = a.bag("rule")?.bag("defaultRetention");
  await ctx.aws.s3.putObjectLockConfiguration({
    Bucket: a.need("bucket"),
    ObjectLockConfiguration: {
      ObjectLockEnabled: "Enabled",
      ...(retention
        ? {
            Rule: {
              DefaultRetention: {
                Mode: asOneOf(["GOVERNANCE", "COMPLIANCE"], retention.need("mode")),
                Days: retention.num("days"),
                Years: retention.num("years"),
              },
            },
          }
        : {}),
    },
  });
}

const BucketObjectLockConfiguration: ResourceType = {
  inputs: {
    bucket: str(KEY),
    objectLockEnabled: str({ default: "Enabled", replace: true }),
    rule: obj({ defaultRetention: obj({ mode: str(REQUIRED), days: num(), years: num() }, REQUIRED) }),
  },
  async create(ctx, a) {
    await putLock(ctx, a);
    return a.need("bucket");
  },
  async read(ctx, bucket) {
    const answer = await setting(ctx.aws.s3.getObjectLockConfiguration({ Bucket: bucket }));
    const lock = answer?.ObjectLockConfiguration;
    if (!lock) return undefined;
    const { Mode = "", Days, Years } = lock.Rule?.DefaultRetention ?? {};
    const days = Days === undefined ? {} : { days: Days };
    const years = Years === undefined ? {} : { years: Years };
    return {
      bucket,
      objectLockEnabled: lock.ObjectLockEnabled ?? "Enabled",
      rule: Mode ? { defaultRetention: { mode: Mode, ...days, ...years } } : undefined,
    };
  },
  async update(ctx, _id, { news }) {
    await putLock(ctx, news);
  },
  async delete(ctx, bucket) {
    // The lock itself can't be taken away; the default retention can (so does the real provider).
    await ctx.aws.s3.putObjectLockConfiguration({
      Bucket: bucket,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
    });
  },
};

/** Buckets and their settings, each a resource of its own since 7.0. */
export const S3: Registry = {
  "aws:s3/bucket:Bucket": Bucket,
  "aws:s3/bucketVersioning:BucketVersioning": BucketVersioning,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": BucketPublicAccessBlock,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    BucketServerSideEncryptionConfiguration,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": BucketObjectLockConfiguration,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": BucketLifecycleConfiguration,
};
