import type { AwsPlace } from "@cutover/domain/aws-place";
import { capacityFor } from "@cutover/domain/capacity";
import type { Desired } from "@cutover/domain/decide";
import * as ecs from "@pulumi/aws/ecs";
import * as pulumi from "@pulumi/pulumi";
import type { CutoverConfig } from "../config";
import { CapacityProof } from "../providers/capacity-proof";
import { physicalName } from "./naming";
import type { Network } from "./network";
import type { Secrets } from "./secrets";
import { Service, type ServiceArgs } from "./service";
import type { BackendGroups, Traffic } from "./traffic";

/** Seconds a service may take to reach the capacity its share needs. */
const CAPACITY_DEADLINE_SECONDS = 900;
/** Autoscaling may go to this many times the tasks that carry the peak. */
const HEADROOM = 2;

export interface ServicesArgs {
  readonly config: CutoverConfig;
  readonly desired: Desired;
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly network: Network;
  readonly secrets: Secrets;
  readonly traffic: Traffic;
  readonly migrations: pulumi.Resource;
  /** The weighted rule on the way down: what then has to be done before Python is touched. Empty otherwise. */
  readonly afterWeight: pulumi.Resource[];
}

/** Both services and the proofs of their capacity: what a rising weight waits for, and what waits for a falling one. */
export class Services extends pulumi.ComponentResource {
  readonly cluster: ecs.Cluster;
  readonly node: Service | undefined;
  readonly python: Service;
  /** What has to hold before the webhook moves. */
  readonly ready: pulumi.Resource[];
  /** Both services at the capacity their share needs: what has to hold before the weight rises. */
  readonly everything: pulumi.Resource[];

  /** Tasks that have to be healthy in this phase. */
  readonly minimum: { readonly node: number; readonly python: number };

  readonly #args: ServicesArgs;

  constructor(name: string, args: ServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Services", name, { pythonShare: args.desired.pythonShare }, opts);
    this.#args = args;
    this.minimum = minimumTasks(args);
    const { direction } = args.desired;
    this.cluster = new ecs.Cluster(name, { name: physicalName(args.stack, "") }, { parent: this });
    this.node = this.nodeService();
    this.python = this.pythonService(args.afterWeight);

    // While rolled back Python may be dead, and no customer waits for it.
    const demanded = direction !== "down" && !args.desired.rolledBack;
    const pythonReady = this.capacityProof("python", this.python, args.traffic.python, demanded);
    const nodeReady = this.provenNode();
    this.everything = [this.python, pythonReady, ...nodeReady];
    // Only a rising share waits for Python. Otherwise it may be broken, and that may be why the webhook moves.
    this.ready = direction === "up" || !this.node ? this.everything : nodeReady;
    this.registerOutputs({ cluster: this.cluster.name });
  }

  private nodeService(): Service | undefined {
    const { config, secrets, traffic } = this.#args;
    if (!traffic.node) return undefined;
    const { customer, probe, unmatched, pinned } = traffic.node;
    return new Service(
      "node",
      {
        ...this.shared(),
        ...config.node,
        engine: "node",
        secrets: secrets.forNode,
        secretArns: secrets.nodeSecretArns,
        targetGroups: [customer, probe, unmatched, pinned],
        minimumTasks: this.minimum.node,
        maximumTasks: config.node.tasks * HEADROOM,
      },
      { parent: this, serviceDependsOn: this.before(), capacityDependsOn: [] },
    );
  }

  private pythonService(afterWeight: pulumi.Resource[]): Service {
    const { config, secrets, traffic, migrations } = this.#args;
    return new Service(
      "python",
      {
        ...this.shared(),
        ...config.python,
        engine: "python",
        hardened: true,
        secrets: secrets.forPython,
        secretArns: secrets.pythonSecretArns,
        targetGroups: [traffic.python.customer, traffic.python.probe],
        minimumTasks: this.minimum.python,
        maximumTasks: config.python.tasks * HEADROOM,
      },
      {
        parent: this,
        serviceDependsOn: [...this.before(), migrations, ...afterWeight],
        capacityDependsOn: afterWeight,
      },
    );
  }

  private provenNode(): pulumi.Resource[] {
    const groups = this.#args.traffic.node;
    if (!this.node || !groups) return [];
    return [this.node, this.capacityProof("node", this.node, groups, true)];
  }

  private capacityProof(engine: "node" | "python", service: Service, groups: BackendGroups, demanded: boolean) {
    return new CapacityProof(
      `${engine}-capacity`,
      {
        cluster: this.cluster.name,
        service: service.serviceName,
        taskDefinition: service.taskDefinitionArn,
        minimum: this.minimum[engine],
        targetGroupArns: [groups.customer.arn, groups.probe.arn],
        deadlineSeconds: CAPACITY_DEADLINE_SECONDS,
        demanded,
        aws: this.#args.aws,
      },
      { parent: this, dependsOn: [service] },
    );
  }

  /** Rules that attach the target groups, and a way out for the tasks. */
  private before(): pulumi.Resource[] {
    return [...this.#args.traffic.attached, ...this.#args.network.egress];
  }

  private shared(): Pick<
    ServiceArgs,
    "stack" | "region" | "clusterArn" | "clusterName" | "subnetIds" | "securityGroupId" | "environment"
  > {
    const { stack, aws, network } = this.#args;
    return {
      stack,
      region: aws.region,
      clusterArn: this.cluster.arn,
      clusterName: this.cluster.name,
      subnetIds: network.privateSubnetIds,
      securityGroupId: network.serviceSecurityGroupId,
      environment: {},
    };
  }
}

function minimumTasks({ config, desired }: ServicesArgs): { node: number; python: number } {
  const { nodeMinimum, pythonMinimum } = capacityFor({
    nodePeakTasks: config.node.tasks,
    pythonTasksAtFull: config.python.tasks,
    pythonShare: desired.pythonCapacityShare,
    nodeExists: desired.phase.node !== "removed",
  });
  return { node: nodeMinimum, python: pythonMinimum };
}
