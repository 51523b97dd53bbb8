import type { BacktestRow } from "./backtest";
import { MEASURED } from "./measured";

/** What the triggers promise at some traffic: the two numbers that people see before they raise the share. */
export interface TriggerPromise {
  /** Messages an hour that reach Python. */
  readonly messagesPerHour: number;
  /** Rollbacks a day that noise alone causes, at most. */
  readonly falseRollbacksPerDay: number;
  /** Minutes until a total outage is seen, in 95 of 100 cases. */
  readonly totalOutageMinutes: number | null;
  /** The same for a fault that hits one message in five; null when it may take longer than a day. */
  readonly oneInFiveMinutes: number | null;
  /** Messages that come to harm until then: all of a total outage, a fifth of the smaller fault. Rounded up. */
  readonly totalOutageMessages: number | null;
  readonly oneInFiveMessages: number | null;
}

/** The committed table's row of all triggers together, by level, lowest first. */
const TOGETHER: readonly BacktestRow[] = [...MEASURED.together].sort((a, b) => a.messagesPerHour - b.messagesPerHour);

/**
 * False rollbacks and detection times for a rate, from the committed table (docs/measured/backtest.md). Between two
 * levels the worse one counts: what is promised is kept. Below the lowest level a partial fault takes longer in
 * proportion; above the highest nothing gets better.
 *
 * @returns undefined at share 0: nothing to roll back
 */
export function triggerPromise(
  expectedMessagesPerHour: number,
  pythonShare: number,
  table: readonly BacktestRow[] = TOGETHER,
): TriggerPromise | undefined {
  const messagesPerHour = (expectedMessagesPerHour * pythonShare) / 100;
  const lowest = table[0];
  if (!(messagesPerHour > 0) || !lowest) return undefined;
  const below = table.findLast((row) => row.messagesPerHour <= messagesPerHour);
  const above = table.find((row) => row.messagesPerHour >= messagesPerHour);
  const around = [below, above].filter((row) => row !== undefined);
  // Windows end at a day: below the lowest level a fault may take longer than anybody measured.
  const stretch = below ? 1 : lowest.messagesPerHour / messagesPerHour;
  const totalOutageMinutes = worst(around.map((row) => row.detect100P95Min));
  const partial = worst(around.map((row) => row.detect20P95Min));
  const oneInFiveMinutes = partial === null || partial * stretch > 24 * 60 ? null : Math.ceil(partial * stretch);
  const messages = (minutes: number | null, share: number) =>
    minutes === null ? null : Math.ceil(((messagesPerHour * minutes) / 60) * share);
  return {
    messagesPerHour,
    falseRollbacksPerDay: Math.max(...around.map((row) => row.falseRollbacksPerDay)),
    totalOutageMinutes,
    oneInFiveMinutes,
    totalOutageMessages: messages(totalOutageMinutes, 1),
    oneInFiveMessages: messages(oneInFiveMinutes, 0.2),
  };
}

/** Null (not seen) is the worst of all. */
function worst(minutes: readonly (number | null)[]): number | null {
  const known = minutes.filter((one) => one !== null);
  return known.length < minutes.length ? null : Math.max(...known);
}

/** "a total outage within 1.6 min (~1 message), a 20 % fault within 6 h (~8 messages); about 1 false rollback in 25 days". */
export function promiseWords(promise: TriggerPromise): string {
  const { totalOutageMinutes, oneInFiveMinutes, falseRollbacksPerDay } = promise;
  const seen = (minutes: number | null, messages: number | null) =>
    minutes === null ? "perhaps not within a day" : `within ${duration(minutes)} (~${counted(messages ?? 0)})`;
  const wrong =
    falseRollbacksPerDay > 0
      ? `about 1 false rollback in ${Math.floor(1 / falseRollbacksPerDay)} days`
      : "no false rollback in the days measured";
  return [
    `a total outage is seen ${seen(totalOutageMinutes, promise.totalOutageMessages)}`,
    `a 20 % fault ${seen(oneInFiveMinutes, promise.oneInFiveMessages)}`,
    wrong,
  ].join(", ");
}

const counted = (messages: number): string => `${messages} message${messages === 1 ? "" : "s"}`;

function duration(minutes: number): string {
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 6) / 10} h`;
}
