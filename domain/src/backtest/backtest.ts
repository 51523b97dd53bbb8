import { type Trigger, triggers } from "../triggers";
import { ANY, type DetectionTimes, detectionTimes } from "./detection";
import { type FalseAlarms, falseAlarms, warmUp } from "./false-alarms";
import type { FaultKind } from "./faults";
import { Random } from "./random";
import { HEALTHY, type HealthyRates, type HealthyTraffic, syntheticTraffic } from "./traffic";

/** One line of the table: a trigger at a level of traffic, or `any` of them. Minutes are null when p95 or p50 is not reached. */
export interface BacktestRow {
  /** Messages an hour that reach Python. */
  readonly messagesPerHour: number;
  readonly trigger: string;
  readonly falseRollbacksPerDay: number;
  readonly detect100P50Min: number | null;
  readonly detect100P95Min: number | null;
  readonly detect20P50Min: number | null;
  readonly detect20P95Min: number | null;
}

export interface BacktestOptions {
  readonly seed: number;
  /** Healthy days for each level. */
  readonly days: number;
  /** Faults for each level and size. */
  readonly trials: number;
  /** Seconds after a minute's end until it is published at the latest; evenly spread. At most 60. */
  readonly delaySeconds: number;
  readonly fault: FaultKind;
  /** Share of messages of the smaller fault. */
  readonly share: number;
  readonly healthy: HealthyRates;
}

export const DEFAULTS: BacktestOptions = {
  seed: 1,
  days: 2000,
  trials: 1000,
  delaySeconds: 60,
  fault: "errors",
  share: 0.2,
  healthy: HEALTHY,
};

/** Levels of the committed table, messages an hour on Python. */
export const LEVELS = [6, 30, 120, 600] as const;

/** Longest that a fault is waited for, minutes. */
export const LONGEST = 24 * 60;

/**
 * How long a fault is waited for: the time of as many messages as a trigger may need (the rarest are bookings, one message
 * in five), at least an hour and at most a day.
 */
export function horizonMinutes(messagesPerHour: number, size: "total" | "partial"): number {
  const messages = size === "total" ? 60 : 480;
  return Math.min(LONGEST, Math.max(60, Math.ceil((messages * 60) / messagesPerHour)));
}

/**
 * The alarms that roll back, as they are deployed for this many messages an hour on Python.
 *
 * @param lookBackMinutes see `TriggerInput.lookBackMinutes`
 */
export function rollbackAlarms(messagesPerHour: number, lookBackMinutes?: number): readonly Trigger[] {
  const { alarms } = triggers({
    stack: "backtest",
    loadBalancer: "any",
    targetGroups: { pythonCustomer: "any" },
    pythonShare: 100,
    expectedMessagesPerHour: messagesPerHour,
    nodeExists: true,
    lookBackMinutes,
  });
  return alarms.filter(({ tier }) => tier !== "watch");
}

/** False rollbacks and detection times of the stack's own definitions on Poisson traffic. Same seed, same answer. */
export function backtest(messagesPerHour: number, options: BacktestOptions): BacktestRow[] {
  const random = seeded(options.seed, messagesPerHour);
  return rowsOf(messagesPerHour, rollbackAlarms(messagesPerHour), measureSteady(messagesPerHour, random, options));
}

/** The random numbers of a level. */
export function seeded(seed: number, messagesPerHour: number): Random {
  return new Random(seed * 1_000_003 + Math.round(messagesPerHour * 10));
}

/** {@link measure} on steady traffic at the rate that the alarms were made for. */
export function measureSteady(messagesPerHour: number, random: Random, options: BacktestOptions): Measurement {
  const traffic = syntheticTraffic(random, messagesPerHour, options.healthy);
  return measure(traffic, random, options, rollbackAlarms(messagesPerHour));
}

/** The same on given healthy traffic, for instance a recorded one; alarms as deployed for its rate. */
export function backtestOn(
  traffic: HealthyTraffic,
  random: Random,
  options: BacktestOptions,
  alarms: readonly Trigger[] = rollbackAlarms(traffic.messagesPerHour),
): BacktestRow[] {
  return rowsOf(traffic.messagesPerHour, alarms, measure(traffic, random, options, alarms));
}

/** What was seen of healthy traffic and of both sizes of the fault. */
export interface Measurement {
  readonly quiet: FalseAlarms;
  readonly total: DetectionTimes;
  readonly partial: DetectionTimes;
}

export function measure(
  traffic: HealthyTraffic,
  random: Random,
  options: BacktestOptions,
  alarms: readonly Trigger[],
): Measurement {
  const { days, delaySeconds, healthy } = options;
  const quiet = falseAlarms(random, traffic, alarms, { days, delaySeconds, probeFailures: healthy.probes });
  return { quiet, ...bothSizes(traffic, random, options, alarms) };
}

export function rowsOf(
  messagesPerHour: number,
  alarms: readonly Trigger[],
  { quiet, total, partial }: Measurement,
): BacktestRow[] {
  return [...alarms.map(({ key }) => key), ANY].map((trigger) => ({
    messagesPerHour: rounded(messagesPerHour),
    trigger,
    falseRollbacksPerDay: rounded(trigger === ANY ? quiet.anyPerDay : (quiet.perDay.get(trigger) ?? 0)),
    detect100P50Min: quantile(total.get(trigger) ?? [], 0.5),
    detect100P95Min: quantile(total.get(trigger) ?? [], 0.95),
    detect20P50Min: quantile(partial.get(trigger) ?? [], 0.5),
    detect20P95Min: quantile(partial.get(trigger) ?? [], 0.95),
  }));
}

/** How fast all triggers together see one kind of fault. */
export interface FaultRow {
  readonly messagesPerHour: number;
  readonly fault: FaultKind;
  /** Minutes, p50 and p95, when every message is hit. */
  readonly total: readonly [p50: number | null, p95: number | null];
  /** The same when `share` of them are. */
  readonly partial: readonly [p50: number | null, p95: number | null];
}

/** Detection of `options.fault` by all triggers together, without a count of false alarms. */
export function faultRow(messagesPerHour: number, options: BacktestOptions): FaultRow {
  const random = seeded(options.seed + 7, messagesPerHour);
  const traffic = syntheticTraffic(random, messagesPerHour, options.healthy);
  const { total, partial } = bothSizes(traffic, random, options, rollbackAlarms(messagesPerHour));
  const ends = (times: DetectionTimes) => {
    const together = times.get(ANY) ?? [];
    return [quantile(together, 0.5), quantile(together, 0.95)] as const;
  };
  return { messagesPerHour, fault: options.fault, total: ends(total), partial: ends(partial) };
}

function bothSizes(
  traffic: HealthyTraffic,
  random: Random,
  options: BacktestOptions,
  alarms: readonly Trigger[],
): { readonly total: DetectionTimes; readonly partial: DetectionTimes } {
  return {
    total: timesOf(traffic, random, options, alarms, "total"),
    partial: timesOf(traffic, random, options, alarms, "partial"),
  };
}

/** @param horizon minutes that a fault is waited for */
export function timesOf(
  traffic: HealthyTraffic,
  random: Random,
  options: BacktestOptions,
  alarms: readonly Trigger[],
  size: "total" | "partial",
  horizon = horizonMinutes(traffic.messagesPerHour, size),
): DetectionTimes {
  const { trials, delaySeconds, fault: kind, healthy } = options;
  const share = size === "total" ? 1 : options.share;
  const timing = { trials, lead: Math.ceil(warmUp(alarms)), horizon, delaySeconds, probeFailures: healthy.probes };
  return detectionTimes(random, traffic, alarms, { kind, share }, timing);
}

/** The smallest time that this share of the trials does not exceed, in tenths of a minute; null when it is infinite. */
export function quantile(times: readonly number[], share: number): number | null {
  const sorted = [...times].sort((a, b) => a - b);
  const found = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(found) ? Math.round(found * 10) / 10 : null;
}

export const rounded = (x: number): number => Math.round(x * 10_000) / 10_000;
