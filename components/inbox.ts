import { FUNCTION_CONFIG } from "@cutover/domain/function-config";
import { secretDigest } from "@cutover/domain/inbox";
import type { InboxConfig } from "@cutover/domain/inbox-config";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as lambda from "@pulumi/aws/lambda";
import * as lb from "@pulumi/aws/lb";
import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { physicalName } from "./naming";

/** SQS's longest. What waits so long is lost to nobody: an alarm tells people long before. */
const RETENTION_SECONDS = 14 * 24 * 3600;
/** Longer than a run of the replayer: a message is never out twice. */
const VISIBILITY_SECONDS = 90;
/** Days that the function's log is kept, as long as the applications'. */
const LOG_RETENTION_DAYS = 30;
/** A sender waits 10 s; storing is given 5 of them. */
const TIMEOUT_SECONDS = 10;
/** More memory is more CPU, which the first TLS connection wants. */
const MEMORY_MIB = 512;

export interface InboxArgs {
  readonly stack: string;
  readonly region: string;
  /** Values of x-webhook-secret that count as right. Secret; only their digests reach the function. */
  readonly acceptedWebhookSecrets: readonly pulumi.Input<string>[];
}

/**
 * Where the kill switch sends messages in `hold`: a Lambda target that stores the raw request in a FIFO queue and answers
 * 200. Neither a database nor SSM nor Secrets Manager is asked: while it is needed much may be broken.
 */
export class Inbox extends pulumi.ComponentResource {
  readonly queue: sqs.Queue;
  /** Messages that no engine takes; a person looks at them. */
  readonly refused: sqs.Queue;
  readonly targetGroup: lb.TargetGroup;
  /** What has to stand before anything is sent here. */
  readonly ready: pulumi.Resource[];

  readonly #name: string;
  readonly #args: InboxArgs;

  constructor(name: string, args: InboxArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Inbox", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#args = args;
    this.queue = new sqs.Queue(
      `${name}-queue`,
      {
        name: `cutover-${args.stack}-inbox.fifo`,
        fifoQueue: true,
        // One conversation's messages keep their order; conversations don't wait for each other.
        deduplicationScope: "messageGroup",
        fifoThroughputLimit: "perMessageGroupId",
        contentBasedDeduplication: false,
        messageRetentionSeconds: RETENTION_SECONDS,
        visibilityTimeoutSeconds: VISIBILITY_SECONDS,
        sqsManagedSseEnabled: true,
      },
      { parent: this },
    );
    this.refused = new sqs.Queue(
      `${name}-refused`,
      {
        name: `cutover-${args.stack}-inbox-refused`,
        messageRetentionSeconds: RETENTION_SECONDS,
        sqsManagedSseEnabled: true,
      },
      { parent: this },
    );
    this.targetGroup = new lb.TargetGroup(
      `${name}-target`,
      { name: physicalName(args.stack, "inbox"), targetType: "lambda" },
      { parent: this },
    );
    this.ready = this.attach(this.makeFunction());
    this.registerOutputs({ targetGroupArn: this.targetGroup.arn });
  }

  private makeFunction(): lambda.Function {
    const name = `cutover-${this.#args.stack}-inbox`;
    const logs = new cloudwatch.LogGroup(
      `${this.#name}-logs`,
      { name: `/aws/lambda/${name}`, retentionInDays: LOG_RETENTION_DAYS },
      { parent: this },
    );
    const { role, policy } = this.role(name, logs);
    return new lambda.Function(
      `${this.#name}-function`,
      {
        name,
        role: role.arn,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({
          "index.mjs": new pulumi.asset.FileAsset("functions/dist/inbox/index.mjs"),
        }),
        timeout: TIMEOUT_SECONDS,
        memorySize: MEMORY_MIB,
        environment: { variables: { [FUNCTION_CONFIG]: pulumi.jsonStringify(this.configuration()) } },
      },
      { parent: this, dependsOn: [policy, logs] },
    );
  }

  /** Put a message into one queue, look at it, write its own log: nothing else. */
  private role(name: string, logs: cloudwatch.LogGroup): { role: iam.Role; policy: iam.RolePolicy } {
    const role = new iam.Role(
      `${this.#name}-role`,
      {
        name,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
      },
      { parent: this },
    );
    const policy = new iam.RolePolicy(
      `${this.#name}-role`,
      {
        name: "hold",
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: ["sqs:SendMessage", "sqs:GetQueueAttributes"], Resource: this.queue.arn },
            {
              Effect: "Allow",
              Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
              Resource: pulumi.interpolate`${logs.arn}:*`,
            },
          ],
        }),
      },
      { parent: this },
    );
    return { role, policy };
  }

  private configuration(): pulumi.Output<InboxConfig> {
    const digests = pulumi.all([...this.#args.acceptedWebhookSecrets]).apply((all) => all.map(secretDigest));
    return pulumi.output({
      function: "inbox" as const,
      region: this.#args.region,
      queueUrl: this.queue.url,
      // A digest of 24 random bytes says nothing; as a secret the whole configuration would be hidden in every preview.
      acceptedDigests: pulumi.unsecret(digests),
    });
  }

  /** AWS refuses a function as target that does not let the load balancer call it. */
  private attach(to: lambda.Function): pulumi.Resource[] {
    const permission = new lambda.Permission(
      `${this.#name}-permission`,
      {
        statementId: "load-balancer",
        action: "lambda:InvokeFunction",
        function: to.name,
        principal: "elasticloadbalancing.amazonaws.com",
        sourceArn: this.targetGroup.arn,
      },
      { parent: this },
    );
    const attachment = new lb.TargetGroupAttachment(
      `${this.#name}-target`,
      { targetGroupArn: this.targetGroup.arn, targetId: to.arn },
      { parent: this, dependsOn: [permission] },
    );
    return [permission, attachment];
  }
}
