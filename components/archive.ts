import type { AwsPlace } from "@cutover/domain/aws-place";
import * as s3 from "@pulumi/aws/s3";
import * as command from "@pulumi/command/local";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Days an archived object can't be deleted or overwritten. */
const LOCK_DAYS = 90;

export interface ArchiveArgs {
  readonly stack: string;
  /** Path or URL of Node's git repository. */
  readonly repository: string;
  /** Image that ran last, by digest. */
  readonly image: string;
  readonly aws: AwsPlace;
}

/**
 * Node's code, kept before its deployment is removed: deletions are the last thing an update does, so an archive that
 * fails keeps Node. The bucket is versioned, locked (GOVERNANCE) and stays when the stack is destroyed.
 */
export class Archive extends pulumi.ComponentResource {
  /** What was archived: commit, image, key and checksum. */
  readonly manifest: pulumi.Output<string>;

  readonly #name: string;

  constructor(name: string, args: ArchiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Archive", name, { stack: args.stack }, opts);
    this.#name = name;
    const bucket = this.bucket(args.stack);
    const done = new command.Command(
      `${name}-bundle`,
      {
        create: "node tools/archive-node.mjs",
        environment: {
          REPOSITORY: pulumi.secret(args.repository),
          BUCKET: bucket.bucket,
          IMAGE: args.image,
          AWS_REGION: args.aws.region,
          ...(args.aws.profile ? { AWS_PROFILE: args.aws.profile } : {}),
        },
        triggers: [args.image],
      },
      { parent: this, dependsOn: this.locked(bucket) },
    );
    this.manifest = done.stdout;
    this.registerOutputs({ manifest: this.manifest });
  }

  private bucket(stack: string): s3.Bucket {
    // Bucket names are unique in all of AWS.
    const suffix = new random.RandomId(`${this.#name}-suffix`, { byteLength: 4 }, { parent: this });
    const bucketName = pulumi.interpolate`cutover-${stack}-archive-${suffix.hex}`;
    return new s3.Bucket(
      `${this.#name}-bucket`,
      { bucket: bucketName, objectLockEnabled: true },
      { parent: this, retainOnDelete: true },
    );
  }

  private locked(bucket: s3.Bucket): pulumi.Resource[] {
    const options = { parent: this, retainOnDelete: true };
    const versioning = new s3.BucketVersioning(
      `${this.#name}-versioning`,
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      options,
    );
    return [
      versioning,
      new s3.BucketPublicAccessBlock(
        `${this.#name}-private`,
        {
          bucket: bucket.bucket,
          blockPublicAcls: true,
          blockPublicPolicy: true,
          ignorePublicAcls: true,
          restrictPublicBuckets: true,
        },
        options,
      ),
      new s3.BucketObjectLockConfiguration(
        `${this.#name}-lock`,
        { bucket: bucket.bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: LOCK_DAYS } } },
        { ...options, dependsOn: [versioning] },
      ),
    ];
  }
}
