import type { AlarmState } from "../cloudwatch/definition";
import type { KillSwitchState } from "../kill-switch";
import type { RollbackTier } from "../rollback";
import { lastMove, lastRelease, openRecord, type RollbackRecord, releaseBegan, STEPS, type StepName } from "./record";

/** The kill switch as the listener shows it. `missing`: there is no such rule, as after Node's removal. */
export type LiveSwitch = KillSwitchState | "unclear" | "missing";

/** An alarm that may roll back, as DescribeAlarms shows it. */
export interface AlarmNow {
  readonly name: string;
  readonly tier: Exclude<RollbackTier, "manual">;
  readonly state: AlarmState;
  /** When the state last changed, milliseconds since the epoch; undefined where CloudWatch does not say. */
  readonly since: number | undefined;
  readonly reason: string;
  /** It is about Node: at share 0, too, customers may be concerned. */
  readonly aboutNode?: boolean;
}

/** What the reconciler sees each minute. */
export interface ReconcileSight {
  readonly records: readonly RollbackRecord[];
  readonly killSwitch: LiveSwitch;
  /** Percent of customers' messages that the rules send to Python; undefined where it could not be read. */
  readonly share: number | undefined;
  readonly alarms: readonly AlarmNow[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What the reconciler does. `respond`: as if the alarm's event had come now. */
export type ReconcilePlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "respond"; readonly alarm: AlarmNow }
  | { readonly kind: "complete"; readonly record: RollbackRecord; readonly todo: readonly StepName[] }
  /** The release wrote `off` and died before it said so. */
  | { readonly kind: "finish-release"; readonly record: RollbackRecord }
  /** Somebody moved the switch, or SSM did not answer while the function did. */
  | { readonly kind: "record-switch"; readonly to: "node" | "hold"; readonly alarm: AlarmNow | undefined }
  /** The switch stands elsewhere than the record has it: that counts from now on. */
  | { readonly kind: "adopt"; readonly record: RollbackRecord; readonly to: "node" | "hold" }
  /** Somebody put the switch off without releasing the record. */
  | { readonly kind: "hand-off"; readonly record: RollbackRecord }
  /** Messages are held: look whether Node lives again. */
  | { readonly kind: "look-at-hold"; readonly record: RollbackRecord }
  /** Everything is at Node: look whether it lives, and whether the webhook is where it was put. */
  | { readonly kind: "look-at-node"; readonly record: RollbackRecord }
  | { readonly kind: "unclear" };

/** What is missing, given what is. Alarms act on transitions only, so one that was missed shows here and nowhere else. */
export function planReconcile(seen: ReconcileSight): ReconcilePlan {
  const open = openRecord(seen.records);
  return open ? withOpenRecord(open, seen) : withoutRecord(seen);
}

function withOpenRecord(record: RollbackRecord, seen: ReconcileSight): ReconcilePlan {
  const { killSwitch } = seen;
  const began = releaseBegan(record, seen.now);
  if (killSwitch === "off" && began !== undefined) return releaseBegun(record, began, seen);
  if (killSwitch === "off" && record.steps.switch?.state === "done") return putOffByHand(record, seen);
  if (isElsewhere(record, killSwitch) && !isBusy(record, seen.now)) return { kind: "adopt", record, to: killSwitch };
  const todo = remainingSteps(record, killSwitch, seen.now);
  if (todo.length > 0) return { kind: "complete", record, todo };
  if (isBusy(record, seen.now)) return { kind: "nothing" };
  if (killSwitch === "hold" && record.to === "hold") return { kind: "look-at-hold", record };
  if (killSwitch === "node" && record.to === "node") return { kind: "look-at-node", record };
  return { kind: "nothing" };
}

/**
 * The switch is moved, but not to where the record has it: a person moved it, or a run was killed before it noted its own
 * move. A move that failed is none: the switch still stands where it was to be moved from.
 */
export function isElsewhere(record: RollbackRecord, killSwitch: LiveSwitch): killSwitch is "node" | "hold" {
  if ((killSwitch !== "node" && killSwitch !== "hold") || killSwitch === record.to) return false;
  return record.steps.switch?.state === "done" || killSwitch !== record.movedFrom;
}

/** An alarm that fired after the release looked at the alarms is a new rollback; a suspicion waits for the release's end. */
function releaseBegun(record: RollbackRecord, began: number, { alarms, share }: ReconcileSight): ReconcilePlan {
  const ringing = ringingSince(certain(alarms), began);
  return ringing && share !== 0 ? { kind: "respond", alarm: ringing } : { kind: "finish-release", record };
}

/** A person's decision is not flipped back; an alarm that fires after it is a new reason, a mere suspicion is none. */
function putOffByHand(record: RollbackRecord, { alarms, now }: ReconcileSight): ReconcilePlan {
  const ringing = ringingSince(certain(alarms), lastMove(record, now));
  if (ringing) return { kind: "respond", alarm: ringing };
  const told = record.handOffAt !== undefined && record.handOffAt > (record.steps.switch?.at ?? "");
  return told ? { kind: "nothing" } : { kind: "hand-off", record };
}

function withoutRecord(seen: ReconcileSight): ReconcilePlan {
  const { killSwitch, share, alarms, records } = seen;
  // At share 0 only what is about Node can concern a customer.
  const counted = share === 0 ? alarms.filter(({ aboutNode }) => aboutNode) : alarms;
  const ringing = ringingSince(killSwitch === "off" ? counted : alarms, lastRelease(records));
  if (killSwitch === "node" || killSwitch === "hold") {
    return { kind: "record-switch", to: killSwitch, alarm: ringing?.tier === "suspicion" ? undefined : ringing };
  }
  if (ringing && (share !== 0 || ringing.aboutNode)) return { kind: "respond", alarm: ringing };
  return killSwitch === "unclear" ? { kind: "unclear" } : { kind: "nothing" };
}

function certain(alarms: readonly AlarmNow[]): AlarmNow[] {
  return alarms.filter(({ tier }) => tier !== "suspicion");
}

const ORDER = { hard: 0, soft: 1, suspicion: 2 };

/** The surest alarm that is in ALARM and went there after `since`. One without a time counts: it may be new. */
function ringingSince(alarms: readonly AlarmNow[], since: number): AlarmNow | undefined {
  return alarms
    .filter((alarm) => alarm.state === "ALARM" && (alarm.since === undefined || alarm.since > since))
    .sort((a, b) => ORDER[a.tier] - ORDER[b.tier])[0];
}

/** Steps of an open record that are not finished, in order. A switch that is moved, whichever way, needs no moving. */
export function remainingSteps(record: RollbackRecord, killSwitch: LiveSwitch, now: number): StepName[] {
  const busy = isBusy(record, now);
  return STEPS.filter((step) => {
    if (step === "switch" && (killSwitch === "off" || killSwitch === "unclear")) return true;
    if (busy) return false;
    const state = record.steps[step]?.state;
    return state === undefined || state === "failed";
  });
}

function isBusy({ busyUntil }: RollbackRecord, now: number): boolean {
  return busyUntil !== undefined && now < Date.parse(busyUntil);
}
