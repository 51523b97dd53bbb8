import { type BacktestOptions, LONGEST, quantile, rollbackAlarms, rounded, seeded, timesOf } from "./backtest";
import { ANY } from "./detection";
import { falseAlarms } from "./false-alarms";
import { syntheticTraffic } from "./traffic";

/** All triggers together at a rate, and after a rollback, when their windows are shortened. */
export interface PromiseRow {
  /** Messages an hour that reach Python. */
  readonly messagesPerHour: number;
  /** `TriggerInput.lookBackMinutes`; null: no limit. */
  readonly lookBackMinutes: number | null;
  readonly falseRollbacksPerDay: number;
  /** Minutes; null when it may take longer than a day. */
  readonly detect100P95Min: number | null;
  readonly detect20P95Min: number | null;
}

/** The row that is kept as `[messagesPerHour, lookBackMinutes, falseRollbacksPerDay, detect100P95Min, detect20P95Min]`. */
export function promiseRowOf(row: readonly [number, number | null, number, number | null, number | null]): PromiseRow {
  const [messagesPerHour, lookBackMinutes, falseRollbacksPerDay, detect100P95Min, detect20P95Min] = row;
  return { messagesPerHour, lookBackMinutes, falseRollbacksPerDay, detect100P95Min, detect20P95Min };
}

/** Messages an hour on Python that promises are measured for: every second person's share lies near one of them. */
export const PROMISE_LEVELS = [3, 6, 10, 15, 20, 30, 45, 60, 90, 120, 200, 300, 600, 1500] as const;

/** Minutes that windows are shortened to after a rollback; see `lookBack` in `decide`. */
export const LOOK_BACKS = [10, 30, 60, 120, 360] as const;

/** One row. The faults are waited for as long as needed, up to a day. */
export function promiseRow(
  messagesPerHour: number,
  lookBackMinutes: number | null,
  options: BacktestOptions,
): PromiseRow {
  const alarms = rollbackAlarms(messagesPerHour, lookBackMinutes ?? undefined);
  const random = seeded(options.seed + 11 + (lookBackMinutes ?? 0), messagesPerHour);
  const traffic = syntheticTraffic(random, messagesPerHour, options.healthy);
  const { days, delaySeconds, healthy } = options;
  const quiet = falseAlarms(random, traffic, alarms, { days, delaySeconds, probeFailures: healthy.probes });
  const p95 = (size: "total" | "partial"): number | null => {
    const within = (horizon?: number) =>
      quantile(timesOf(traffic, random, options, alarms, size, horizon).get(ANY) ?? [], 0.95);
    return within() ?? within(LONGEST);
  };
  return {
    messagesPerHour,
    lookBackMinutes,
    falseRollbacksPerDay: rounded(quiet.anyPerDay),
    detect100P95Min: p95("total"),
    detect20P95Min: p95("partial"),
  };
}
