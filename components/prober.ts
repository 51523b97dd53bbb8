import { metricNamespace } from "@cutover/domain/metrics";
import type { ProbeKind, ProberConfig } from "@cutover/domain/prober";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as lambda from "@pulumi/aws/lambda";
import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";

/** Days that the prober's log is kept, as long as the applications'. */
const LOG_RETENTION_DAYS = 30;
/** Probes end 48 s after the start; below 60 s two invocations never run at once. */
const TIMEOUT_SECONDS = 58;
/** Four probes a backend need little; more memory is more CPU, which TLS wants. */
const MEMORY_MIB = 256;

/** How one application is probed. */
export interface ProberBackendArgs {
  /** `webhook` for an application of level 2 (docs/app-contract.md), else `health`. */
  readonly probe: ProbeKind;
  /** The webhook's path or the health path. */
  readonly path: string;
  readonly customerGroupArn: pulumi.Input<string>;
  /** Tasks that have to be healthy in this phase. */
  readonly requiredTasks: number;
}

export interface ProberArgs {
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  readonly python: ProberBackendArgs;
  /** Undefined once Node is removed. */
  readonly node?: ProberBackendArgs;
  /** Value of x-cutover-key. Secret. */
  readonly probeKey: pulumi.Input<string>;
  /** Value of x-webhook-secret. Secret. */
  readonly webhookSecret: pulumi.Input<string>;
  /** Read-only role over the session pooler. Secret. Without it the views' numbers are not published. */
  readonly databaseUrl?: pulumi.Input<string>;
}

/**
 * The function that asks both backends every 15 s whether they work and publishes the answer, with the database views'
 * numbers and the number of healthy tasks (docs/metrics.md). Outside any VPC: it takes the way a webhook sender takes.
 */
export class Prober extends pulumi.ComponentResource {
  readonly functionName: string;
  readonly function: lambda.Function;

  readonly #name: string;
  readonly #args: ProberArgs;

  constructor(name: string, args: ProberArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Prober", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#args = args;
    this.functionName = `cutover-${args.stack}-prober`;
    const secret = this.secret();
    const logs = new cloudwatch.LogGroup(
      `${name}-logs`,
      { name: `/aws/lambda/${this.functionName}`, retentionInDays: LOG_RETENTION_DAYS },
      { parent: this },
    );
    const rights = this.role(secret, logs);
    this.function = this.makeFunction(secret, logs, rights);
    this.schedule();
    this.registerOutputs({ functionName: this.functionName });
  }

  private secret(): secretsmanager.Secret {
    const { stack, probeKey, webhookSecret, databaseUrl } = this.#args;
    const secret = new secretsmanager.Secret(
      `${this.#name}-secret`,
      { name: `cutover/${stack}/prober`, recoveryWindowInDays: 0 },
      { parent: this },
    );
    const content = { probeKey, webhookSecret, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    new secretsmanager.SecretVersion(
      `${this.#name}-secret`,
      { secretId: secret.id, secretString: pulumi.secret(pulumi.jsonStringify(content)) },
      { parent: this },
    );
    return secret;
  }

  /** Publish into our namespace, read one secret, see target health, write its own log: nothing else. */
  private role(secret: secretsmanager.Secret, logs: cloudwatch.LogGroup): { role: iam.Role; policy: iam.RolePolicy } {
    const role = new iam.Role(
      `${this.#name}-role`,
      {
        name: this.functionName,
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
        name: "probe",
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: "cloudwatch:PutMetricData",
              // PutMetricData knows no resource; the namespace is the only fence there is.
              Resource: "*",
              Condition: { StringEquals: { "cloudwatch:namespace": metricNamespace(this.#args.stack) } },
            },
            { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret.arn },
            { Effect: "Allow", Action: "elasticloadbalancing:DescribeTargetHealth", Resource: "*" },
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

  private makeFunction(
    secret: secretsmanager.Secret,
    logs: cloudwatch.LogGroup,
    { role, policy }: { role: iam.Role; policy: iam.RolePolicy },
  ): lambda.Function {
    return new lambda.Function(
      `${this.#name}-function`,
      {
        name: this.functionName,
        role: role.arn,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({
          "index.mjs": new pulumi.asset.FileAsset("functions/dist/prober/index.mjs"),
        }),
        timeout: TIMEOUT_SECONDS,
        memorySize: MEMORY_MIB,
        environment: { variables: { CUTOVER_FUNCTION: pulumi.jsonStringify(this.configuration(secret)) } },
      },
      // With its log group and rights in place from the first invocation on; Lambda would make a group that never expires.
      { parent: this, dependsOn: [policy, logs] },
    );
  }

  private configuration(secret: secretsmanager.Secret): pulumi.Input<ProberConfig> {
    const { stack, region, domain, python, node, databaseUrl } = this.#args;
    return pulumi.output({
      stack,
      region,
      domain,
      secretArn: secret.arn,
      database: databaseUrl !== undefined,
      backends: [{ engine: "python" as const, ...python }, ...(node ? [{ engine: "node" as const, ...node }] : [])],
    });
  }

  private schedule(): void {
    const rule = new cloudwatch.EventRule(
      `${this.#name}-minute`,
      { name: this.functionName, description: "Probes both backends.", scheduleExpression: "rate(1 minute)" },
      { parent: this },
    );
    const permission = new lambda.Permission(
      `${this.#name}-minute`,
      {
        statementId: "every-minute",
        action: "lambda:InvokeFunction",
        function: this.function.name,
        principal: "events.amazonaws.com",
        sourceArn: rule.arn,
      },
      { parent: this },
    );
    new cloudwatch.EventTarget(
      `${this.#name}-minute`,
      { rule: rule.name, targetId: "prober", arn: this.function.arn },
      { parent: this, dependsOn: [permission] },
    );
  }
}
