import { type Declared, type Finding, pointsAt } from "./model";
import { TYPES } from "./types";

/** What has to stand beside the archive's bucket, and what could happen without it. */
const BESIDE = [
  [TYPES.bucketVersioning, "BucketVersioning", "the archive could be overwritten"],
  [TYPES.bucketLock, "BucketObjectLockConfiguration", "the archive could be deleted at once"],
  [TYPES.bucketPublicAccess, "BucketPublicAccessBlock", "the archive could become public"],
] as const;

/**
 * Node's code is archived where Node is removed: by a command, into a bucket that is versioned, locked and private. How
 * each of these has to be set is the policy `archive-protected`'s; here is that they are there at all.
 * @param parameter The record of the phase, to blame where there is nothing else.
 */
export function archiveWhole(all: readonly Declared[], parameter: Declared): Finding[] {
  const archive = all.filter(({ name }) => name.startsWith("archive"));
  const message = (lacks: string) => `Node is removed and ${lacks}; declare components/archive.ts.`;
  if (!archive.some(({ type }) => type.endsWith(":Command"))) {
    return [{ about: parameter, message: message("nothing archives its code") }];
  }
  const buckets = archive.filter(({ type }) => type === TYPES.bucket);
  if (buckets.length === 0) return [{ about: parameter, message: message("no bucket keeps its code") }];
  return buckets.flatMap((bucket) =>
    BESIDE.filter(([type]) => !all.some((one) => one.type === type && belongsTo(one, bucket))).map(
      ([, kind, risk]): Finding => ({
        about: bucket,
        message: `${bucket.name} has no ${kind}: ${risk}; declare one whose bucket is this one, as in components/archive.ts.`,
      }),
    ),
  );
}

function belongsTo(one: Declared, bucket: Declared): boolean {
  return pointsAt(one, "bucket", bucket, { outputs: ["bucket", "id"] });
}
