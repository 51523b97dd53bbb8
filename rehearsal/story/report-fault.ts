import type { SentMessage } from "../ghl/load";
import type { FaultDetails, FaultResult } from "../report/model";
import { account, type QueueRows } from "./ledger";
import type { PlayedFault } from "./play-fault";
import { lostDetails } from "./report-step";
import type { Stage } from "./stage";

/** The moments that decide which messages a fault could touch; real time, ms since the epoch. */
type Moments = Pick<PlayedFault, "injectedAt" | "switchedAt">;

/** Sent between the fault and the switch, and answered by neither Node nor the inbox: handed to Python, or to nobody. */
export function isExposedTo({ injectedAt, switchedAt }: Moments, message: SentMessage): boolean {
  if (injectedAt === undefined || message.servedBy === "node" || message.servedBy === "inbox") return false;
  // A message under way when the fault came may have met it as well.
  const answeredAt = message.sentAt + message.latencyMs;
  return answeredAt >= injectedAt && message.sentAt <= (switchedAt ?? Number.POSITIVE_INFINITY);
}

/** One entry of report.json's `faults`. */
export function faultResult(
  played: PlayedFault,
  messages: readonly SentMessage[],
  rows: QueueRows,
  { clock }: Pick<Stage, "clock">,
): FaultResult {
  const { step, injectedAt, alarm, switchedAt, webhookAt } = played;
  const exposed = messages.filter((message) => isExposedTo(played, message));
  const detectedMs = alarm && injectedAt !== undefined ? alarm.at - injectedAt : null;
  const after = (at: number | undefined) => (alarm && at !== undefined ? at - alarm.at : null);
  return {
    fault: step.fault,
    phase: step.phase,
    detectedMs,
    detectedRehearsalMinutes: detectedMs === null ? null : Number(((detectedMs * clock.factor) / 60_000).toFixed(1)),
    trafficBackMs: after(switchedAt),
    webhookBackMs: after(webhookAt),
    exposed: exposed.length,
    lost: account(exposed, rows).lost.length,
    customerRequestsToFaultyAfter: played.requestsAfter,
  };
}

/** The same with its moments, for the page. */
export function faultDetails(
  played: PlayedFault,
  messages: readonly SentMessage[],
  rows: QueueRows,
  stage: Stage,
): FaultDetails {
  const { alarm, injectedAt, rollback } = played;
  const since = (at: number) => at - stage.startedAtMs;
  const moment = <K extends string>(key: K, at: number | undefined) =>
    (at === undefined ? {} : { [key]: since(at) }) as { [P in K]?: number };
  const exposed = messages.filter((message) => isExposedTo(played, message));
  return {
    ...faultResult(played, messages, rows, stage),
    injectedMs: since(injectedAt ?? played.beganAt),
    ...(alarm ? { alarm: alarm.name, reason: alarm.reason } : {}),
    triggers: played.triggers ?? [],
    ...moment("alarmMs", alarm?.at),
    ...moment("switchVerifiedMs", played.switchedAt),
    ...moment("webhookMs", played.webhookAt),
    ...moment("liftedMs", played.liftedAt),
    ...moment("releasedMs", played.releasedAt),
    ...(rollback === undefined ? {} : { rollback }),
    lostMessages: account(exposed, rows)
      .lost.slice(0, 20)
      .map((lost) => lostDetails(lost, stage)),
  };
}
