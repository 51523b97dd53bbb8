import type { LifecycleRule, TransitionStorageClass } from "@aws-sdk/client-s3";
import type { Bag } from "../bag";
import { defined, type Props } from "../json";
import type { Context, ResourceType } from "../resource-type";
import { bool, KEY, num, obj, REQUIRED, set, str } from "../schema";
import { must } from "./ec2-common";
import { asOneOf } from "./elb-common";

const CLASSES = ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"] as const;

function ruleOf(rule: Bag): LifecycleRule {
  const [expiration, old, abort] = [
    rule.bag("expiration"),
    rule.bag("noncurrentVersionExpiration"),
    rule.bag("abortIncompleteMultipartUpload"),
  ];
  const transitions = rule.bags("transitions").map((one) => {
    const StorageClass = asOneOf<TransitionStorageClass>(CLASSES, one.need("storageClass"));
    return { Days: one.num("days"), StorageClass };
  });
  return {
    ID: rule.need("id"),
    Status: must(asOneOf(["Enabled", "Disabled"] as const, rule.need("status")), "a status"),
    Filter: { Prefix: rule.bag("filter")?.str("prefix") ?? "" },
    ...(expiration
      ? {
          Expiration: {
            Days: expiration.num("days"),
            ExpiredObjectDeleteMarker: expiration.bool("expiredObjectDeleteMarker"),
          },
        }
      : {}),
    ...(transitions.length > 0 ? { Transitions: transitions } : {}),
    ...(old
      ? {
          NoncurrentVersionExpiration: {
            NoncurrentDays: old.num("noncurrentDays"),
            NewerNoncurrentVersions: old.num("newerNoncurrentVersions"),
          },
        }
      : {}),
    ...(abort ? { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abort.num("daysAfterInitiation") } } : {}),
  };
}

function liveRule(rule: LifecycleRule): Props {
  const [old, abort, expiration] = [
    rule.NoncurrentVersionExpiration,
    rule.AbortIncompleteMultipartUpload,
    rule.Expiration,
  ];
  return defined({
    id: rule.ID,
    status: rule.Status,
    filter: { prefix: rule.Filter?.Prefix ?? "" },
    expiration: expiration
      ? defined({ days: expiration.Days, expiredObjectDeleteMarker: expiration.ExpiredObjectDeleteMarker })
      : undefined,
    transitions: (rule.Transitions ?? []).map((one) => defined({ days: one.Days, storageClass: one.StorageClass })),
    noncurrentVersionExpiration: old
      ? defined({ noncurrentDays: old.NoncurrentDays, newerNoncurrentVersions: old.NewerNoncurrentVersions })
      : undefined,
    abortIncompleteMultipartUpload: abort ? defined({ daysAfterInitiation: abort.DaysAfterInitiation }) : undefined,
  });
}

async function put(ctx: Context, a: Bag): Promise<void> {
  const LifecycleConfiguration = { Rules: a.bags("rules").map(ruleOf) };
  await ctx.aws.s3.putBucketLifecycleConfiguration({ Bucket: a.need("bucket"), LifecycleConfiguration });
}

/** When objects of a bucket are moved or removed. Filters by prefix are served, by tag or size not. */
export const BucketLifecycleConfiguration: ResourceType = {
  inputs: {
    bucket: str(KEY),
    rules: set(
      obj({
        id: str(REQUIRED),
        status: str(REQUIRED),
        filter: obj({ prefix: str() }),
        expiration: obj({ days: num(), expiredObjectDeleteMarker: bool() }),
        transitions: set(obj({ days: num(), storageClass: str(REQUIRED) })),
        noncurrentVersionExpiration: obj({ noncurrentDays: num(REQUIRED), newerNoncurrentVersions: num() }),
        abortIncompleteMultipartUpload: obj({ daysAfterInitiation: num() }),
      }),
      REQUIRED,
    ),
  },
  async create(ctx, a) {
    await put(ctx, a);
    return a.need("bucket");
  },
  async read(ctx, bucket) {
    try {
      const answer = await ctx.aws.s3.getBucketLifecycleConfiguration({ Bucket: bucket });
      return answer.Rules?.length ? { bucket, rules: answer.Rules.map(liveRule) } : undefined;
    } catch (error) {
      if (error instanceof Error && /NoSuch/.test(error.name)) return undefined;
      throw error;
    }
  },
  async update(ctx, _id, { news }) {
    await put(ctx, news);
  },
  async delete(ctx, bucket) {
    await ctx.aws.s3.deleteBucketLifecycle({ Bucket: bucket });
  },
};
