import { capacityFor } from "@cutover/domain/capacity";
import type { Desired } from "@cutover/domain/decide";
import { appliedPath, type Manifest, manifestPath } from "@cutover/domain/stack-record";
import { frontDoorUrl } from "@cutover/domain/webhook";
import * as ecs from "@pulumi/aws/ecs";
import * as pulumi from "@pulumi/pulumi";
import type { CutoverConfig } from "../config";
import { CapacityProof } from "../providers/capacity-proof";
import { Archive } from "./archive";
import { Certificate } from "./certificate";
import { frontDoorProof, frontDoorRecord } from "./front-door";
import { Migrations } from "./migrations";
import { physicalName } from "./naming";
import { Network } from "./network";
import { Secrets } from "./secrets";
import { Service } from "./service";
import { appliedParameter, manifestParameter } from "./stack-record";
import { type BackendGroups, Traffic, trafficSplit } from "./traffic";
import { Webhook } from "./webhook";

/** Seconds a service may take to reach the capacity its share needs. */
const CAPACITY_DEADLINE_SECONDS = 900;

export interface CutoverArgs {
  readonly config: CutoverConfig;
  readonly desired: Desired;
  readonly stack: string;
  readonly region: string;
}

/**
 * The whole stack in the order in which an update has to happen: migrations → secrets → certificate → target groups →
 * rules → services steady → (going up) capacity → weight → front-door proof → webhook → applied phase. Going down the
 * weight comes first, and nothing that may be broken stands before it.
 */
export class Cutover extends pulumi.ComponentResource {
  readonly frontDoorUrl: string;
  readonly loadBalancerDnsName: pulumi.Output<string>;
  readonly webhook: Webhook;
  readonly migrations: Migrations;

  readonly #args: CutoverArgs;
  readonly #name: string;

  constructor(name: string, args: CutoverArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "cutover:index:Cutover",
      name,
      { phase: args.desired.phase.name, pythonShare: args.desired.pythonShare },
      opts,
    );
    this.#args = args;
    this.#name = name;
    const { config, desired } = args;
    const nodeExists = desired.phase.node !== "removed";

    this.migrations = new Migrations("migrations", { contract: desired.phase.contractMigrations }, { parent: this });
    const secrets = this.makeSecrets();
    const network = this.makeNetwork();
    const certificate = new Certificate("certificate", config, { parent: this });
    const traffic = this.makeTraffic(network, secrets, certificate, nodeExists);
    const record = frontDoorRecord(
      "front-door",
      { domain: config.domain, hostedZoneId: config.hostedZoneId, loadBalancer: traffic.loadBalancer },
      { parent: this },
    );
    const services = this.makeServices(network, secrets, traffic, nodeExists);
    this.frontDoorUrl = frontDoorUrl({ domain: config.domain });
    this.webhook = this.makeWebhook(traffic, secrets, [...record, ...services.ready]);
    const manifest = this.writeManifest(traffic, secrets, services);
    this.writeApplied([manifest, services.split, this.webhook, ...this.archive(nodeExists)]);

    this.loadBalancerDnsName = traffic.loadBalancer.dnsName;
    this.registerOutputs({ frontDoorUrl: this.frontDoorUrl });
  }

  private makeSecrets(): Secrets {
    const { config, stack } = this.#args;
    return new Secrets(
      "secrets",
      { stack, environment: config.environment, ...(config.sentryDsn ? { sentryDsn: config.sentryDsn } : {}) },
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

  private makeTraffic(network: Network, secrets: Secrets, certificate: Certificate, nodeExists: boolean): Traffic {
    const { config, stack } = this.#args;
    return new Traffic(
      "traffic",
      {
        stack,
        vpcId: network.vpcId,
        publicSubnetIds: network.publicSubnetIds,
        securityGroupId: network.loadBalancerSecurityGroupId,
        certificateArn: certificate.arn,
        node: nodeExists ? config.node : undefined,
        python: config.python,
        probeKey: secrets.probeKey,
      },
      { parent: this },
    );
  }

  /** Both services and the weighted rule, each waiting for what its direction demands. */
  private makeServices(network: Network, secrets: Secrets, traffic: Traffic, nodeExists: boolean) {
    const { config, desired, stack, region } = this.#args;
    const capacity = capacityFor({
      nodePeakTasks: config.node.tasks,
      pythonTasksAtFull: config.python.tasks,
      pythonShare: desired.pythonShare,
      nodeExists,
    });
    const cluster = new ecs.Cluster("services", { name: physicalName(stack, "") }, { parent: this });
    const shared = {
      stack,
      region,
      clusterArn: cluster.arn,
      clusterName: cluster.name,
      subnetIds: network.privateSubnetIds,
      securityGroupId: network.serviceSecurityGroupId,
      environment: {},
    };
    const before = [...traffic.attached, ...network.egress];
    const falling = desired.direction === "down";
    const split = (ready: pulumi.Resource[]) =>
      trafficSplit(
        "traffic-split",
        {
          listenerArn: traffic.listener.arn,
          node: traffic.node,
          python: traffic.python,
          pythonShare: desired.pythonShare,
          webhookSecrets: [secrets.webhookSecret],
        },
        { parent: this, dependsOn: ready },
      );
    const early = falling ? split([]) : undefined;
    const afterWeight = early ? [early] : [];

    const node =
      traffic.node &&
      new Service(
        "node",
        {
          ...shared,
          ...config.node,
          engine: "node",
          secrets: secrets.forNode,
          secretArns: secrets.nodeSecretArns,
          targetGroups: [traffic.node.customer, traffic.node.probe, traffic.node.unmatched],
          minimumTasks: capacity.nodeMinimum,
          maximumTasks: config.node.tasks * 2,
        },
        { parent: this, serviceDependsOn: before, capacityDependsOn: [] },
      );
    const python = new Service(
      "python",
      {
        ...shared,
        ...config.python,
        engine: "python",
        hardened: true,
        secrets: secrets.forPython,
        secretArns: secrets.pythonSecretArns,
        targetGroups: [traffic.python.customer, traffic.python.probe],
        minimumTasks: capacity.pythonMinimum,
        maximumTasks: config.python.tasks * 2,
      },
      {
        parent: this,
        serviceDependsOn: [...before, this.migrations, ...afterWeight],
        capacityDependsOn: afterWeight,
      },
    );
    const pythonReady = this.capacityProof("python", cluster, python, traffic.python, capacity.pythonMinimum, !falling);
    const nodeReady =
      node && traffic.node
        ? [node, this.capacityProof("node", cluster, node, traffic.node, capacity.nodeMinimum, true)]
        : [];
    const all = [python, pythonReady, ...nodeReady];
    // On the way down nothing waits for a Python that may be broken; it may be why we go down.
    const ready = falling ? nodeReady : all;
    return { cluster, node, python, ready, split: early ?? split(all) };
  }

  private capacityProof(
    engine: "node" | "python",
    cluster: ecs.Cluster,
    service: Service,
    groups: BackendGroups,
    minimum: number,
    demanded: boolean,
  ): CapacityProof {
    return new CapacityProof(
      `${engine}-capacity`,
      {
        cluster: cluster.name,
        service: service.serviceName,
        taskDefinition: service.taskDefinitionArn,
        minimum,
        targetGroupArns: [groups.customer.arn, groups.probe.arn],
        deadlineSeconds: CAPACITY_DEADLINE_SECONDS,
        demanded,
      },
      { parent: this, dependsOn: [service] },
    );
  }

  private makeWebhook(traffic: Traffic, secrets: Secrets, ready: pulumi.Resource[]): Webhook {
    const { config, desired } = this.#args;
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
        ghl: config.ghl,
        target: desired.webhook,
        domain: config.domain,
        ...(config.node.url ? { nodeUrl: config.node.url } : {}),
        secret: secrets.webhookSecret,
        nodeExists: desired.phase.node !== "removed",
        rolledBack: desired.rolledBack,
        loseTraffic: config.loseTraffic,
      },
      // Destroy runs the other way round: the webhook is put back before anything it points at goes.
      { parent: this, dependsOn: [...ready, ...proof] },
    );
  }

  private writeManifest(
    traffic: Traffic,
    secrets: Secrets,
    services: {
      cluster: ecs.Cluster;
      node: Service | undefined;
      python: Service;
      split: pulumi.Resource & { arn: pulumi.Output<string> };
    },
  ): pulumi.Resource {
    const { config, stack, region } = this.#args;
    const manifest = pulumi.output({
      version: 1 as const,
      stack,
      region,
      domain: config.domain,
      loadBalancerArn: traffic.loadBalancer.arn,
      trafficRuleArn: services.split.arn,
      clusterName: services.cluster.name,
      probeKeySecret: secrets.probeKeySecretName,
      ...(traffic.killSwitch ? { killSwitchRuleArn: traffic.killSwitch.arn } : {}),
      targetGroups: {
        pythonCustomer: traffic.python.customer.arn,
        pythonProbe: traffic.python.probe.arn,
        ...(traffic.node
          ? {
              nodeCustomer: traffic.node.customer.arn,
              nodeProbe: traffic.node.probe.arn,
              nodeUnmatched: traffic.node.unmatched.arn,
            }
          : {}),
      },
      services: {
        python: services.python.serviceName,
        ...(services.node ? { node: services.node.serviceName } : {}),
      },
    });
    return manifestParameter("manifest", manifestPath(stack), manifest as pulumi.Output<Manifest>, { parent: this });
  }

  /** Node's code is kept before its deployment is removed. */
  private archive(nodeExists: boolean): pulumi.Resource[] {
    const { config, stack } = this.#args;
    if (nodeExists) return [];
    const { repository = "", image } = config.node;
    return [new Archive("archive", { stack, repository, image }, { parent: this })];
  }

  private writeApplied(after: pulumi.Resource[]): void {
    const { config, desired, stack } = this.#args;
    appliedParameter(
      "applied",
      appliedPath(stack),
      { phase: desired.phase.name, pythonShare: desired.pythonShare, pythonDigest: config.intent.pythonDigest },
      { parent: this, dependsOn: after },
    );
  }
}
