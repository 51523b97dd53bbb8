import type { AlarmChange, FaultDetails, ReportDetails, Sample, StepDetails } from "./model";

/** From this moment on (real ms) Python is to get that many percent. */
export interface ShareChange {
  readonly atMs: number;
  readonly share: number;
}

/**
 * What the updates and the rollbacks declare, as it changes: a step's share from the moment its update is complete, 0
 * from a verified kill switch until the update that releases it.
 */
export function declaredOverTime({ steps, faults }: Pick<ReportDetails, "steps" | "faults">): ShareChange[] {
  const applied = steps.filter((step) => step.appliedMs !== undefined);
  const moments = [
    ...applied.map((step) => step.appliedMs ?? 0),
    ...faults.flatMap((fault) => [fault.switchVerifiedMs ?? [], fault.releasedMs ?? []].flat()),
  ].sort((a, b) => a - b);
  const changes: ShareChange[] = [{ atMs: 0, share: 0 }];
  for (const atMs of moments) {
    const latest = applied.filter((step) => (step.appliedMs ?? 0) <= atMs).at(-1);
    const share = faults.some((fault) => isRolledBack(fault, atMs)) ? 0 : (latest?.declaredShare ?? 0);
    if (share !== changes.at(-1)?.share) changes.push({ atMs, share });
  }
  return changes;
}

function isRolledBack({ switchVerifiedMs, releasedMs }: FaultDetails, atMs: number): boolean {
  return switchVerifiedMs !== undefined && atMs >= switchVerifiedMs && atMs < (releasedMs ?? Number.POSITIVE_INFINITY);
}

/** Accepted messages of a span of time. */
export interface Group {
  readonly fromMs: number;
  readonly toMs: number;
  readonly node: number;
  readonly python: number;
}

/** So many messages, or so many ms, make a share: fewer would only show chance. */
const ENOUGH = { messages: 200, ms: 5000 };

/** Joins seconds, oldest first, until they say something about the share; never across a moment of `breaks`. */
export function groupSamples(samples: readonly Sample[], breaks: readonly number[]): Group[] {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const { atMs, node, python } of samples) {
    const { fromMs, toMs } = open ?? { fromMs: atMs, toMs: atMs };
    if (open && (atMs > toMs || breaks.some((moment) => moment > fromMs && moment <= atMs))) {
      groups.push(open);
      open = undefined;
    }
    open = open
      ? { fromMs, toMs: atMs + 1000, node: open.node + node, python: open.python + python }
      : { fromMs: atMs, toMs: atMs + 1000, node, python };
    if (open.node + open.python < ENOUGH.messages && open.toMs - open.fromMs < ENOUGH.ms) continue;
    groups.push(open);
    open = undefined;
  }
  return [...groups, ...(open ? [open] : [])].filter((group) => group.node + group.python > 0);
}

/** One alarm's states over time. */
export interface Strip {
  readonly alarm: string;
  readonly rollsBack: boolean;
  readonly states: readonly {
    readonly state: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly reason: string;
  }[];
}

/** The alarms' states as spans, those that move traffic first, then in the order in which they first rang. */
export function stripsOf(changes: readonly AlarmChange[], endMs: number): Strip[] {
  const names = [...new Set(changes.map((change) => change.alarm))];
  const strips = names.map((alarm) => {
    const own = changes.filter((change) => change.alarm === alarm);
    const ordered = own.toSorted((a, b) => a.atMs - b.atMs);
    const states = ordered.map(({ to, atMs, reason }, i) => ({
      state: to,
      fromMs: atMs,
      toMs: ordered[i + 1]?.atMs ?? endMs,
      reason,
    }));
    return { alarm, rollsBack: own.some((change) => change.rollsBack), states };
  });
  return strips.sort((a, b) => Number(b.rollsBack) - Number(a.rollsBack) || firstRing(a) - firstRing(b));
}

/** Whether the alarm was ever in ALARM. */
export function rang(strip: Strip): boolean {
  return strip.states.some(({ state }) => state === "ALARM");
}

function firstRing({ states }: Strip): number {
  return states.find(({ state }) => state === "ALARM")?.fromMs ?? Number.POSITIVE_INFINITY;
}

/** What the names have in common, up to a hyphen: every alarm of a stack begins with the stack's name. */
export function commonStart(names: readonly string[]): string {
  const [first = "", ...others] = names;
  if (others.length === 0) return "";
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--;
  return first.slice(0, first.lastIndexOf("-", length - 1) + 1);
}

/** A step that breaks something instead of changing the stack. */
export function isFaultStep(step: StepDetails, faults: readonly FaultDetails[]): boolean {
  return faults.some((fault) => fault.fault === step.phase);
}
