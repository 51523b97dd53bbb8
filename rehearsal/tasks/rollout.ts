/** A task as the scheduler sees it. */
export interface TaskView {
  readonly id: string;
  readonly deploymentId: string;
  readonly phase: "starting" | "running" | "stopping";
  /** Running and healthy in every target group. */
  readonly healthy: boolean;
}

export interface RolloutState {
  readonly desired: number;
  /** The newest deployment: the one whose tasks shall be left in the end. */
  readonly primary: string;
  readonly tasks: readonly TaskView[];
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
}

export interface RolloutStep {
  readonly start: number;
  /** Ids of tasks to stop now. */
  readonly stop: readonly string[];
}

/**
 * The scheduler's next step, as the vendor describes rolling updates: never more than `maximumPercent` of the desired
 * tasks starting or running, never fewer than `minimumHealthyPercent` healthy ones by the scheduler's own doing.
 */
export function nextStep(state: RolloutState): RolloutStep {
  const { desired, primary, tasks } = state;
  const live = tasks.filter(({ phase }) => phase !== "stopping");
  const own = live.filter(({ deploymentId }) => deploymentId === primary);
  const old = live.filter(({ deploymentId }) => deploymentId !== primary);
  const most = Math.max(desired, Math.floor((desired * state.maximumPercent) / 100));
  const least = Math.ceil((desired * state.minimumHealthyPercent) / 100);
  const surplus = [...own].sort(unhealthyFirst).slice(0, Math.max(0, own.length - desired));
  const stop = surplus.map(({ id }) => id);
  let healthy = live.filter((task) => task.healthy && !stop.includes(task.id)).length;
  for (const task of [...old].sort(unhealthyFirst)) {
    if (task.healthy && healthy - 1 < least) break;
    stop.push(task.id);
    if (task.healthy) healthy--;
  }
  const room = most - (live.length - stop.length);
  return { start: Math.max(0, Math.min(desired - own.length, room)), stop };
}

const unhealthyFirst = (a: TaskView, b: TaskView): number => Number(a.healthy) - Number(b.healthy);

/** Failed tasks after which the circuit breaker ends a deployment: half the desired count, at least 3, at most 200. */
export const breakerThreshold = (desired: number): number => Math.min(200, Math.max(3, Math.ceil(desired / 2)));

/** Real ms until the next start after `failures` failed ones in a row: 1, 2, 4, 8, then 10 s. */
export const startDelayMs = (failures: number): number => (failures === 0 ? 0 : Math.min(10_000, 500 * 2 ** failures));
