import { evaluateBulk } from "../cloudwatch/bulk";
import type { Trigger } from "../triggers";
import { watchesProbes } from "./false-alarms";
import { applyFault, type Fault, hitsProbes } from "./faults";
import { probeSlots, SLOTS_PER_MINUTE } from "./probes";
import { metricsFrom, publishedMinutes } from "./published";
import type { Random } from "./random";
import { emptyCounts, type HealthyTraffic, type MinuteCounts } from "./traffic";

/** Minutes from the fault to ALARM, one for each trial; infinite when it was not seen within the horizon. */
export type DetectionTimes = ReadonlyMap<string, readonly number[]>;

export interface DetectionOptions {
  readonly trials: number;
  /** Healthy minutes before the fault: as long as the longest window. */
  readonly lead: number;
  /** Minutes with the fault. */
  readonly horizon: number;
  readonly delaySeconds: number;
  readonly probeFailures: number;
}

/** Key of the earliest of all triggers. */
export const ANY = "any";

/** Minutes with probes before and after the fault: enough to see a dead Python or not. */
const PROBE_LEAD = 5;
const PROBE_MINUTES = 20;
/** Minutes evaluated at once: bounds memory. */
const CHUNK_MINUTES = 300_000;

/**
 * Puts a fault into healthy traffic at random seconds and looks when each trigger, and any of them, goes into ALARM.
 * Trials in which one was in ALARM before the fault began say nothing about it and are left out.
 */
export function detectionTimes(
  random: Random,
  traffic: HealthyTraffic,
  alarms: readonly Trigger[],
  fault: Fault,
  options: DetectionOptions,
): DetectionTimes {
  const times = new Map<string, number[]>([...alarms.map(({ key }): [string, number[]] => [key, []]), [ANY, []]]);
  const chunk = Math.max(1, Math.floor(CHUNK_MINUTES / (options.lead + options.horizon)));
  for (let done = 0; done < options.trials; done += chunk) {
    const trials = Math.min(chunk, options.trials - done);
    const found = trialTimes(random, traffic, alarms, fault, { ...options, trials });
    for (let trial = 0; trial < trials; trial++) {
      const each = alarms.map(({ key }) => ({ key, at: found.get(key)?.[trial] ?? Number.NaN }));
      for (const { key, at } of each) if (!Number.isNaN(at)) times.get(key)?.push(at);
      const earliest = Math.min(...each.map(({ at }) => at));
      // Math.min of anything with NaN is NaN: one was in ALARM already.
      if (!Number.isNaN(earliest)) times.get(ANY)?.push(earliest);
    }
  }
  return times;
}

/** Times by key and trial; NaN = in ALARM before the fault. */
function trialTimes(
  random: Random,
  traffic: HealthyTraffic,
  alarms: readonly Trigger[],
  fault: Fault,
  { trials, lead, horizon, delaySeconds, probeFailures }: DetectionOptions,
): Map<string, number[]> {
  const span = lead + horizon;
  const seconds = Array.from({ length: trials }, () => random.below(60));
  const phases = Array.from({ length: trials }, () => random.below(60));
  const counts = trialCounts(random, traffic, fault, seconds, lead, span);
  const read = metricsFrom(counts);
  const phaseAt = new Uint8Array(trials * span + 1);
  for (const [k, phase] of phases.entries()) phaseAt.fill(phase, k * span, (k + 1) * span);
  const published = publishedMinutes(random, phaseAt, delaySeconds);
  const time = { step: 60, length: trials * span, published };
  const found = new Map<string, number[]>();
  for (const alarm of alarms) {
    if (watchesProbes(alarm)) {
      found.set(alarm.key, probeTimes(random, alarm, seconds, probeFailures, hitsProbes(fault)));
      continue;
    }
    const states = evaluateBulk(alarm.definition, read, time, { span, lead });
    const at = Array.from({ length: trials }, (_, k) => {
      const start = k * span + lead;
      const first = firstAlarm(states, start, k * span + span);
      // The fault begins at `second`, the evaluation after minute i is `phase` seconds into the next one.
      return first - start + ((phases[k] as number) - (seconds[k] as number)) / 60;
    });
    found.set(alarm.key, at);
  }
  return found;
}

function trialCounts(
  random: Random,
  traffic: HealthyTraffic,
  fault: Fault,
  seconds: readonly number[],
  lead: number,
  span: number,
): MinuteCounts {
  const counts = emptyCounts(seconds.length * span);
  for (const [k, second] of seconds.entries()) {
    const stretch = traffic.take(span);
    applyFault(random, stretch, fault, { from: lead, second, to: span });
    for (const key of Object.keys(counts) as (keyof MinuteCounts)[]) counts[key].set(stretch[key], k * span);
  }
  return counts;
}

/** Index of the first evaluation after `start` in ALARM; NaN when it was so at `start`, infinite when never. */
function firstAlarm(states: Uint8Array, start: number, end: number): number {
  if (states[start] === 1) return Number.NaN;
  for (let i = start + 1; i <= end; i++) if (states[i] === 1) return i;
  return Number.POSITIVE_INFINITY;
}

/** The same faults as the minute alarms see, each at its second. */
function probeTimes(
  random: Random,
  { definition }: Trigger,
  seconds: readonly number[],
  failures: number,
  broken: boolean,
): number[] {
  const span = PROBE_LEAD + PROBE_MINUTES;
  const faultAt = (second: number) => PROBE_LEAD * 60 + second;
  const brokenFrom = (k: number) => (broken ? faultAt(seconds[k] as number) : Number.POSITIVE_INFINITY);
  const { metric, time } = probeSlots(random, seconds.length * span, span, failures, brokenFrom);
  const states = evaluateBulk(definition, () => metric, time);
  return seconds.map((second, k) => {
    const start = k * span * SLOTS_PER_MINUTE;
    const first = firstAlarm(states, start + PROBE_LEAD * SLOTS_PER_MINUTE, start + span * SLOTS_PER_MINUTE);
    // Evaluated at some moment of each 10 s.
    return ((first - start) * 10 + random.next() * 10 - faultAt(second)) / 60;
  });
}
