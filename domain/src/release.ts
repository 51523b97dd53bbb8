import type { AlarmState } from "./cloudwatch/definition";
import { type Phase, type PhaseName, phaseOf } from "./phases";

/** `cutover:acknowledgeRollback` for a kill switch that somebody moved without leaving a record. */
export const UNRECORDED = "unrecorded";

/** The newest rollback that no update has released yet. */
export interface OpenRollback {
  /** `rb-0001`, or `unrecorded`. */
  readonly id: string;
  /** What fired, for people. */
  readonly trigger: string;
  /** When, ISO 8601 in UTC. */
  readonly at?: string;
  /** The phase that was applied then: the rung that failed. */
  readonly phase?: PhaseName;
  /** Percent of messages Python got then; absent where the rules could not be read. */
  readonly share?: number;
}

/** An alarm that rolls back, as it is now. */
export interface RollbackAlarm {
  readonly name: string;
  readonly state: AlarmState;
  /** When its window holds nothing of the fault any more, at the latest; ISO 8601 in UTC. */
  readonly cleanBy?: string;
}

export interface AcknowledgementInput {
  /** `cutover:acknowledgeRollback`. */
  readonly acknowledged: string | undefined;
  readonly open: OpenRollback;
  /** The phase asked for. */
  readonly to: Phase;
  /** Percent of messages that Python would get: the phase's share, or less by `cutover:pythonWeight`. */
  readonly share: number;
  /** The phase applied, where the record does not name one. */
  readonly appliedPhase: PhaseName | undefined;
  readonly alarms: readonly RollbackAlarm[];
}

/** What an acknowledgement is worth: `waiting` without one, or with one of an earlier rollback that stayed in the file. */
export type Acknowledgement =
  | { readonly kind: "waiting" }
  | { readonly kind: "release"; readonly id: string }
  | { readonly kind: "refused"; readonly reason: string; readonly remedy: string };

/** Where one begins again after a rollback, if nothing speaks for another rung. */
export const RESUME_AT = phaseOf("parallel");

/**
 * Releases only by the right id, above neither the rung nor the share that failed, and with every rollback alarm out of
 * ALARM.
 */
export function judgeAcknowledgement(input: AcknowledgementInput): Acknowledgement {
  const { acknowledged, open, to, alarms } = input;
  if (acknowledged === undefined || isEarlier(acknowledged, open.id)) return { kind: "waiting" };
  if (acknowledged !== open.id) {
    return {
      kind: "refused",
      reason: `cutover:acknowledgeRollback says "${acknowledged}", but the rollback that waits is ${open.id} (${open.trigger}).`,
      remedy: `read what happened, then: ${acknowledgeCommand(open)}`,
    };
  }
  const failed = open.phase ?? input.appliedPhase;
  if (failed !== undefined && to.rung !== undefined && to.rung > (phaseOf(failed).rung ?? 0)) {
    return {
      kind: "refused",
      reason: `Rollback ${open.id} happened at "${failed}"; releasing it at "${to.name}" would go above the rung that failed.`,
      remedy: `pulumi config set cutover:phase ${RESUME_AT.name}`,
    };
  }
  return refuseLargerShare(input) ?? stillRinging(open.id, alarms) ?? { kind: "release", id: open.id };
}

/** The sentence that every preview and up says while a rollback waits. */
export function waitingSentence(open: OpenRollback, phase?: Phase): string {
  const when = open.at === undefined ? "" : ` at ${open.at}`;
  const happened =
    open.id === UNRECORDED
      ? `${open.trigger}: no customer reaches Python, and nobody has acknowledged it.`
      : `Rolled back${when} (${open.id}: ${open.trigger}) and not acknowledged.`;
  if (phase?.node === "removed") {
    return `${happened} Messages are kept in the inbox and passed to Python as soon as it answers; this update leaves that so. When it is understood: ${acknowledgeCommand(open, phase)}`;
  }
  return `${happened} This update plans 0 % for Python and leaves the kill switch alone. When it is understood: ${acknowledgeCommand(open)}`;
}

/** What a person types to go on. */
export function acknowledgeCommand(open: OpenRollback, phase?: Phase): string {
  const to = phase?.node === "removed" ? phase : RESUME_AT;
  return `pulumi config set cutover:acknowledgeRollback ${open.id}; pulumi config set cutover:phase ${to.name}; pulumi up`;
}

/**
 * `cutover:pythonWeight` may have held the share below its rung when it failed. At share 0 it was Node that failed, which
 * says nothing of Python's; once Node is removed there is one share only.
 */
function refuseLargerShare({ open, to, share }: AcknowledgementInput): Acknowledgement | undefined {
  if (!open.share || share <= open.share || to.node === "removed") return undefined;
  return {
    kind: "refused",
    reason: `Rollback ${open.id} happened with ${open.share} % for Python; releasing it at "${to.name}" would give Python ${share} %, more than the share that failed.`,
    remedy: `pulumi config set cutover:pythonWeight ${open.share}; or, safer: pulumi config set cutover:phase ${safestPhase(open.share).name}`,
  };
}

/** Where one begins again, or below that where a smaller share failed already. */
function safestPhase(failed: number): Phase {
  return RESUME_AT.pythonShare <= failed ? RESUME_AT : phaseOf("front-door");
}

function stillRinging(id: string, alarms: readonly RollbackAlarm[]): Acknowledgement | undefined {
  const ringing = alarms.filter((alarm) => alarm.state === "ALARM");
  if (ringing.length === 0) return undefined;
  const named = ringing.map(({ name, cleanBy }) => `${name}${cleanBy ? ` (clean by ${cleanBy} at the latest)` : ""}`);
  return {
    kind: "refused",
    reason: `Rollback ${id} can't be released while an alarm that rolls back is in ALARM: ${named.join(", ")}.`,
    remedy: "wait until it is OK, then run pulumi up again; traffic stays on Node meanwhile",
  };
}

/** Ids are numbered, so an acknowledgement left over from an earlier rollback is told from a wrong one. */
function isEarlier(acknowledged: string, open: string): boolean {
  const [a, b] = [numberOf(acknowledged), numberOf(open)];
  if (a === undefined) return acknowledged === UNRECORDED && open !== UNRECORDED;
  // A switch moved without a record has no number: whatever was acknowledged before is earlier.
  return b === undefined ? true : a < b;
}

function numberOf(id: string): number | undefined {
  const digits = /^rb-(\d+)$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
