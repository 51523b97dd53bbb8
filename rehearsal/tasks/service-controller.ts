import { randomInt, randomUUID } from "node:crypto";
import type { TargetHealth } from "../loadbalancer/health";
import type { ServiceDefinition } from "./definitions";
import { breakerThreshold, nextStep, startDelayMs, type TaskView } from "./rollout";
import { Task, type TaskContext } from "./task";

/** One version of a service that was rolled out, is being, or was given up. */
export interface Deployment {
  readonly id: string;
  readonly taskDefinition: string;
  readonly nonce: string;
  readonly createdAt: number;
  updatedAt: number;
  failedTasks: number;
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutStateReason: string;
}

export interface ServiceEvent {
  readonly id: string;
  readonly createdAt: number;
  readonly message: string;
}

export interface ServiceControllerOptions {
  readonly context: TaskContext;
  readonly targetHealth: (targetGroupArn: string, target: { id: string; port: number }) => TargetHealth;
  readonly progress: (line: string) => void;
  /** Writes the task definition of the last completed deployment back into the service. */
  readonly rollBack: (service: ServiceDefinition, taskDefinition: string) => Promise<void>;
}

/** Brings one service to what its definition says and keeps it there, by the rules of the ECS service scheduler. */
export class ServiceController {
  readonly #options: ServiceControllerOptions;
  readonly #context: TaskContext;
  readonly tasks = new Set<Task>();
  readonly events: ServiceEvent[] = [];
  #definition: ServiceDefinition;
  /** Newest first. */
  #deployments: Deployment[] = [];
  #failuresInRow = 0;
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #steady = false;
  #stopped = false;

  constructor(definition: ServiceDefinition, options: ServiceControllerOptions) {
    this.#definition = definition;
    this.#options = options;
    this.#context = { ...options.context, onChange: (task) => this.#taskChanged(task) };
  }

  get definition(): ServiceDefinition {
    return this.#definition;
  }

  get deployments(): readonly Deployment[] {
    return this.#deployments;
  }

  /** Tasks that are not stopped. */
  get live(): readonly Task[] {
    return [...this.tasks].filter(({ status }) => status !== "STOPPED");
  }

  /** Takes the present definition and does what is due. */
  apply(definition: ServiceDefinition): void {
    this.#definition = definition;
    const arn = definition.taskDefinition.taskDefinitionArn ?? "";
    const primary = this.#deployments[0];
    if (definition.active && (primary?.taskDefinition !== arn || primary.nonce !== definition.nonce)) {
      this.#deployments.unshift(newDeployment(arn, definition.nonce));
      this.#failuresInRow = 0;
      this.#notBefore = 0;
      this.#steady = false;
      this.#options.progress(`${definition.name}: rolling out ${arn.split("/").at(-1)}`);
    }
    this.reconcile();
  }

  /** Does what is due: starts, stops, notices a finished or failed deployment. */
  reconcile(): void {
    if (this.#stopped) return;
    this.#stopUnhealthy();
    const primary = this.#deployments[0];
    if (!primary) return;
    const { active, desiredCount, rollout } = this.#definition;
    const desired = active ? desiredCount : 0;
    const step = nextStep({ desired, primary: primary.id, tasks: this.#views(), ...rollout });
    for (const task of this.live.filter(({ id }) => step.stop.includes(id))) {
      void task.stop("ServiceSchedulerInitiated", `Scaling activity initiated by (deployment ${primary.id})`);
    }
    if (primary.rolloutState !== "FAILED") this.#startTasks(step.start, primary);
    this.#settle(desired, primary);
  }

  /** Ends all tasks at once; the rehearsal is over. */
  async abandon(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.live.map((task) => task.abandon()));
  }

  #views(): TaskView[] {
    return this.live.map((task) => ({
      id: task.id,
      deploymentId: task.deploymentId,
      phase: task.desiredStatus === "STOPPED" ? "stopping" : task.status === "RUNNING" ? "running" : "starting",
      healthy: this.#healthy(task),
    }));
  }

  #healthy(task: Task): boolean {
    return (
      task.status === "RUNNING" &&
      task.desiredStatus === "RUNNING" &&
      this.#health(task).every(({ state, reason }) => state === "healthy" || reason === "Target.NotInUse")
    );
  }

  #health(task: Task): TargetHealth[] {
    const { loadBalancers } = task.service;
    return loadBalancers.map(({ targetGroupArn }) => this.#options.targetHealth(targetGroupArn, task.target));
  }

  /** ECS replaces tasks that the load balancer calls unhealthy, once their grace period is over. */
  #stopUnhealthy(): void {
    const graceMs = this.#definition.rollout.graceSeconds * 1000;
    for (const task of this.live) {
      if (task.status !== "RUNNING" || task.desiredStatus !== "RUNNING") continue;
      if (Date.now() - (task.startedAt ?? 0) < graceMs) continue;
      const at = this.#health(task).findIndex(({ state }) => state === "unhealthy");
      if (at < 0) continue;
      const group = task.service.loadBalancers[at]?.targetGroupArn ?? "";
      this.#say(
        `(service ${this.#definition.name}) (task ${task.id}) failed ELB health checks in (target-group ${group})`,
      );
      this.#countFailure(task);
      void task.stop("ServiceSchedulerInitiated", `Task failed ELB health checks in (target-group ${group})`);
    }
  }

  #startTasks(count: number, primary: Deployment): void {
    if (count === 0) return;
    const wait = this.#notBefore - Date.now();
    clearTimeout(this.#timer);
    if (wait > 0) {
      this.#timer = setTimeout(() => this.reconcile(), wait);
      return;
    }
    this.#steady = false;
    for (let i = 0; i < count; i++) {
      const task = new Task(this.#definition, this.#definition.taskDefinition, primary.id, this.#context);
      this.tasks.add(task);
      void task.start();
    }
  }

  #taskChanged(task: Task): void {
    const name = `${this.#definition.name}: task ${task.id.slice(0, 8)}`;
    if (task.status === "RUNNING") {
      this.#failuresInRow = 0;
      this.#options.progress(`${name} runs as ${task.ip} (pid ${task.pid}, port ${task.port})`);
    }
    if (task.status === "STOPPED") {
      this.#options.progress(`${name} stopped: ${task.stoppedReason}`);
      if (task.stopCode === "TaskFailedToStart") {
        this.#say(`(service ${this.#definition.name}) (task ${task.id}) failed to start: ${task.stoppedReason}`);
      }
      if (task.stopCode === "TaskFailedToStart" || task.stopCode === "EssentialContainerExited")
        this.#countFailure(task);
      this.#forgetOld();
    }
    if (!this.#stopped) setImmediate(() => this.reconcile());
  }

  #countFailure(task: Task): void {
    this.#steady = false;
    this.#failuresInRow++;
    this.#notBefore = Date.now() + startDelayMs(this.#failuresInRow - (task.startedAt ? 1 : 0));
    const deployment = this.#deployments.find(({ id }) => id === task.deploymentId);
    if (deployment?.rolloutState !== "IN_PROGRESS") return;
    deployment.failedTasks++;
    deployment.updatedAt = Date.now();
    const { rollout, desiredCount } = this.#definition;
    if (rollout.circuitBreaker && deployment.failedTasks >= breakerThreshold(desiredCount)) this.#giveUp(deployment);
  }

  #giveUp(deployment: Deployment): void {
    deployment.rolloutState = "FAILED";
    deployment.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
    this.#say(
      `(service ${this.#definition.name}) (deployment ${deployment.id}) deployment failed: tasks failed to start.`,
    );
    const good = this.#deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
    if (!this.#definition.rollout.rollback || !good) return;
    this.#say(`(service ${this.#definition.name}) rolling back to deployment ${good.id}.`);
    void this.#options.rollBack(this.#definition, good.taskDefinition);
  }

  /** Notices that the primary deployment is done and that older ones have no tasks left. */
  #settle(desired: number, primary: Deployment): void {
    const live = this.live;
    const running = live.filter((task) => task.deploymentId === primary.id && this.#healthy(task)).length;
    const others = live.some((task) => task.deploymentId !== primary.id || task.desiredStatus === "STOPPED");
    this.#deployments = this.#deployments.filter(
      ({ id }, at) => at === 0 || live.some(({ deploymentId }) => deploymentId === id) || this.#lastGood()?.id === id,
    );
    if (this.#steady || primary.rolloutState === "FAILED" || running !== desired || others) return;
    this.#steady = true;
    primary.rolloutState = "COMPLETED";
    primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    primary.updatedAt = Date.now();
    this.#deployments = [primary];
    this.#say(`(service ${this.#definition.name}) has reached a steady state.`);
  }

  #lastGood(): Deployment | undefined {
    return this.#deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
  }

  /** AWS shows stopped tasks for about an hour; here the last twenty of a service. */
  #forgetOld(): void {
    const stopped = [...this.tasks].filter(({ status }) => status === "STOPPED");
    for (const task of stopped.slice(0, Math.max(0, stopped.length - 20))) this.tasks.delete(task);
  }

  #say(message: string): void {
    this.events.unshift({ id: randomUUID(), createdAt: Date.now(), message });
    this.events.splice(100);
  }
}

function newDeployment(taskDefinition: string, nonce: string): Deployment {
  const id = `ecs-svc/${randomInt(1e12, 9e12)}`;
  return {
    id,
    taskDefinition,
    nonce,
    createdAt: Date.now(),
    updatedAt: Date.now(),
    failedTasks: 0,
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: `ECS deployment ${id} in progress.`,
  };
}
