import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  type ScalableTarget,
} from "@aws-sdk/client-application-auto-scaling";
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  type Service,
  type TaskDefinition,
} from "@aws-sdk/client-ecs";
import type { JsonObject } from "../aws/gateway/reality";

/** An ECS service as it shall be. */
export interface ServiceDefinition {
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  /** False once it was deleted: it then drains its tasks. */
  readonly active: boolean;
  readonly desiredCount: number;
  readonly taskDefinition: TaskDefinition;
  /** Changes when a new deployment is forced or the service is made anew. */
  readonly nonce: string;
  readonly loadBalancers: readonly {
    readonly targetGroupArn: string;
    readonly containerName: string;
    readonly containerPort: number;
  }[];
  /** From Application Auto Scaling. */
  readonly capacity: { readonly min: number; readonly max: number } | undefined;
  readonly rollout: RolloutSettings;
}

export interface RolloutSettings {
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly circuitBreaker: boolean;
  readonly rollback: boolean;
  /** Seconds after a task's start in which failing health checks don't stop it; real ones, because it covers a process's start. */
  readonly graceSeconds: number;
}

export interface DefinitionReaderOptions {
  /** The emulator itself, not the gateway. */
  readonly endpoint: string;
  readonly region: string;
  /** What the emulator forgets of a service, by its ARN (the gateway remembers it). */
  readonly extras: (serviceArn: string) => JsonObject;
}

/** Reads the emulated ECS and Application Auto Scaling into plain data. */
export class DefinitionReader {
  readonly #ecs: ECSClient;
  readonly #scaling: ApplicationAutoScalingClient;
  readonly #options: DefinitionReaderOptions;
  readonly #taskDefinitions = new Map<string, TaskDefinition>();

  constructor(options: DefinitionReaderOptions) {
    this.#options = options;
    const { endpoint, region } = options;
    const credentials = { accessKeyId: "ECSTASKRUNNER", secretAccessKey: "rehearsal" };
    this.#ecs = new ECSClient({ endpoint, region, credentials, maxAttempts: 2 });
    this.#scaling = new ApplicationAutoScalingClient({ endpoint, region, credentials, maxAttempts: 2 });
  }

  /** Every service of every cluster. Throws what the emulator throws. */
  async read(): Promise<readonly ServiceDefinition[]> {
    const [{ clusterArns = [] }, { ScalableTargets = [] }] = await Promise.all([
      this.#ecs.send(new ListClustersCommand({})),
      this.#scaling.send(new DescribeScalableTargetsCommand({ ServiceNamespace: "ecs" })),
    ]);
    const services = await Promise.all(clusterArns.map((cluster) => this.#services(cluster)));
    return Promise.all(services.flat().map((service) => this.#define(service, ScalableTargets)));
  }

  close(): void {
    this.#ecs.destroy();
    this.#scaling.destroy();
  }

  async #services(cluster: string): Promise<readonly Service[]> {
    const { serviceArns = [] } = await this.#ecs.send(new ListServicesCommand({ cluster }));
    const services: Service[] = [];
    for (let at = 0; at < serviceArns.length; at += 10) {
      const page = await this.#ecs.send(
        new DescribeServicesCommand({ cluster, services: serviceArns.slice(at, at + 10) }),
      );
      services.push(...(page.services ?? []));
    }
    return services;
  }

  async #define(service: Service, targets: readonly ScalableTarget[]): Promise<ServiceDefinition> {
    const arn = service.serviceArn ?? "";
    const name = service.serviceName ?? "";
    const cluster = service.clusterArn?.split("/").at(-1);
    const scalable = targets.find(({ ResourceId }) => ResourceId === `service/${cluster}/${name}`);
    return {
      arn,
      name,
      clusterArn: service.clusterArn ?? "",
      active: service.status === "ACTIVE",
      desiredCount: service.desiredCount ?? 0,
      taskDefinition: await this.#taskDefinition(service.taskDefinition ?? "", service.status !== "ACTIVE"),
      nonce: service.deployments?.[0]?.id ?? "",
      loadBalancers: (service.loadBalancers ?? []).map((balancer) => ({
        targetGroupArn: balancer.targetGroupArn ?? "",
        containerName: balancer.containerName ?? "",
        containerPort: balancer.containerPort ?? 80,
      })),
      capacity: scalable && { min: scalable.MinCapacity ?? 0, max: scalable.MaxCapacity ?? Number.MAX_SAFE_INTEGER },
      rollout: rolloutSettings(this.#options.extras(arn)),
    };
  }

  /** A registered revision never changes, so each is read once. A deleted service's may be gone: it starts nothing. */
  async #taskDefinition(name: string, mayBeGone: boolean): Promise<TaskDefinition> {
    const known = this.#taskDefinitions.get(name);
    if (known) return known;
    const asked = this.#ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: name }));
    const { taskDefinition } = await asked.catch((error: unknown) => {
      if (mayBeGone) return { taskDefinition: { taskDefinitionArn: name } };
      throw error;
    });
    if (!taskDefinition) throw new Error(`ECS knows no task definition ${name}`);
    if (/:\d+$/.test(name)) this.#taskDefinitions.set(name, taskDefinition);
    return taskDefinition;
  }
}

function rolloutSettings(extras: JsonObject): RolloutSettings {
  const deployment = (extras.deploymentConfiguration ?? {}) as JsonObject;
  const breaker = (deployment.deploymentCircuitBreaker ?? {}) as JsonObject;
  return {
    minimumHealthyPercent: Number(deployment.minimumHealthyPercent ?? 100),
    maximumPercent: Number(deployment.maximumPercent ?? 200),
    circuitBreaker: breaker.enable === true,
    rollback: breaker.rollback === true,
    graceSeconds: Number(extras.healthCheckGracePeriodSeconds ?? 0),
  };
}
