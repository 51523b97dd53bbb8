import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Desired } from "@cutover/domain/decide";
import type { Manifest } from "@cutover/domain/stack-record";
import { OUTAGES, SUSPICIONS } from "@cutover/domain/triggers";
import { frontDoorUrl, WEBHOOK_PATH } from "@cutover/domain/webhook";
import type * as lb from "@pulumi/aws/lb";
import * as pulumi from "@pulumi/pulumi";
import type { CutoverConfig } from "../config";
import { KillSwitch } from "../providers/kill-switch";
import { Alarms } from "./alarms";
import { dashboard } from "./dashboard";
import type { Inbox } from "./inbox";
import { Prober } from "./prober";
import { Replayer } from "./replayer";
import { Rollback } from "./rollback";
import type { Secrets } from "./secrets";
import type { Services } from "./services";
import type { Traffic } from "./traffic";
import { wantedUrl } from "./webhook";

export interface SafetyNetArgs {
  readonly config: CutoverConfig;
  readonly desired: Desired;
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly secrets: Secrets;
  readonly inbox: Inbox;
  readonly traffic: Traffic;
  readonly services: Services;
}

/**
 * Everything that brings traffic back without a person: probes and log filters → alarms → topic → rollback function, and
 * the page that shows them. It stands before Python's weight rises, and nobody has to be there when it is needed.
 */
export class SafetyNet extends pulumi.ComponentResource {
  /** What has to stand before the weight rises. */
  readonly armed: pulumi.Resource[];
  /** Topic of people, who hear of rollbacks and overrides. */
  readonly peopleTopicArn: pulumi.Output<string>;
  /** The rollback function, which also sends the notices with a date. */
  readonly functionArn: pulumi.Output<string>;
  /** What the CLI and the functions need to know of it. */
  readonly manifest: Manifest["rollback"];

  readonly #args: SafetyNetArgs;

  constructor(name: string, args: SafetyNetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:SafetyNet", name, { pythonShare: args.desired.pythonShare }, opts);
    this.#args = args;
    const prober = this.probe();
    const rollback = this.rollBack();
    this.peopleTopicArn = rollback.peopleTopicArn;
    this.functionArn = rollback.functionArn;
    const replayer = this.replay(rollback);
    const alarms = this.watch(rollback);
    dashboard(
      "dashboard",
      {
        stack: args.stack,
        region: args.aws.region,
        desired: args.desired,
        dimensions: alarms.dimensions,
        rollbackAlarmArns: alarms.rollbackAlarmArns,
      },
      { parent: this },
    );
    this.armed = [prober, ...args.inbox.ready, ...replayer.armed, ...rollback.armed, ...alarms.armed];
    const { hard, soft } = alarms.rollbackAlarms;
    this.manifest = {
      functionName: rollback.functionName,
      compositeAlarms: [hard, soft],
      alarms: alarms.triggers,
    };
    this.registerOutputs({});
  }

  private probe(): pulumi.Resource {
    const { config, stack, aws, secrets, traffic, services } = this.#args;
    return new Prober(
      "prober",
      {
        stack,
        region: aws.region,
        domain: config.domain,
        python: {
          probe: "webhook",
          path: WEBHOOK_PATH,
          customerGroupArn: traffic.python.customer.arn,
          requiredTasks: services.minimum.python,
        },
        ...(traffic.node
          ? {
              node: {
                probe: "health" as const,
                path: config.node.healthPath,
                customerGroupArn: traffic.node.customer.arn,
                requiredTasks: services.minimum.node,
              },
            }
          : {}),
        probeKey: secrets.probeKey,
        webhookSecret: secrets.probeWebhookSecret,
        ...(config.databasePreviewUrl ? { databaseUrl: pulumi.secret(config.databasePreviewUrl) } : {}),
      },
      { parent: this, dependsOn: [...traffic.attached] },
    );
  }

  private rollBack(): Rollback {
    const { config, desired, stack, aws, secrets, inbox, traffic, services } = this.#args;
    const { domain, ghl, node, python } = config;
    const logs = services.python.logs;
    return new Rollback(
      "rollback",
      {
        stack,
        aws,
        domain,
        listenerArn: traffic.listener.arn,
        killSwitch: killSwitchOf(traffic),
        inbox: { targetGroupArn: traffic.inboxArn, queue: inbox.queue },
        // Pinned to Node at the front door they come through it as well.
        frontDoor: desired.phase.webhook === "front-door" || (desired.phase.webhook === "node" && !node.url),
        pythonTargetGroupArn: traffic.python.customer.arn,
        healthPaths: { python: python.healthPath, ...(traffic.node ? { node: node.healthPath } : {}) },
        suspicionAlarms: SUSPICIONS.map((key) => `cutover-${stack}-${key}`),
        // While Node has a share, its messages are lost when it is dead.
        ...(traffic.node ? { nodeAlarms: [`cutover-${stack}-node-probes`] } : {}),
        ...(traffic.node ? { outageAlarms: OUTAGES.map((key) => `cutover-${stack}-${key}`) } : {}),
        probeKeySecretArn: secrets.probeKeySecretArn,
        ghl,
        nodeUrl: traffic.node && wantedUrl({ target: "node", domain, ghl, ...(node.url ? { nodeUrl: node.url } : {}) }),
        frontDoorUrl: frontDoorUrl({ domain, today: ghl.currentUrl }),
        onCall: config.onCall,
        stakeholders: Object.values(config.stakeholders).flat(),
        pythonLogGroup: { name: logs.name, arn: logs.arn },
      },
      { parent: this },
    );
  }

  /** Held messages go to Node where it lives, and to Python only where it gets customers' messages anyway. */
  private replay(rollback: Rollback): Replayer {
    const { config, desired, stack, aws, secrets, inbox, traffic } = this.#args;
    const { domain, node, python } = config;
    return new Replayer(
      "replayer",
      {
        stack,
        region: aws.region,
        domain,
        inbox,
        engines: [
          ...(traffic.node ? [{ engine: "node" as const, healthPath: node.healthPath }] : []),
          ...(desired.phase.pythonShare > 0 ? [{ engine: "python" as const, healthPath: python.healthPath }] : []),
        ],
        peopleTopicArn: rollback.peopleTopicArn,
        probeKey: secrets.probeKey,
        webhookSecret: secrets.probeWebhookSecret,
      },
      { parent: this },
    );
  }

  private watch(rollback: Rollback): Alarms {
    const { config, desired, stack, traffic, services } = this.#args;
    return new Alarms(
      "alarms",
      {
        stack,
        expectedMessagesPerHour: config.expectedMessagesPerHour,
        pythonShare: desired.pythonShare,
        lookBackMinutes: desired.alarmsLookBackMinutes,
        traffic,
        rollbackTopicArn: rollback.alarmTopicArn,
        peopleTopicArn: rollback.peopleTopicArn,
        logGroups: [services.python.logs, ...(services.node ? [services.node.logs] : [])],
      },
      { parent: this },
    );
  }

  /** The release of an acknowledged rollback: after the weight and its capacity, before the webhook. */
  release(after: readonly (pulumi.Resource | lb.ListenerRule)[]): pulumi.Resource[] {
    const { stack, aws, desired, traffic } = this.#args;
    return [
      new KillSwitch(
        "kill-switch",
        {
          stack,
          aws,
          ...killSwitchOf(traffic),
          inboxTargetGroupArn: traffic.inboxArn,
          alarmNames: [...this.manifest.compositeAlarms],
          ...(desired.release === undefined ? {} : { release: desired.release }),
        },
        { parent: this, dependsOn: [...after] },
      ),
    ];
  }
}

function killSwitchOf({ killSwitch, node }: Traffic) {
  return { ruleArn: killSwitch.arn, ...(node ? { nodeTargetGroupArn: node.customer.arn } : {}) };
}
