import { type BacktestOptions, type Measurement, rounded } from "./backtest";
import { ANY } from "./detection";

/** Where the true values of all triggers together lie, at 95 %: what another seed may well give. */
export interface Interval {
  readonly messagesPerHour: number;
  readonly falseRollbacksPerDay: readonly [number, number];
  /** Infinite where the upper end was not seen. */
  readonly detect20P95Min: readonly [number, number | null];
}

/** Standard deviations on either side of 95 %. */
const Z = 1.96;

export function intervalOf(
  messagesPerHour: number,
  { quiet, partial }: Measurement,
  { days }: BacktestOptions,
): Interval {
  const count = quiet.anyPerDay * days;
  const spread = Z * Math.sqrt(count);
  return {
    messagesPerHour,
    falseRollbacksPerDay: [rounded(Math.max(0, count - spread) / days), rounded((count + spread) / days)],
    detect20P95Min: quantileInterval(partial.get(ANY) ?? [], 0.95),
  };
}

/** By order statistics: the ranks that a binomial number of values lies between. */
export function quantileInterval(times: readonly number[], share: number): [number, number | null] {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length * share;
  const spread = Z * Math.sqrt(middle * (1 - share));
  const at = (rank: number) => sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? Number.POSITIVE_INFINITY;
  const tenths = (x: number) => Math.round(x * 10) / 10;
  const high = at(Math.ceil(middle + spread));
  return [tenths(at(Math.floor(middle - spread))), Number.isFinite(high) ? tenths(high) : null];
}
