import { triggerPromise } from "../backtest/promise";
import { type TriggerSet, triggers } from "../triggers";

/** How long a fault of Python may last before traffic is moved back, and how many messages it reaches until then. */
export interface WorstCase {
  /** `backtest`: p95 of the committed back-test. `windows`: computed from the alarms' windows, no measurement. */
  readonly source: "backtest" | "windows";
  /** Every message fails. Null: perhaps not seen within a day. */
  readonly everyMessage: Exposure | null;
  /** One message in five fails. */
  readonly oneInFive: Exposure | null;
  /** Rollbacks a day that noise alone causes, about, at steady traffic. Null: there is no back-test. */
  readonly falseRollbacksPerDay: number | null;
  /** After a rollback: minutes that the alarms look back, which makes small faults be found later. */
  readonly lookBackMinutes?: number;
}

export interface Exposure {
  readonly minutes: number;
  /** Messages that come to harm, rounded up. */
  readonly messages: number;
}

const FIFTH = 0.2;
const DAY_MINUTES = 24 * 60;
/** From the last bad minute to the alarm: publication of the metric and the alarm's own rhythm. */
const LAG_MINUTES = 2;

/**
 * The worst case at a share.
 * @param promise Measured numbers; default: the committed back-test's
 * @param lookBackMinutes `TriggerInput.lookBackMinutes`; default: no limit
 * @returns undefined where Python gets no message
 */
export function worstCase(
  messagesPerHour: number,
  pythonShare: number,
  promise: typeof triggerPromise = triggerPromise,
  lookBackMinutes?: number,
): WorstCase | undefined {
  const perHour = (messagesPerHour * pythonShare) / 100;
  if (!(perHour > 0)) return undefined;
  const measured = promise(messagesPerHour, pythonShare, lookBackMinutes);
  if (!measured) return fromWindows(messagesPerHour, pythonShare);
  const exposure = (minutes: number | null, messages: number | null): Exposure | null =>
    minutes === null || messages === null ? null : { minutes, messages };
  return {
    source: "backtest",
    everyMessage: exposure(measured.totalOutageMinutes, measured.totalOutageMessages),
    oneInFive: exposure(measured.oneInFiveMinutes, measured.oneInFiveMessages),
    falseRollbacksPerDay: measured.falseRollbacksPerDay,
    ...(lookBackMinutes === undefined ? {} : { lookBackMinutes }),
  };
}

/**
 * The worst case of the front door itself (load balancer, certificate, DNS): it carries all messages, Node's too. Both
 * engines' probes go through it, so their alarms tell; computed from the window, not measured. Node's probe alarm is the
 * same, so the share does not matter.
 * @param messagesPerHour Of all customers
 */
export function frontDoorCase(messagesPerHour: number): Exposure {
  const minutes = probeMinutes(messagesPerHour, 0);
  return { minutes, messages: Math.ceil((messagesPerHour * minutes) / 60) };
}

/** Without a back-test: the probe alarm's window for an outage, and for less the time in which enough bad messages come. */
function fromWindows(messagesPerHour: number, pythonShare: number): WorstCase {
  const perMinute = (messagesPerHour * pythonShare) / 100 / 60;
  const set = definitionsAt(messagesPerHour, pythonShare);
  const outage = probeMinutes(messagesPerHour, pythonShare);
  const fifths = set.alarms.flatMap(({ key, definition }) => {
    const expression = definition.queries.map((query) => ("expression" in query ? query.expression : "")).join("");
    const count = Number(/>= (\d+)/.exec(expression)?.[1]);
    const window = Math.max(...definition.queries.map((query) => ("metric" in query ? query.metric.period : 0))) / 60;
    const minutes = Math.ceil(count / (perMinute * FIFTH)) + LAG_MINUTES;
    return key.startsWith("python-errors") && minutes <= window ? [minutes] : [];
  });
  const fifth = Math.min(...fifths, DAY_MINUTES + 1);
  const reached = (minutes: number, share: number) => ({ minutes, messages: Math.ceil(minutes * perMinute * share) });
  return {
    source: "windows",
    everyMessage: reached(outage, 1),
    oneInFive: fifth > DAY_MINUTES ? null : reached(fifth, FIFTH),
    falseRollbacksPerDay: null,
  };
}

function definitionsAt(expectedMessagesPerHour: number, pythonShare: number): TriggerSet {
  return triggers({
    stack: "explain",
    expectedMessagesPerHour,
    pythonShare,
    nodeExists: true,
    loadBalancer: "unknown",
    targetGroups: { pythonCustomer: "unknown" },
  });
}

/** Minutes until the probe alarm rings, when every probe fails. */
function probeMinutes(messagesPerHour: number, pythonShare: number): number {
  const probes = definitionsAt(messagesPerHour, pythonShare).alarms.find(
    ({ key }) => key === "python-probes",
  )?.definition;
  const seconds = probes?.queries.map((query) => ("metric" in query ? query.metric.period : 0)) ?? [0];
  return Math.ceil((Math.max(...seconds) * (probes?.evaluationPeriods ?? 1)) / 60) + LAG_MINUTES;
}
