import { DATED_NOTICES, type DatedNotice } from "../notices";
import { lastRelease, type RollbackRecord } from "./record";

/** What woke the rollback function up. */
export type RollbackEvent =
  | {
      readonly kind: "alarm";
      readonly tier: "hard" | "soft" | "suspicion";
      readonly alarm: string;
      /** When the alarm went into ALARM, milliseconds since the epoch. */
      readonly at: number;
      /** CloudWatch's reason, shortened. Of a composite it names the child. */
      readonly text: string;
    }
  | { readonly kind: "reconcile" }
  | { readonly kind: "manual"; readonly reason: string }
  | { readonly kind: "notice"; readonly notice: DatedNotice }
  | { readonly kind: "ignored"; readonly why: string };

/** Names of the alarms that roll back. */
export interface RollbackAlarmNames {
  readonly hard: string;
  readonly soft: string;
}

/** An alarm event older than this counts only while the alarm is still in ALARM: SNS delivers late, not never. */
export const STALE_AFTER_MS = 15 * 60_000;

const LONGEST_TEXT = 400;

/**
 * Reads an invocation's payload: SNS with CloudWatch's message, `{"source":"reconcile"}`, `{"source":"manual","reason":…}`,
 * or `{"source":"notice","notice":…}` of a one-time schedule. What is not for this function becomes `ignored` with a sentence, never an error: an error would be retried.
 * @param stack alarms of other stacks are foreign
 */
export function parseEvents(payload: unknown, stack: string, alarms: RollbackAlarmNames): RollbackEvent[] {
  if (!isBag(payload)) return [ignored("the event is no JSON object")];
  if (payload.source === "reconcile") return [{ kind: "reconcile" }];
  if (payload.source === "manual") return [manual(payload.reason)];
  if (payload.source === "notice") return [dated(payload.notice)];
  const { Records: records } = payload;
  if (!Array.isArray(records)) return [ignored("the event is neither from SNS, nor a reconciliation, nor manual")];
  if (records.length === 0) return [ignored("the event from SNS has no record")];
  return records.map((record: unknown) => alarmEvent(record, stack, alarms));
}

function manual(reason: unknown): RollbackEvent {
  const text = typeof reason === "string" ? oneLine(reason) : "";
  if (text === "") return ignored('a manual rollback needs a reason: {"source":"manual","reason":"…"}');
  return { kind: "manual", reason: text };
}

function dated(name: unknown): RollbackEvent {
  const notice = DATED_NOTICES.find((one) => one === name);
  return notice ? { kind: "notice", notice } : ignored(`no notice is called "${oneLine(String(name))}"`);
}

function alarmEvent(record: unknown, stack: string, alarms: RollbackAlarmNames): RollbackEvent {
  const sns = isBag(record) && isBag(record.Sns) ? record.Sns : undefined;
  const message = typeof sns?.Message === "string" ? parseJson(sns.Message) : undefined;
  if (!isBag(message) || typeof message.AlarmName !== "string") {
    return ignored("the message from SNS is no alarm of CloudWatch");
  }
  const { AlarmName: alarm, NewStateValue: state, StateChangeTime: changed, NewStateReason: reason } = message;
  if (!alarm.startsWith(`cutover-${stack}-`)) return ignored(`the alarm "${oneLine(alarm)}" belongs to something else`);
  if (state !== "ALARM") return ignored(`"${alarm}" went to ${oneLine(String(state))}, which moves nothing`);
  const at = timeOf(changed);
  if (at === undefined) return ignored(`the message of "${alarm}" does not say when it changed`);
  const tier = alarm === alarms.hard ? "hard" : alarm === alarms.soft ? "soft" : "suspicion";
  return { kind: "alarm", tier, alarm, at, text: oneLine(typeof reason === "string" ? reason : "") };
}

/** Why an alarm's event comes too late to mean anything, or undefined. `now`: milliseconds since the epoch. */
export function lateBecause(
  event: { readonly alarm: string; readonly at: number },
  records: readonly RollbackRecord[],
  now: number,
  stillInAlarm: boolean | undefined,
): string | undefined {
  const released = lastRelease(records);
  if (event.at <= released) {
    return `"${event.alarm}" went into ALARM before the release of ${new Date(released).toISOString()}, which looked at it`;
  }
  if (now - event.at > STALE_AFTER_MS && stillInAlarm === false) {
    return `"${event.alarm}" went into ALARM at ${new Date(event.at).toISOString()} and is not in ALARM any more`;
  }
  return undefined;
}

function ignored(why: string): RollbackEvent {
  return { kind: "ignored", why };
}

/** CloudWatch writes `2026-11-22T10:00:00.000+0000`, without the colon of ISO 8601. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const at = Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(at) ? undefined : at;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBag(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
