import { FUNCTION_CONFIG } from "@cutover/domain/function-config";
import type { ReplayConfig } from "@cutover/domain/inbox-config";
import { metricNamespace } from "@cutover/domain/metrics";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as lambda from "@pulumi/aws/lambda";
import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import type { Inbox } from "./inbox";
import { arnParts } from "./rollback-policies";

/** Days that the function's log is kept, as long as the applications'. */
const LOG_RETENTION_DAYS = 30;
/** A run begins nothing after 40 s; below 60 s two of them hardly meet, and the queue keeps them apart where they do. */
const TIMEOUT_SECONDS = 58;
const MEMORY_MIB = 256;

export interface ReplayerArgs {
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  readonly inbox: Inbox;
  /** Where held messages may go, best first. */
  readonly engines: ReplayConfig["engines"];
  readonly peopleTopicArn: pulumi.Input<string>;
  /** Value of x-cutover-key. Secret. */
  readonly probeKey: pulumi.Input<string>;
  /** Value of x-webhook-secret that every task of Python accepts. Secret. */
  readonly webhookSecret: pulumi.Input<string>;
}

/**
 * The function that empties the inbox each minute, in order, into the engine that answers, through its probe rule: so it
 * needs no VPC, and replayed messages are in none of the customers' metrics.
 */
export class Replayer extends pulumi.ComponentResource {
  /** What has to stand before anything is held. */
  readonly armed: pulumi.Resource[];

  readonly #name: string;
  readonly #args: ReplayerArgs;
  readonly #functionName: string;

  constructor(name: string, args: ReplayerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Replayer", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#args = args;
    this.#functionName = `cutover-${args.stack}-replay`;
    const secret = this.secret();
    const logs = new cloudwatch.LogGroup(
      `${name}-logs`,
      { name: `/aws/lambda/${this.#functionName}`, retentionInDays: LOG_RETENTION_DAYS },
      { parent: this },
    );
    const { role, policy } = this.role(secret.secret, logs);
    const made = new lambda.Function(
      `${name}-function`,
      {
        name: this.#functionName,
        role: role.arn,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({
          "index.mjs": new pulumi.asset.FileAsset("functions/dist/replay/index.mjs"),
        }),
        timeout: TIMEOUT_SECONDS,
        memorySize: MEMORY_MIB,
        environment: { variables: { [FUNCTION_CONFIG]: pulumi.jsonStringify(this.configuration(secret.secret)) } },
      },
      { parent: this, dependsOn: [policy, logs, secret.version] },
    );
    this.armed = [made, ...this.everyMinute(made)];
    this.registerOutputs({ functionName: this.#functionName });
  }

  private secret(): { secret: secretsmanager.Secret; version: secretsmanager.SecretVersion } {
    const { stack, probeKey, webhookSecret } = this.#args;
    const secret = new secretsmanager.Secret(
      `${this.#name}-secret`,
      { name: `cutover/${stack}/replay`, recoveryWindowInDays: 0 },
      { parent: this },
    );
    const version = new secretsmanager.SecretVersion(
      `${this.#name}-secret`,
      { secretId: secret.id, secretString: pulumi.secret(pulumi.jsonStringify({ probeKey, webhookSecret })) },
      { parent: this },
    );
    return { secret, version };
  }

  /**
   * Take from one queue, put into another, tell people, publish one namespace, read one secret and the rollback records:
   * nothing else.
   */
  private role(secret: secretsmanager.Secret, logs: cloudwatch.LogGroup): { role: iam.Role; policy: iam.RolePolicy } {
    const { stack, inbox, peopleTopicArn } = this.#args;
    const role = new iam.Role(
      `${this.#name}-role`,
      {
        name: this.#functionName,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
      },
      { parent: this },
    );
    const { partition, region, account } = arnParts(inbox.queue.arn);
    const records = pulumi.interpolate`arn:${partition}:ssm:${region}:${account}:parameter/cutover/${stack}/rollback`;
    const take = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"];
    const policy = new iam.RolePolicy(
      `${this.#name}-role`,
      {
        name: "replay",
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: take.map((what) => `sqs:${what}`), Resource: inbox.queue.arn },
            { Effect: "Allow", Action: "sqs:SendMessage", Resource: inbox.refused.arn },
            { Effect: "Allow", Action: "sns:Publish", Resource: peopleTopicArn },
            { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret.arn },
            { Effect: "Allow", Action: "ssm:GetParametersByPath", Resource: records },
            {
              Effect: "Allow",
              Action: "cloudwatch:PutMetricData",
              // PutMetricData knows no resource; the namespace is the only fence there is.
              Resource: "*",
              Condition: { StringEquals: { "cloudwatch:namespace": metricNamespace(stack) } },
            },
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

  private configuration(secret: secretsmanager.Secret): pulumi.Output<ReplayConfig> {
    const { stack, region, domain, inbox, engines, peopleTopicArn } = this.#args;
    return pulumi.output({
      function: "replay" as const,
      stack,
      region,
      domain,
      queueUrl: inbox.queue.url,
      refusedQueueUrl: inbox.refused.url,
      engines: [...engines],
      peopleTopicArn,
      secretArn: secret.arn,
    });
  }

  private everyMinute(to: lambda.Function): pulumi.Resource[] {
    const rule = new cloudwatch.EventRule(
      `${this.#name}-minute`,
      { name: this.#functionName, description: "Empties the inbox.", scheduleExpression: "rate(1 minute)" },
      { parent: this },
    );
    const permission = new lambda.Permission(
      `${this.#name}-minute`,
      {
        statementId: "every-minute",
        action: "lambda:InvokeFunction",
        function: to.name,
        principal: "events.amazonaws.com",
        sourceArn: rule.arn,
      },
      { parent: this },
    );
    const target = new cloudwatch.EventTarget(
      `${this.#name}-minute`,
      { rule: rule.name, targetId: "replay", arn: to.arn },
      { parent: this, dependsOn: [permission] },
    );
    return [permission, target];
  }
}
