import type { AwsPlace } from "@cutover/domain/aws-place";
import { FUNCTION_CONFIG, type RollbackConfig } from "@cutover/domain/function-config";
import { AUDIENCE } from "@cutover/domain/rollback/notice";
import { matchOf } from "@cutover/domain/webhook";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as lambda from "@pulumi/aws/lambda";
import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as sns from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";
import { RollbackRecords } from "../providers/rollback-records";
import { alarmPublishing, arnParts, rollbackRights } from "./rollback-policies";

/** Days that the function's log is kept, as long as the applications'. */
const LOG_RETENTION_DAYS = 30;
/** Every step has a deadline of its own; together they end before this. */
const TIMEOUT_SECONDS = 60;
/** More memory is more CPU, which the first TLS connections want. */
const MEMORY_MIB = 512;

export interface RollbackArgs {
  readonly stack: string;
  readonly aws: AwsPlace;
  /** Public name of the front door. */
  readonly domain: string;
  readonly listenerArn: pulumi.Input<string>;
  /** Without Node's target group once Node is removed: then it moves to `hold` only. */
  readonly killSwitch: { readonly ruleArn: pulumi.Input<string>; readonly nodeTargetGroupArn?: pulumi.Input<string> };
  /** Where `hold` sends messages; undefined: there is no inbox. */
  readonly inbox?: {
    readonly targetGroupArn: pulumi.Input<string>;
    readonly queue: { readonly url: pulumi.Input<string>; readonly arn: pulumi.Input<string> };
  };
  /** The phase brings customers' messages through the front door. */
  readonly frontDoor: boolean;
  /** Python's customer group. */
  readonly pythonTargetGroupArn: pulumi.Input<string>;
  readonly healthPaths: { readonly python: string; readonly node?: string | undefined };
  /** Physical names of the composite alarms; by default `cutover-<stack>-rollback-hard` and `-soft`. */
  readonly alarms?: { readonly hard: string; readonly soft: string };
  /** Alarms on the rollback topic that only make the function probe. */
  readonly suspicionAlarms?: readonly string[];
  /** Alarms that say that Node does not answer: the function probes, and holds what would go to it. */
  readonly nodeAlarms?: readonly string[];
  /** Alarms over Node's numbers that say that Node is as bad as Python. */
  readonly outageAlarms?: readonly string[];
  /** ARN of the secret {"key"} with x-cutover-key. */
  readonly probeKeySecretArn: pulumi.Input<string>;
  /** In mode `manual` the function writes nothing into GoHighLevel. */
  readonly ghl: {
    readonly mode: "custom-value" | "manual";
    readonly token: pulumi.Input<string>;
    readonly locationId: string;
    readonly webhookValue: string;
    readonly baseUrl?: string | undefined;
  };
  /** What is written into GoHighLevel: Node's own URL, or the front door's with `backend=node`. */
  readonly nodeUrl: string | undefined;
  /** The front door's URL: ours, so that it may be overwritten. */
  readonly frontDoorUrl: string;
  /** E-mail addresses that get all notices; each has to be confirmed by its reader. */
  readonly onCall: readonly string[];
  /** E-mail addresses that get what is for everyone; one that is on call anyway counts there. @default none */
  readonly stakeholders?: readonly string[];
  /** Python's log group: a notice lists the messages that failed. */
  readonly pythonLogGroup: { readonly name: pulumi.Input<string>; readonly arn: pulumi.Input<string> };
}

/**
 * The rollback machinery: alarms → topic → function, the function once a minute as reconciler, and the people's topic. It
 * lies outside any VPC and reads its names from its environment, so that it works while SSM does not.
 */
export class Rollback extends pulumi.ComponentResource {
  readonly functionName: string;
  readonly functionArn: pulumi.Output<string>;
  /** Topic that the composite alarms act on. */
  readonly alarmTopicArn: pulumi.Output<string>;
  /** Topic of people: notices, and alarms that only tell. */
  readonly peopleTopicArn: pulumi.Output<string>;
  /** Everything that has to stand before Python's weight rises. */
  readonly armed: pulumi.Resource[];

  readonly #name: string;
  readonly #args: RollbackArgs;

  constructor(name: string, args: RollbackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Rollback", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#args = args;
    this.functionName = `cutover-${args.stack}-rollback`;
    const people = this.topic("people");
    const alarms = this.topic("rollback");
    this.peopleTopicArn = people.topic.arn;
    this.alarmTopicArn = alarms.topic.arn;
    const secret = this.secret();
    const records = new RollbackRecords(`${name}-records`, { stack: args.stack, aws: args.aws }, { parent: this });
    const made = this.makeFunction(secret, people.topic, records);
    this.functionArn = made.arn;
    this.armed = [
      people.policy,
      alarms.policy,
      secret.version,
      made,
      ...this.subscribe(alarms.topic, made),
      ...this.everyMinute(made),
    ];
    this.emails(people.topic);
    this.registerOutputs({ functionName: this.functionName, alarmTopicArn: this.alarmTopicArn });
  }

  /** Not encrypted: with `alias/aws/sns` alarms could not publish, and nobody would notice until it mattered. */
  private topic(what: "people" | "rollback"): { topic: sns.Topic; policy: sns.TopicPolicy } {
    const { stack, listenerArn } = this.#args;
    const topic = new sns.Topic(`${this.#name}-${what}`, { name: `cutover-${stack}-${what}` }, { parent: this });
    const policy = new sns.TopicPolicy(
      `${this.#name}-${what}`,
      { arn: topic.arn, policy: pulumi.jsonStringify(alarmPublishing(stack, topic.arn, arnParts(listenerArn))) },
      { parent: this },
    );
    return { topic, policy };
  }

  /** A topic knows an address once, so a person of two groups gets one message. */
  private emails(people: sns.Topic): void {
    const { onCall, stakeholders = [] } = this.#args;
    const forEveryone = { filterPolicy: JSON.stringify({ [AUDIENCE]: ["everyone"] }) };
    for (const address of new Set([...onCall, ...stakeholders])) {
      new sns.TopicSubscription(
        `${this.#name}-people-${address}`,
        {
          topic: people.arn,
          protocol: "email",
          endpoint: address,
          ...(onCall.includes(address) ? {} : forEveryone),
        },
        { parent: this },
      );
    }
  }

  private secret(): { secret: secretsmanager.Secret; version: secretsmanager.SecretVersion } {
    const { stack, ghl, nodeUrl, frontDoorUrl } = this.#args;
    const secret = new secretsmanager.Secret(
      `${this.#name}-secret`,
      { name: `cutover/${stack}/rollback`, recoveryWindowInDays: 0 },
      { parent: this },
    );
    const content = {
      ...(ghl.mode === "manual" ? {} : { ghlToken: ghl.token }),
      ...(nodeUrl === undefined ? {} : { nodeUrl }),
      frontDoorUrl,
    };
    const version = new secretsmanager.SecretVersion(
      `${this.#name}-secret`,
      { secretId: secret.id, secretString: pulumi.secret(pulumi.jsonStringify(content)) },
      { parent: this },
    );
    return { secret, version };
  }

  private makeFunction(
    { secret, version }: { secret: secretsmanager.Secret; version: secretsmanager.SecretVersion },
    people: sns.Topic,
    records: pulumi.Resource,
  ): lambda.Function {
    const logs = new cloudwatch.LogGroup(
      `${this.#name}-logs`,
      { name: `/aws/lambda/${this.functionName}`, retentionInDays: LOG_RETENTION_DAYS },
      { parent: this },
    );
    const { role, policy } = this.role(secret, people, logs);
    return new lambda.Function(
      `${this.#name}-function`,
      {
        name: this.functionName,
        role: role.arn,
        runtime: "nodejs22.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: new pulumi.asset.AssetArchive({
          "index.mjs": new pulumi.asset.FileAsset("functions/dist/rollback/index.mjs"),
        }),
        timeout: TIMEOUT_SECONDS,
        memorySize: MEMORY_MIB,
        environment: { variables: { [FUNCTION_CONFIG]: pulumi.jsonStringify(this.configuration(secret, people)) } },
        // After Lambda's own two retries of an event that could not move traffic: people get the event itself.
        deadLetterConfig: { targetArn: people.arn },
      },
      { parent: this, dependsOn: [policy, logs, version, records] },
    );
  }

  private role(
    secret: secretsmanager.Secret,
    people: sns.Topic,
    logs: cloudwatch.LogGroup,
  ): { role: iam.Role; policy: iam.RolePolicy } {
    const { stack, listenerArn, killSwitch, inbox, probeKeySecretArn, pythonLogGroup } = this.#args;
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
    const rights = rollbackRights({
      stack,
      parts: arnParts(listenerArn),
      killSwitchRuleArn: killSwitch.ruleArn,
      inboxQueueArn: inbox?.queue.arn,
      secretArns: [probeKeySecretArn, secret.arn],
      peopleTopicArn: people.arn,
      ownLogGroupArn: logs.arn,
      pythonLogGroupArn: pythonLogGroup.arn,
    });
    const policy = new iam.RolePolicy(
      `${this.#name}-role`,
      { name: "rollback", role: role.id, policy: pulumi.jsonStringify(rights) },
      { parent: this },
    );
    return { role, policy };
  }

  private configuration(secret: secretsmanager.Secret, people: sns.Topic): pulumi.Output<RollbackConfig> {
    const { stack, aws, ghl, killSwitch, inbox, frontDoor, healthPaths, alarms } = this.#args;
    const config = {
      function: "rollback" as const,
      stack,
      region: aws.region,
      domain: this.#args.domain,
      listenerArn: this.#args.listenerArn,
      killSwitch,
      ...(inbox ? { inboxTargetGroupArn: inbox.targetGroupArn, inboxQueueUrl: inbox.queue.url } : {}),
      frontDoor,
      pythonTargetGroupArn: this.#args.pythonTargetGroupArn,
      healthPaths: {
        python: healthPaths.python,
        ...(healthPaths.node === undefined ? {} : { node: healthPaths.node }),
      },
      alarms: alarms ?? { hard: `cutover-${stack}-rollback-hard`, soft: `cutover-${stack}-rollback-soft` },
      suspicionAlarms: [...(this.#args.suspicionAlarms ?? [])],
      nodeAlarms: [...(this.#args.nodeAlarms ?? [])],
      outageAlarms: [...(this.#args.outageAlarms ?? [])],
      peopleTopicArn: people.arn,
      probeKeySecretArn: this.#args.probeKeySecretArn,
      rollbackSecretArn: secret.arn,
      ...(ghl.mode === "manual"
        ? {}
        : {
            ghl: {
              locationId: ghl.locationId,
              match: matchOf(ghl.webhookValue),
              ...(ghl.baseUrl === undefined ? {} : { baseUrl: ghl.baseUrl }),
            },
          }),
      pythonLogGroup: this.#args.pythonLogGroup.name,
    };
    return pulumi.output(config) as pulumi.Output<RollbackConfig>;
  }

  private subscribe(topic: sns.Topic, to: lambda.Function): pulumi.Resource[] {
    const permission = this.permission("alarms", "sns.amazonaws.com", topic.arn, to);
    const subscription = new sns.TopicSubscription(
      `${this.#name}-alarms`,
      { topic: topic.arn, protocol: "lambda", endpoint: to.arn },
      { parent: this, dependsOn: [permission] },
    );
    return [permission, subscription];
  }

  /** Alarms act on transitions only, and a function can be killed: the reconciler finds what was missed. */
  private everyMinute(to: lambda.Function): pulumi.Resource[] {
    const rule = new cloudwatch.EventRule(
      `${this.#name}-minute`,
      { name: this.functionName, description: "Completes rollbacks.", scheduleExpression: "rate(1 minute)" },
      { parent: this },
    );
    const permission = this.permission("every-minute", "events.amazonaws.com", rule.arn, to);
    const target = new cloudwatch.EventTarget(
      `${this.#name}-minute`,
      { rule: rule.name, targetId: "rollback", arn: to.arn, input: JSON.stringify({ source: "reconcile" }) },
      { parent: this, dependsOn: [permission] },
    );
    return [permission, target];
  }

  private permission(
    statementId: string,
    principal: string,
    sourceArn: pulumi.Input<string>,
    to: lambda.Function,
  ): lambda.Permission {
    return new lambda.Permission(
      `${this.#name}-${statementId}`,
      { statementId, action: "lambda:InvokeFunction", function: to.name, principal, sourceArn },
      { parent: this },
    );
  }
}
