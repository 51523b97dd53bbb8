import { type BacktestOptions, measure, quantile, rollbackAlarms, rounded, seeded } from "./backtest";
import { ANY, type DetectionTimes } from "./detection";
import type { FaultKind } from "./faults";
import { type HealthyRates, syntheticTraffic, WORKING_DAY } from "./traffic";

/** Traffic that is not what the alarms were made for. */
interface Variation {
  readonly what: string;
  /** The real mean rate, as a multiple of the expected one. */
  readonly factor: number;
  /** By hour, what the mean is multiplied with. */
  readonly hours?: readonly number[];
  readonly healthy?: Partial<HealthyRates>;
  readonly fault?: FaultKind;
}

/** What the back-test assumes and what a stack may find different. */
export const VARIATIONS: readonly Variation[] = [
  { what: "half the expected rate", factor: 0.5 },
  { what: "twice the expected rate", factor: 2 },
  { what: "a working day; expected: its mean", factor: 1, hours: WORKING_DAY },
  { what: "a working day; expected: its busy hour", factor: 0.5, hours: WORKING_DAY },
  {
    what: "fault in bookings, one message in ten books",
    factor: 1,
    healthy: { bookingsPerMessage: 0.1 },
    fault: "bookings",
  },
  {
    what: "fault in bookings, two messages in five book",
    factor: 1,
    healthy: { bookingsPerMessage: 0.4 },
    fault: "bookings",
  },
];

/** All triggers together on such traffic. */
export interface VariationRow {
  /** Messages an hour on Python that the alarms were made for. */
  readonly messagesPerHour: number;
  readonly what: string;
  readonly falseRollbacksPerDay: number;
  /** Minutes, p50 and p95, when every message is hit, and when `share` of them are. */
  readonly total: readonly [p50: number | null, p95: number | null];
  readonly partial: readonly [p50: number | null, p95: number | null];
}

export function variationRow(messagesPerHour: number, variation: Variation, options: BacktestOptions): VariationRow {
  const { what, factor, hours, fault = options.fault } = variation;
  const healthy = { ...options.healthy, ...variation.healthy };
  const random = seeded(options.seed + 5, messagesPerHour);
  const traffic = syntheticTraffic(random, messagesPerHour * factor, healthy, hours);
  const found = measure(traffic, random, { ...options, healthy, fault }, rollbackAlarms(messagesPerHour));
  const ends = (times: DetectionTimes) => {
    const together = times.get(ANY) ?? [];
    return [quantile(together, 0.5), quantile(together, 0.95)] as const;
  };
  return {
    messagesPerHour,
    what,
    falseRollbacksPerDay: rounded(found.quiet.anyPerDay),
    total: ends(found.total),
    partial: ends(found.partial),
  };
}
