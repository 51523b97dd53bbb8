import { EventEmitter } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import {
  DeregisterTargetsCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { OWN_KEYS } from "../aws/gateway/gateway";
import type { BalancerReality, EcsReality, JsonObject } from "../aws/gateway/reality";
import type { RehearsalClock } from "../clock";
import { waitFor } from "../support/wait";
import type { ServiceDefinition } from "./definitions";
import { describeService, describeTask } from "./describe";
import type { LogSource } from "./log-shipper";
import type { TaskNetwork } from "./network";
import { SecretReader } from "./secrets";
import { ServiceController } from "./service-controller";
import type { ImageProgram, Task, TaskContext, TaskStatus } from "./task";

export interface TaskRunnerOptions {
  readonly clock: RehearsalClock;
  /** Reads the services' definitions. */
  readonly source: () => Promise<readonly ServiceDefinition[]>;
  readonly balancer: BalancerReality;
  readonly network: TaskNetwork;
  /** The gateway's URL; registrations, secrets and scaling go through it, as on AWS. */
  readonly gatewayUrl: string;
  readonly region: string;
  /** Image repository (without tag and digest) → the program that stands for it. */
  readonly images: Readonly<Record<string, ImageProgram>>;
  /** Logs of tasks go to its logs/tasks/. */
  readonly runFolder: string;
  /** Requests a task of so many CPU units (1024 = one vCPU) can have in progress; default: no limit. */
  readonly maxConcurrent?: (cpuUnits: number, imageRepository: string) => number | undefined;
  /** Real ms in which a container must listen; default 30,000. */
  readonly startMs?: number;
  /** Real ms between two looks besides those on `notify`; default a minute. */
  readonly rereadMs?: number;
}

export interface TaskRunnerEvents {
  progress: [line: string];
  problem: [error: Error];
}

/** A task for people and stories. */
export interface TaskSummary {
  readonly id: string;
  readonly service: string;
  readonly taskDefinitionArn: string;
  /** Of its container, such as `repository@sha256:…`. */
  readonly image: string;
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly ip: string;
  readonly state: TaskStatus;
  readonly stoppedReason: string | undefined;
  readonly logFile: string;
}

/** Every change is notified. */
const REREAD_MS = 60_000;

/** The rehearsal's ECS and Fargate: makes the services that the emulated account declares real, as local processes. */
export class TaskRunner extends EventEmitter<TaskRunnerEvents> implements EcsReality {
  readonly #options: TaskRunnerOptions;
  readonly #controllers = new Map<string, ServiceController>();
  readonly #secrets: SecretReader;
  readonly #elb: ElasticLoadBalancingV2Client;
  readonly #ecs: ECSClient;
  readonly #scaling: ECSClient;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: TaskRunnerOptions) {
    super();
    this.#options = options;
    const { gatewayUrl: endpoint, region } = options;
    const client = (accessKeyId: string) => ({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey: "rehearsal" },
    });
    this.#secrets = new SecretReader({ endpoint, region, accessKeyId: OWN_KEYS.tasks });
    this.#elb = new ElasticLoadBalancingV2Client(client(OWN_KEYS.tasks));
    this.#ecs = new ECSClient(client(OWN_KEYS.tasks));
    this.#scaling = new ECSClient(client(OWN_KEYS.scaling));
  }

  /** Reads the services and keeps them running until `stop`. */
  async start(): Promise<void> {
    mkdirSync(this.#logFolder, { recursive: true });
    await this.refresh();
    const loop = () => {
      this.#timer = setTimeout(() => {
        this.notify();
        loop();
      }, this.#options.rereadMs ?? REREAD_MS);
      this.#timer.unref();
    };
    loop();
  }

  /** Something may have changed: looks again soon, without waiting for it. */
  notify(): void {
    this.refresh().catch((error: Error) => {
      if (!this.#stopped) this.emit("problem", error);
    });
  }

  /** A target's health changed: services may have to act. */
  healthChanged(): void {
    for (const controller of this.#controllers.values()) controller.reconcile();
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  /** Reads the definitions and begins what is due; concurrent calls share one further reading. */
  refresh(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#readUntilCalm().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** All tasks that are not stopped, and the last stopped ones. */
  list(service?: string): readonly TaskSummary[] {
    return this.#tasks()
      .filter((task) => service === undefined || task.service.name === service)
      .map((task) => ({
        id: task.id,
        service: task.service.name,
        taskDefinitionArn: task.taskDefinition.taskDefinitionArn ?? "",
        image: task.container.image ?? "",
        pid: task.pid,
        port: task.port,
        ip: task.ip,
        state: task.status,
        stoppedReason: task.stoppedReason,
        logFile: task.logFile,
      }));
  }

  /** Files of tasks whose containers log to CloudWatch (log driver `awslogs`). */
  logSources(): readonly LogSource[] {
    return this.#tasks().flatMap((task) => {
      const { logDriver, options = {} } = task.container.logConfiguration ?? {};
      const group = options["awslogs-group"];
      if (logDriver !== "awslogs" || !group) return [];
      const prefix = options["awslogs-stream-prefix"] ?? "ecs";
      return [{ file: task.logFile, group, stream: `${prefix}/${task.container.name}/${task.id}` }];
    });
  }

  /** SIGKILL, as if the machine under the task had died. Throws for an unknown task. */
  killTask(id: string): void {
    const task = this.#tasks().find((it) => it.id === id || it.arn === id);
    if (!task)
      throw new Error(
        `there is no task ${id}; tasks: ${
          this.list()
            .map((it) => it.id)
            .join(", ") || "none"
        }`,
      );
    task.kill();
  }

  describeService(serviceArn: string): JsonObject | undefined {
    const controller = this.#controllers.get(serviceArn);
    return controller && describeService(controller);
  }

  describeTasks(cluster: string): readonly JsonObject[] {
    return this.#tasks()
      .filter(({ service }) => service.clusterArn === cluster || service.clusterArn.endsWith(`/${cluster}`))
      .map(describeTask);
  }

  stopTask(cluster: string, id: string, reason: string): JsonObject | undefined {
    const task = this.#tasks().find((it) => it.arn === id || it.id === id);
    if (!task || !(task.service.clusterArn === cluster || task.service.clusterArn.endsWith(`/${cluster}`)))
      return undefined;
    void task.stop("UserInitiated", reason);
    return describeTask(task);
  }

  /** Ends all tasks (SIGTERM, after 2 s SIGKILL) without draining, and everything else. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => undefined);
    await Promise.all([...this.#controllers.values()].map((controller) => controller.abandon()));
    this.#controllers.clear();
    this.#secrets.close();
    for (const client of [this.#elb, this.#ecs, this.#scaling]) client.destroy();
  }

  get #logFolder(): string {
    return join(this.#options.runFolder, "logs", "tasks");
  }

  #tasks(): readonly Task[] {
    return [...this.#controllers.values()].flatMap(({ tasks }) => [...tasks]);
  }

  async #readUntilCalm(): Promise<void> {
    do {
      this.#again = false;
      const definitions = await this.#options.source();
      if (this.#stopped) return;
      for (const definition of definitions) {
        await this.#scale(definition);
        this.#controller(definition).apply(definition);
      }
    } while (this.#again && !this.#stopped);
  }

  #controller(definition: ServiceDefinition): ServiceController {
    const known = this.#controllers.get(definition.arn);
    if (known) return known;
    const controller = new ServiceController(definition, {
      context: this.#context(),
      targetHealth: (arn, target) => this.#options.balancer.targetHealth(arn, target),
      progress: (line) => this.emit("progress", line),
      rollBack: async ({ clusterArn, name }, taskDefinition) => {
        await this.#ecs.send(new UpdateServiceCommand({ cluster: clusterArn, service: name, taskDefinition }));
      },
    });
    this.#controllers.set(definition.arn, controller);
    return controller;
  }

  /** Application Auto Scaling keeps the desired count within the registered capacity. */
  async #scale({ active, capacity, desiredCount, clusterArn, name }: ServiceDefinition): Promise<void> {
    if (!active || !capacity) return;
    const wanted = Math.min(capacity.max, Math.max(capacity.min, desiredCount));
    if (wanted === desiredCount) return;
    await this.#scaling.send(new UpdateServiceCommand({ cluster: clusterArn, service: name, desiredCount: wanted }));
    this.emit("progress", `${name}: auto scaling set the desired count from ${desiredCount} to ${wanted}`);
  }

  #context(): TaskContext {
    const { images, network, clock, region, gatewayUrl, maxConcurrent, startMs } = this.#options;
    return {
      images,
      network,
      readSecret: (valueFrom) => this.#secrets.read(valueFrom),
      register: async (TargetGroupArn, Id, Port) => {
        await this.#elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port }] }));
      },
      deregister: (arn, id, port) => this.#deregister(arn, id, port),
      baseEnv: {
        CUTOVER_CLOCK: clock.toEnv(),
        AWS_ENDPOINT_URL: gatewayUrl,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: "TASKROLE",
        AWS_SECRET_ACCESS_KEY: "rehearsal",
      },
      maxConcurrent: maxConcurrent ?? (() => undefined),
      logFolder: this.#logFolder,
      startMs: startMs ?? 30_000,
      onChange: () => undefined,
    };
  }

  /** A group that is gone by now needs nothing; otherwise waits until the load balancer has drained the target. */
  async #deregister(TargetGroupArn: string, id: string, port: number): Promise<void> {
    const { balancer } = this.#options;
    await this.#elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: id, Port: port }] }));
    await balancer.settled();
    await waitFor(() => balancer.targetHealth(TargetGroupArn, { id, port }).state !== "draining", {
      what: `target ${id}:${port} to drain`,
      deadlineMs: 3_700_000,
    });
  }
}
