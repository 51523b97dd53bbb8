import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Desired } from "@cutover/domain/decide";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { type AppliedNotices, appliedNotices } from "@cutover/domain/notices";
import { acceptedGenerations } from "@cutover/domain/secret-rotation";
import { appliedPath, type Manifest, manifestGate, manifestGhl, manifestPath } from "@cutover/domain/stack-record";
import { frontDoorUrl } from "@cutover/domain/webhook";
import * as pulumi from "@pulumi/pulumi";
import type { CutoverConfig } from "../config";
import { EvidenceRecord } from "../providers/evidence-record";
import { SecretProof } from "../providers/secret-proof";
import { Archive } from "./archive";
import { Certificate } from "./certificate";
import { frontDoorProof, frontDoorRecord } from "./front-door";
import { Inbox } from "./inbox";
import { Migrations } from "./migrations";
import { physicalName } from "./naming";
import { Network } from "./network";
import { Notices } from "./notices";
import { SafetyNet } from "./safety-net";
import { Secrets } from "./secrets";
import { Services } from "./services";
import { appliedParameter, manifestParameter } from "./stack-record";
import { stackTags } from "./tags";
import { Traffic, type TrafficSplit, trafficSplit } from "./traffic";
import { headerFrom, messageGroups, Webhook } from "./webhook";

export interface CutoverArgs {
  readonly config: CutoverConfig;
  readonly desired: Desired;
  readonly stack: string;
  /** What a step up rests on; missing where nothing rises. */
  readonly evidence?: LedgerEntry;
  /** Notices with a date; missing: none. */
  readonly notices?: AppliedNotices;
  /** The database's migrations are refused: a preview shows the whole difference all the same. @default false */
  readonly migrationsRefused?: boolean;
  /** Where AWS is: what the stack's `aws:region` and `aws:profile` say. */
  readonly aws: AwsPlace;
}

/**
 * The whole stack in the order in which an update has to happen: migrations → secrets → certificate → target groups →
 * rules → services steady → alarms and rollback armed → (going up) capacity → weight → release of a rollback → front-door
 * proof → webhook → applied phase. Going down the
 * weight comes first, and nothing that may be broken stands before it.
 */
export class Cutover extends pulumi.ComponentResource {
  readonly frontDoorUrl: string;
  readonly loadBalancerDnsName: pulumi.Output<string>;
  readonly webhook: Webhook;
  readonly migrations: Migrations;

  readonly #args: CutoverArgs;

  constructor(name: string, args: CutoverArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "cutover:index:Cutover",
      name,
      {
        phase: args.desired.phase.name,
        pythonShare: args.desired.pythonShare,
        ...(args.desired.affinity === "none" ? {} : { affinity: args.desired.affinity }),
      },
      pulumi.mergeOptions(opts, { transformations: [stackTags(args.stack)] }),
    );
    this.#args = args;
    const { config, desired } = args;
    const nodeExists = desired.phase.node !== "removed";

    this.migrations = this.makeMigrations();
    const secrets = this.makeSecrets();
    const network = this.makeNetwork();
    const certificate = new Certificate("certificate", config, { parent: this });
    const inbox = this.makeInbox(secrets);
    const traffic = this.makeTraffic(network, secrets, certificate, inbox, nodeExists);
    const record = frontDoorRecord(
      "front-door",
      { domain: config.domain, hostedZoneId: config.hostedZoneId, loadBalancer: traffic.loadBalancer },
      { parent: this },
    );
    // Going down, and where nothing moves, the weight waits for nothing that may be broken.
    const early = desired.direction === "up" ? undefined : this.splitTraffic(traffic, secrets, []);
    const afterWeight = early && desired.direction === "down" ? [early.weighted] : [];
    const services = this.makeServices(network, secrets, traffic, afterWeight);
    const header = this.proveHeader(traffic, secrets);
    const net = this.spanSafetyNet(secrets, inbox, traffic, services);
    const split = early ?? this.splitTraffic(traffic, secrets, [...services.everything, ...header, ...net.armed]);
    const evidence = this.recordEvidence(split, net);
    const notices = this.planNotices(net);
    const released = net.release([split.weighted, ...services.ready]);
    this.frontDoorUrl = frontDoorUrl({ domain: config.domain });
    const manifest = this.writeManifest(traffic, secrets, services, split, net);
    // The way back to Node waits for no alarm.
    const armed = desired.direction === "down" ? [] : net.armed;
    const door = [network, certificate, traffic, ...record, ...services.ready, ...armed, ...released];
    // Python must accept a new secret before GoHighLevel sends it, unless it gets no message anyway.
    const secretAfter = desired.pythonShare > 0 ? services.everything : [];
    this.webhook = this.makeWebhook(traffic, secrets, [...door, manifest], secretAfter);
    const settled = desired.direction === "down" || desired.rolledBack ? [] : [services];
    const done = [manifest, split.weighted, net, evidence, ...notices, ...released, this.webhook, ...settled];
    this.writeApplied([...done, ...this.archive(nodeExists)]);

    this.loadBalancerDnsName = traffic.loadBalancer.dnsName;
    this.registerOutputs({ frontDoorUrl: this.frontDoorUrl });
  }

  private makeMigrations(): Migrations {
    const { config, desired, migrationsRefused = false } = this.#args;
    return new Migrations(
      "migrations",
      {
        contract: desired.contracts,
        mayWait: desired.databaseMayWait,
        refused: migrationsRefused,
        allowOutOfOrder: config.allowOutOfOrder,
      },
      { parent: this },
    );
  }

  private makeInbox({ acceptedWebhookSecrets }: Secrets): Inbox {
    const { stack, aws } = this.#args;
    return new Inbox("inbox", { stack, region: aws.region, acceptedWebhookSecrets }, { parent: this });
  }

  private makeSecrets(): Secrets {
    const { config, stack, aws } = this.#args;
    const { environment, webhookSecret, sentryDsn } = config;
    return new Secrets(
      "secrets",
      { stack, aws, environment, webhookSecret, ...(sentryDsn ? { sentryDsn } : {}) },
      { parent: this },
    );
  }

  private makeNetwork(): Network {
    const { network, node, python } = this.#args.config;
    return new Network(
      physicalName(this.#args.stack, ""),
      { ...network, servicePorts: [node.port, python.port] },
      { parent: this },
    );
  }

  private makeTraffic(
    network: Network,
    secrets: Secrets,
    certificate: Certificate,
    inbox: Inbox,
    nodeExists: boolean,
  ): Traffic {
    const { config, stack } = this.#args;
    return new Traffic(
      "traffic",
      {
        stack,
        vpcId: network.vpcId,
        publicSubnetIds: network.publicSubnetIds,
        securityGroupId: network.loadBalancerSecurityGroupId,
        ingress: network.ingress,
        certificateArn: certificate.arn,
        node: nodeExists ? config.node : undefined,
        python: config.python,
        probeKey: secrets.probeKey,
        inboxTargetGroupArn: inbox.targetGroup.arn,
      },
      { parent: this },
    );
  }

  private makeServices(network: Network, secrets: Secrets, traffic: Traffic, afterWeight: pulumi.Resource[]): Services {
    const { config, desired, stack, aws } = this.#args;
    const { migrations } = this;
    return new Services(
      "services",
      { config, desired, stack, aws, network, secrets, traffic, migrations, afterWeight },
      { parent: this },
    );
  }

  private spanSafetyNet(secrets: Secrets, inbox: Inbox, traffic: Traffic, services: Services): SafetyNet {
    const { config, desired, stack, aws } = this.#args;
    const args = { config, desired, stack, aws, secrets, inbox, traffic, services };
    return new SafetyNet("safety-net", args, { parent: this });
  }

  /** What the share rests on, kept in the state and in the ledger; written when the weight has moved. */
  private recordEvidence(split: TrafficSplit, net: SafetyNet): pulumi.Resource {
    const { config, desired, stack, aws, evidence } = this.#args;
    return new EvidenceRecord(
      "evidence",
      {
        stack,
        aws,
        phase: desired.phase.name,
        share: desired.pythonShare,
        digest: config.intent.pythonDigest,
        ...(desired.release === undefined ? {} : { release: desired.release }),
        peopleTopicArn: net.peopleTopicArn,
        ...(evidence ? { entry: evidence } : {}),
      },
      { parent: this, dependsOn: [split.weighted] },
    );
  }

  private planNotices({ functionArn }: SafetyNet): pulumi.Resource[] {
    const { stack, notices } = this.#args;
    if (!notices || Object.keys(notices.dates).length === 0) return [];
    return [new Notices("notices", { stack, functionArn, dates: notices.dates }, { parent: this })];
  }

  private splitTraffic(traffic: Traffic, secrets: Secrets, after: pulumi.Resource[]): TrafficSplit {
    return trafficSplit(
      "traffic-split",
      {
        listenerArn: traffic.listener.arn,
        node: traffic.node,
        python: traffic.python,
        pythonShare: this.#args.desired.pythonShare,
        affinity: this.#args.desired.affinity,
        webhookSecrets: secrets.acceptedWebhookSecrets,
      },
      { parent: this, dependsOn: after },
    );
  }

  /** Real messages must have carried the secret before Python gets a share of them. */
  private proveHeader(traffic: Traffic, secrets: Secrets): pulumi.Resource[] {
    const { config, desired, aws } = this.#args;
    const { unmatchedArn, ...groups } = messageGroups(traffic);
    if (!unmatchedArn) return [];
    return [
      new SecretProof(
        "secret-proof",
        {
          ...groups,
          unmatchedArn,
          share: desired.pythonShare,
          rising: desired.direction === "up",
          rolledBack: desired.rolledBack,
          headerFrom: headerFrom(config.ghl, secrets.pythonSecretName),
          aws,
        },
        { parent: this },
      ),
    ];
  }

  private makeWebhook(
    traffic: Traffic,
    secrets: Secrets,
    ready: pulumi.Resource[],
    secretAfter: pulumi.Resource[],
  ): Webhook {
    const { config, desired, stack, aws } = this.#args;
    const proof =
      desired.webhook === "front-door" && desired.phase.node !== "removed"
        ? [
            frontDoorProof(
              "front-door-proof",
              {
                domain: config.domain,
                path: config.node.healthPath,
                probeKey: secrets.probeKey,
                loadBalancerArn: traffic.loadBalancer.arn,
              },
              { parent: this, dependsOn: ready },
            ),
          ]
        : [];
    return new Webhook(
      "webhook",
      {
        stack,
        aws,
        traffic,
        secretAfter,
        acceptedGenerations: acceptedGenerations(config.webhookSecret),
        secretName: secrets.pythonSecretName,
        ghl: config.ghl,
        target: desired.webhook,
        domain: config.domain,
        ...(config.node.url ? { nodeUrl: config.node.url } : {}),
        nodeHealthPath: config.node.healthPath,
        secret: secrets.webhookSecret,
        nodeExists: desired.phase.node !== "removed",
        rolledBack: desired.rolledBack,
        ...(desired.release === undefined ? {} : { release: desired.release }),
        loseTraffic: config.loseTraffic,
        // Destroy runs the other way round: the webhook is put back before anything it points at goes.
        after: [...ready, ...proof],
      },
      { parent: this },
    );
  }

  private writeManifest(
    traffic: Traffic,
    secrets: Secrets,
    services: Services,
    split: TrafficSplit,
    net: SafetyNet,
  ): pulumi.Resource {
    const { config, stack, aws } = this.#args;
    const manifest = pulumi.output({
      version: 1 as const,
      stack,
      region: aws.region,
      domain: config.domain,
      loadBalancerArn: traffic.loadBalancer.arn,
      listenerArn: traffic.listener.arn,
      trafficRuleArn: split.weighted.arn,
      ...(split.contact ? { contactRuleArn: split.contact.arn } : {}),
      rollback: net.manifest,
      expectedMessagesPerHour: config.expectedMessagesPerHour,
      ghl: manifestGhl(config.ghl, config.node.url),
      ...manifestGate(config),
      ...appliedNotices(this.#args.notices),
      clusterName: services.cluster.name,
      probeKeySecret: secrets.probeKeySecretName,
      killSwitchRuleArn: traffic.killSwitch.arn,
      targetGroups: {
        pythonCustomer: traffic.python.customer.arn,
        pythonProbe: traffic.python.probe.arn,
        inbox: traffic.inboxArn,
        ...(traffic.node
          ? {
              nodeCustomer: traffic.node.customer.arn,
              nodeProbe: traffic.node.probe.arn,
              nodeUnmatched: traffic.node.unmatched.arn,
            }
          : {}),
      },
      // Plain names: the webhook depends on the manifest, and must not wait for a service that may be broken.
      services: { python: "python", ...(services.node ? { node: "node" } : {}) },
    });
    return manifestParameter("manifest", manifestPath(stack), manifest as pulumi.Output<Manifest>, { parent: this });
  }

  /** Node's code is kept before its deployment is removed. */
  private archive(nodeExists: boolean): pulumi.Resource[] {
    const { config, stack } = this.#args;
    if (nodeExists) return [];
    const { repository = "", image } = config.node;
    return [new Archive("archive", { stack, repository, image, aws: this.#args.aws }, { parent: this })];
  }

  private writeApplied(after: pulumi.Resource[]): void {
    const { config, desired, stack, notices } = this.#args;
    appliedParameter(
      "applied",
      appliedPath(stack),
      {
        phase: desired.phase.name,
        pythonShare: desired.pythonShare,
        ...(desired.affinity === "none" ? {} : { affinity: desired.affinity }),
        pythonDigest: config.intent.pythonDigest,
        ...(desired.alarmsLookBackMinutes === undefined
          ? {}
          : { alarmsLookBackMinutes: desired.alarmsLookBackMinutes }),
        ...appliedNotices(notices),
      },
      { parent: this, dependsOn: after },
    );
  }
}
