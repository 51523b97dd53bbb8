import type { TimelineEntry } from "../engine/events";

/** What an operation changes. `other`: nothing that customers could notice at once. */
export type KillKind = "traffic" | "webhook" | "switch" | "migration" | "alarm" | "other";

const KINDS: readonly (readonly [kind: KillKind, type: RegExp])[] = [
  ["traffic", /:lb\/(listenerRule|targetGroup):|:lb\/listener:/],
  ["webhook", /:GhlValue$|:WebhookByHand$/],
  ["switch", /:KillSwitch$/],
  ["migration", /:SupabaseMigrations$/],
  ["alarm", /:cloudwatch\/(metricAlarm|compositeAlarm):/],
];

/** What customers, or those who watch over them, could notice. */
export const KILL_KINDS = ["traffic", "webhook", "switch", "migration", "alarm"] as const satisfies readonly KillKind[];

/** What the operation on a resource changes, by its type. */
export function kindOf(urn: string): KillKind {
  return KINDS.find(([, pattern]) => pattern.test(typeOf(urn)))?.[0] ?? "other";
}

/** An operation that has begun, as one text. */
export const keyOf = ({ op, urn }: TimelineEntry): string => `${op} ${urn}`;

/** The operations that had begun, and whose end the engine had not seen. */
export function underWay(timeline: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const over = new Set(timeline.filter(({ mark }) => mark !== "started").map(({ urn }) => urn));
  return begun(timeline).filter(({ urn }) => !over.has(urn));
}

/** Operations that a provider carries out: components and the stack itself only hold others. */
function begun(timeline: readonly TimelineEntry[]): readonly TimelineEntry[] {
  return timeline.filter(({ mark, urn }) => mark === "started" && !/^(cutover:index|pulumi:)/.test(typeOf(urn)));
}

const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

/** Says at which entry of a timeline to kill; undefined: not yet. */
export type KillChoice = (timeline: readonly TimelineEntry[]) => TimelineEntry | undefined;

/** The first operation of these kinds that was not hit yet. */
export function nextOfItsKind(hit: ReadonlySet<string>, kinds: readonly KillKind[] = KILL_KINDS): KillChoice {
  return (timeline) =>
    timeline.find(
      ({ mark, op, urn }) => mark === "started" && kinds.includes(kindOf(urn)) && !hit.has(keyOf({ mark, op, urn })),
    );
}

/** The n-th operation of the update, whatever it is; from 1. */
export function nth(n: number): KillChoice {
  return (timeline) => begun(timeline)[n - 1];
}

/** Different numbers from 1 to `to` out of a seed; mulberry32, so that every run has the same. */
export function seeded(seed: number, count: number, to: number): readonly number[] {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return 1 + Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * to);
  };
  const numbers = new Set<number>();
  while (numbers.size < Math.min(count, to)) numbers.add(next());
  return [...numbers];
}
