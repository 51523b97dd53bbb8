import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { freePort } from "../support/ports";
import { ManagedProcess } from "../support/process";
import { waitFor } from "../support/wait";
import type { ServiceDefinition } from "./definitions";
import type { TaskNetwork } from "./network";

/** A program that stands for a container image. */
export interface ImageProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Further variables, such as REHEARSAL_FAULT_FILE; the task definition's win. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How tasks reach what surrounds them. */
export interface TaskContext {
  readonly images: Readonly<Record<string, ImageProgram>>;
  readonly network: TaskNetwork;
  readonly readSecret: (valueFrom: string) => Promise<string>;
  readonly register: (targetGroupArn: string, ip: string, port: number) => Promise<void>;
  /** Resolves when the target is out of the group and drained. */
  readonly deregister: (targetGroupArn: string, ip: string, port: number) => Promise<void>;
  /** Variables of every task: AWS endpoint and region, the rehearsal's clock. */
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly maxConcurrent: (cpuUnits: number, imageRepository: string) => number | undefined;
  readonly logFolder: string;
  /** Real ms in which a container must listen. */
  readonly startMs: number;
  readonly onChange: (task: Task) => void;
}

export type TaskStatus =
  | "PROVISIONING"
  | "PENDING"
  | "ACTIVATING"
  | "RUNNING"
  | "DEACTIVATING"
  | "STOPPING"
  | "STOPPED";
export type StopCode = "TaskFailedToStart" | "EssentialContainerExited" | "UserInitiated" | "ServiceSchedulerInitiated";

/** One task of a service: one local process with a private address. */
export class Task {
  readonly id = randomBytes(16).toString("hex");
  readonly arn: string;
  readonly service: ServiceDefinition;
  readonly taskDefinition: TaskDefinition;
  readonly deploymentId: string;
  readonly createdAt = Date.now();
  readonly ip: string;
  readonly logFile: string;
  readonly #context: TaskContext;
  #status: TaskStatus = "PROVISIONING";
  #process: ManagedProcess | undefined;
  #registered: readonly string[] = [];
  #ending: Promise<void> | undefined;
  port: number | undefined;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  stopCode: StopCode | undefined;
  stoppedReason: string | undefined;
  exitCode: number | undefined;

  constructor(service: ServiceDefinition, taskDefinition: TaskDefinition, deploymentId: string, context: TaskContext) {
    this.service = service;
    this.taskDefinition = taskDefinition;
    this.deploymentId = deploymentId;
    this.#context = context;
    this.ip = context.network.allocate();
    this.arn = `${service.clusterArn.replace(":cluster/", ":task/")}/${this.id}`;
    this.logFile = join(context.logFolder, `${service.name}-${this.id.slice(0, 8)}.log`);
  }

  get status(): TaskStatus {
    return this.#status;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Whether the scheduler wants it to run. */
  get desiredStatus(): "RUNNING" | "STOPPED" {
    return this.#ending || this.#status === "STOPPED" ? "STOPPED" : "RUNNING";
  }

  get container(): ContainerDefinition {
    return this.taskDefinition.containerDefinitions?.[0] ?? {};
  }

  /** Brings the task up; resolves when it runs or has stopped. Never rejects: the reason is in the task. */
  async start(): Promise<void> {
    try {
      const program = this.#program();
      const env = await this.#environment(program);
      if (this.#ending) return;
      this.#set("PENDING");
      this.#launch(program, env);
      await this.#listening();
      if (this.#ending) return;
      this.#set("ACTIVATING");
      await this.#register();
      if (this.#ending) return;
      this.startedAt = Date.now();
      this.#set("RUNNING");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await this.stop("TaskFailedToStart", reason);
    }
  }

  /** Out of the target groups, drained, SIGTERM, `stopTimeout`, SIGKILL. Repeated calls share the first one's end. */
  stop(code: StopCode, reason: string): Promise<void> {
    this.#ending ??= this.#end(code, reason, true);
    return this.#ending;
  }

  /** Ends at once without draining: the rehearsal is over. */
  abandon(): Promise<void> {
    this.#ending ??= Promise.resolve();
    this.#context.network.close(this.#address());
    return this.#process?.stop(2000) ?? Promise.resolve();
  }

  /** The machine under the task dies: SIGKILL, nobody is told. */
  kill(): void {
    this.#process?.kill();
  }

  async #end(code: StopCode, reason: string, drain: boolean): Promise<void> {
    this.stopCode = code;
    this.stoppedReason = reason;
    // A dead process's port may soon be somebody else's.
    if (!drain) this.#context.network.close(this.#address());
    if (this.#registered.length > 0) {
      this.#set("DEACTIVATING");
      const groups = this.#registered;
      this.#registered = [];
      const left = Promise.allSettled(
        groups.map((arn) => this.#context.deregister(arn, this.ip, this.#containerPort())),
      );
      if (drain) await left;
    }
    this.#set("STOPPING");
    await this.#process?.stop((this.container.stopTimeout ?? 30) * 1000);
    this.exitCode ??= (await this.#process?.exit)?.code ?? undefined;
    this.#context.network.close(this.#address());
    this.stoppedAt = Date.now();
    this.#set("STOPPED");
  }

  #set(status: TaskStatus): void {
    this.#status = status;
    this.#context.onChange(this);
  }

  #program(): ImageProgram {
    const containers = this.taskDefinition.containerDefinitions ?? [];
    if (containers.length !== 1) {
      throw new Error(
        `the rehearsal runs one container in a task, ${this.taskDefinition.family} has ${containers.length}`,
      );
    }
    const image = this.container.image ?? "";
    const program = this.#context.images[repositoryOf(image)];
    if (!program) {
      throw new Error(
        `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: not found`,
      );
    }
    return program;
  }

  async #environment(program: ImageProgram): Promise<Record<string, string>> {
    const { baseEnv, readSecret, maxConcurrent } = this.#context;
    const env: Record<string, string> = { PATH: minimalPath(), ...baseEnv, ...program.env };
    for (const { name = "", value = "" } of this.container.environment ?? []) env[name] = value;
    for (const { name = "", valueFrom = "" } of this.container.secrets ?? []) {
      try {
        env[name] = await readSecret(valueFrom);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(
          `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret ${valueFrom}: ${why}`,
        );
      }
    }
    const cpu = Number(this.taskDefinition.cpu ?? this.container.cpu ?? 0);
    const limit = maxConcurrent(cpu, repositoryOf(this.container.image ?? ""));
    if (limit !== undefined) env.REHEARSAL_MAX_CONCURRENT = String(limit);
    this.port = await freePort();
    env.PORT = String(this.port);
    return env;
  }

  #launch(program: ImageProgram, env: Record<string, string>): void {
    const child = new ManagedProcess({
      name: `task ${this.service.name}/${this.id.slice(0, 8)}`,
      command: program.command,
      args: program.args,
      cwd: program.cwd,
      env,
      logFile: this.logFile,
    });
    this.#process = child;
    void child.exit.then(({ code }) => {
      this.exitCode = code ?? 137;
      if (this.#ending) return;
      const stopCode = this.#status === "RUNNING" ? "EssentialContainerExited" : "TaskFailedToStart";
      this.#ending = this.#end(stopCode, "Essential container in task exited", false);
    });
  }

  async #listening(): Promise<void> {
    const { startMs } = this.#context;
    await waitFor(async () => this.#ending !== undefined || (await accepts(this.port ?? 0)), {
      what: `the container of task ${this.service.name}/${this.id.slice(0, 8)} to listen on its PORT, log: ${this.logFile}`,
      deadlineMs: startMs,
    });
  }

  async #register(): Promise<void> {
    this.#context.network.open(this.#address(), this.port ?? 0);
    const groups = this.service.loadBalancers.map(({ targetGroupArn }) => targetGroupArn);
    this.#registered = groups;
    await Promise.all(groups.map((arn) => this.#context.register(arn, this.ip, this.#containerPort())));
  }

  #containerPort(): number {
    return this.service.loadBalancers[0]?.containerPort ?? this.container.portMappings?.[0]?.containerPort ?? 8080;
  }

  #address() {
    return { id: this.ip, port: this.#containerPort() };
  }

  /** The address its targets have, for asking the load balancer. */
  get target(): { readonly id: string; readonly port: number } {
    return this.#address();
  }
}

/** `registry/name` of `registry/name:tag@sha256:…`. */
export const repositoryOf = (image: string): string => (image.split("@")[0] ?? "").replace(/:[^:/]*$/, "");

const minimalPath = (): string => `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
