import { PROMISED } from "./measured-promises";
import { LOOK_BACKS, type PromiseRow } from "./promise-rows";

/** What the triggers promise at some traffic: the two numbers that people see before they raise the share. */
export interface TriggerPromise {
  /** Messages an hour that reach Python. */
  readonly messagesPerHour: number;
  /** Rollbacks a day that noise alone causes, about, while traffic is as steady as expected. */
  readonly falseRollbacksPerDay: number;
  /** Minutes until a total outage is seen, in 95 of 100 cases. */
  readonly totalOutageMinutes: number | null;
  /** The same for a fault that hits one message in five; null when it may take longer than a day. */
  readonly oneInFiveMinutes: number | null;
  /** Messages that come to harm until then: all of a total outage, a fifth of the smaller fault. Rounded up. */
  readonly totalOutageMessages: number | null;
  readonly oneInFiveMessages: number | null;
  /** After a rollback: minutes that the windows are shortened to; small faults are found later. */
  readonly lookBackMinutes?: number;
}

/**
 * False rollbacks and detection times for a rate, from the committed measurements (docs/measured/backtest.md). Between two
 * levels the worse one counts. Below the lowest level a partial fault takes longer in proportion; above the highest
 * nothing gets better. Windows that are shortened after a rollback count as the next shorter ones that were measured.
 *
 * @param lookBackMinutes `TriggerInput.lookBackMinutes`; default: no limit
 * @returns undefined at share 0: nothing to roll back
 */
export function triggerPromise(
  expectedMessagesPerHour: number,
  pythonShare: number,
  lookBackMinutes?: number,
  table: readonly PromiseRow[] = PROMISED,
): TriggerPromise | undefined {
  const messagesPerHour = (expectedMessagesPerHour * pythonShare) / 100;
  const rows = rowsFor(lookBackMinutes, table);
  const lowest = rows[0];
  if (!(messagesPerHour > 0) || !lowest) return undefined;
  const below = rows.findLast((row) => row.messagesPerHour <= messagesPerHour);
  const above = rows.find((row) => row.messagesPerHour >= messagesPerHour);
  const around = [below, above].filter((row) => row !== undefined);
  // Windows end at a day: below the lowest level a fault may take longer than anybody measured.
  const stretch = below ? 1 : lowest.messagesPerHour / messagesPerHour;
  const totalOutageMinutes = worst(around.map((row) => row.detect100P95Min));
  const partial = tooShort(lookBackMinutes) ? null : worst(around.map((row) => row.detect20P95Min));
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
    ...(lookBackMinutes === undefined ? {} : { lookBackMinutes }),
  };
}

/** Rows of the longest windows that were measured and are no longer than this, lowest rate first. */
function rowsFor(lookBackMinutes: number | undefined, table: readonly PromiseRow[]): PromiseRow[] {
  const shortest = LOOK_BACKS[0];
  const measured =
    lookBackMinutes === undefined ? null : (LOOK_BACKS.findLast((one) => one <= lookBackMinutes) ?? shortest);
  return table.filter((row) => row.lookBackMinutes === measured).sort((a, b) => a.messagesPerHour - b.messagesPerHour);
}

/** Shorter than anything that was measured: nothing is known of small faults. */
function tooShort(lookBackMinutes: number | undefined): boolean {
  return lookBackMinutes !== undefined && lookBackMinutes < LOOK_BACKS[0];
}

/** Null (not seen) is the worst of all. */
function worst(minutes: readonly (number | null)[]): number | null {
  const known = minutes.filter((one) => one !== null);
  return known.length < minutes.length ? null : Math.max(...known);
}

/** "a total outage is seen within 1.6 min (~1 message), a 20 % fault within 6 h (~8 messages), about 1 false rollback in 25 days". */
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
