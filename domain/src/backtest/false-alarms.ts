import { evaluateBulk } from "../cloudwatch/bulk";
import { periodOf } from "../cloudwatch/evaluate";
import type { Trigger } from "../triggers";
import { probeSlots, SLOTS_PER_MINUTE } from "./probes";
import { metricsFrom, publishedMinutes } from "./published";
import type { Random } from "./random";
import type { HealthyTraffic } from "./traffic";

const DAY = 24 * 60;
/** Days evaluated at once: bounds memory. */
const CHUNK_DAYS = 100;

export interface FalseAlarms {
  /** Times a day that each trigger went into ALARM, by key. */
  readonly perDay: ReadonlyMap<string, number>;
  /** Times a day that any of them did while none was: rollbacks. */
  readonly anyPerDay: number;
  readonly days: number;
}

/** Whether an alarm looks at probes, in slots of 10 s. */
export const watchesProbes = ({ definition }: Trigger): boolean => periodOf(definition) < 60;

/** Minutes until the longest window is full of traffic. */
export function warmUp(alarms: readonly Trigger[]): number {
  return 5 + Math.max(...alarms.map(({ definition }) => (periodOf(definition) / 60) * definition.evaluationPeriods));
}

/** How often healthy traffic sets off the triggers. */
export function falseAlarms(
  random: Random,
  traffic: HealthyTraffic,
  alarms: readonly Trigger[],
  options: { readonly days: number; readonly delaySeconds: number; readonly probeFailures: number },
): FalseAlarms {
  const lead = Math.ceil(warmUp(alarms));
  const totals = new Map(alarms.map(({ key }) => [key, 0]));
  let any = 0;
  for (let done = 0; done < options.days; done += CHUNK_DAYS) {
    const minutes = lead + Math.round(Math.min(CHUNK_DAYS, options.days - done) * DAY);
    const read = metricsFrom(traffic.take(minutes));
    const published = publishedMinutes(random, dailyPhases(random, minutes), options.delaySeconds);
    const time = { step: 60, length: minutes, published };
    const union = new Uint8Array(minutes + 1);
    for (const alarm of alarms) {
      const states = watchesProbes(alarm)
        ? probeStates(random, alarm, minutes, options.probeFailures)
        : evaluateBulk(alarm.definition, read, time);
      totals.set(alarm.key, (totals.get(alarm.key) ?? 0) + onsets(states, lead));
      for (let i = 0; i <= minutes; i++) if (states[i] === 1) union[i] = 1;
    }
    any += onsets(union, lead);
  }
  const perDay = new Map([...totals].map(([key, n]) => [key, n / options.days]));
  return { perDay, anyPerDay: any / options.days, days: options.days };
}

/** By minute: in ALARM at any of its six evaluations. */
function probeStates(random: Random, { definition }: Trigger, minutes: number, failures: number): Uint8Array {
  const { metric, time } = probeSlots(random, minutes, minutes, failures);
  const fine = evaluateBulk(definition, () => metric, time);
  const states = new Uint8Array(minutes + 1);
  for (let i = 0; i < fine.length; i++) if (fine[i] === 1) states[Math.ceil(i / SLOTS_PER_MINUTE)] = 1;
  return states;
}

/** Changes into ALARM after the lead. */
function onsets(states: Uint8Array, lead: number): number {
  let found = 0;
  for (let i = lead + 1; i < states.length; i++) if (states[i] === 1 && states[i - 1] !== 1) found++;
  return found;
}

/** CloudWatch evaluates at some second of the minute, which we don't choose: another one each day. */
function dailyPhases(random: Random, minutes: number): Uint8Array {
  const phases = new Uint8Array(minutes + 1);
  for (let i = 0; i <= minutes; i += DAY) phases.fill(random.below(60), i, i + DAY);
  return phases;
}
