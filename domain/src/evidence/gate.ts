import type { AlarmState } from "../cloudwatch/definition";
import type { Refusal } from "../decide";
import { type MessageMinute, refuseFirstShare, refuseRemoval } from "../front-door-messages";
import type { KillSwitchState } from "../kill-switch";
import type { Phase, PhaseName } from "../phases";
import type { Bar, Read, Verdict } from "./model";
import type { ProofLink, ShareProof } from "./share-proof";

const HOUR_MS = 3_600_000;
/** An override is for now; one that lies in the file for weeks would be found by somebody else. */
export const LONGEST_OVERRIDE_HOURS = 72;
/**
 * A standby whose last good probe is older is not proved alive. Probes go out each 15 s, but they are published once a
 * minute and CloudWatch shows them up to two minutes later: below this a healthy Node would be refused now and then.
 */
export const FRESH_PROBE_SECONDS = 180;

/**
 * Hours a phase is watched before the next. Source: plan, "Cutover Steps": day 1-3, then a rung a day, 24 hours at full.
 * A little less than whole days where the plan counts days, so that the step can be made at the same hour each day.
 */
export const BAKE_HOURS: Readonly<Record<PhaseName, number>> = {
  prepare: 0,
  "front-door": 20,
  parallel: 68,
  "ramp-25": 20,
  "ramp-50": 20,
  "ramp-75": 20,
  "ramp-90": 20,
  full: 24,
  decommission: 0,
  "node-only": 0,
};

/** The shortest of the plan's watches: `cutover:bakeHours` below it could only mean less than the plan. */
export const LEAST_BAKE_HOURS = Math.min(...Object.values(BAKE_HOURS).filter((hours) => hours > 0));

/**
 * Hours that `cutover:bakeHours` means for a phase: never fewer than the plan's, for which there is the override, which is
 * recorded; only a rehearsal, whose clock is not everybody's, may go on at once.
 * @returns undefined where nothing is configured
 */
export function bakeHoursOf(phase: PhaseName, configured: number | undefined, rehearsed: boolean): number | undefined {
  if (configured === undefined || rehearsed || BAKE_HOURS[phase] === 0) return rehearsed ? configured : undefined;
  return Math.max(configured, BAKE_HOURS[phase]);
}

/** `cutover:override`: a person takes the responsibility for one step. */
export interface Override {
  /** Who. */
  readonly name: string;
  readonly reason: string;
  /** The phase the step leads to: an override is good for one step. */
  readonly to: PhaseName;
  /** Until when, milliseconds since the epoch. */
  readonly expires: number;
}

/** A step as far as the gate needs it. */
export interface Step {
  readonly from: Phase;
  readonly to: Phase;
  /** Percent that Python gets now and would get. */
  readonly shareBefore: number;
  readonly shareAfter: number;
}

/**
 * Which question a step asks. None for a step that gives Python no more, and for the first share: there is nothing of
 * Python's to look at yet.
 */
export function barFor({ to, shareBefore, shareAfter }: Step): Bar | undefined {
  if (to.node === "removed") return "final";
  return shareAfter > shareBefore && shareBefore > 0 ? "ladder" : undefined;
}

/** Whether the gate is asked at all: the share would rise, or Node would be removed. Nothing is read otherwise. */
export function isGated(step: Step): boolean {
  return step.shareAfter > step.shareBefore || (step.to.node === "removed" && step.from.node !== "removed");
}

/** Node, the way back. */
export interface Standby {
  readonly healthy: number;
  /** Tasks that carry everything. */
  readonly required: number;
  readonly secondsSinceProbeOk?: number;
}

/** Everything the gate looks at. What could not be read stops it like what was read and is wrong. */
export interface GateFacts {
  readonly step: Step;
  readonly now: number;
  /** Since when the phase to be left bakes: applied, with this share and image, not rolled back; undefined where nobody knows. */
  readonly phaseSince: number | undefined;
  /** Why nobody knows. */
  readonly sinceProblem?: string;
  /** Hours it must have been; default {@link BAKE_HOURS}. */
  readonly bakeHours?: number;
  /** Wanted where {@link barFor} names a bar. */
  readonly verdict?: Verdict;
  /** Digest of the image that the step would run; default: the one that was judged. */
  readonly declaredDigest?: string;
  /** Wanted where the share before is above 0. */
  readonly share?: ShareProof;
  /** Whether Python could take its first share: wanted where the share before is 0. */
  readonly python?: readonly ProofLink[];
  /** Wanted where the share before is 0: above it the proof of the share holds it. */
  readonly killSwitch?: Read<KillSwitchState | "unclear" | "none">;
  /** Customers' messages with and without the secret header: wanted before the first share and before Node's removal. */
  readonly header?: Read<readonly MessageMinute[]>;
  /** The alarms that roll back, the composite ones and those under them. */
  readonly alarms: Read<readonly { readonly name: string; readonly state: AlarmState }[]>;
  readonly standby: Read<Standby>;
  /** Migrations that are not applied. */
  readonly pendingMigrations: Read<readonly string[]>;
  readonly override?: Override;
}

export interface GateResult {
  /** Why not; empty: the gate is passed. */
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
  /** What the override put aside: recorded and announced. */
  readonly overridden: readonly string[];
}

/**
 * (facts) → refusals. An override puts aside what is a question of patience or judgement (too little evidence, a failed
 * criterion, bake time), never what makes a rollback impossible (alarms, share, standby, migrations).
 */
export function gate(facts: GateFacts): GateResult {
  if (!isGated(facts.step)) return { refusals: [], warnings: [], overridden: [] };
  const judgement = [...bakeRefusals(facts), ...verdictRefusals(facts)];
  const safety = [
    ...shareRefusals(facts),
    ...firstShareRefusals(facts),
    ...headerRefusals(facts),
    ...alarmRefusals(facts),
    ...standbyRefusals(facts),
    ...migrationRefusals(facts),
  ];
  const invalid = facts.override && overrideProblem(facts.override, facts);
  const overridden = facts.override && !invalid ? judgement.map((refusal) => refusal.reason) : [];
  return {
    refusals: [
      ...(invalid && judgement.length > 0 ? [invalid] : []),
      ...(overridden.length > 0 ? [] : judgement),
      ...safety,
    ],
    warnings: [
      ...watchWarnings(facts),
      ...(overridden.length > 0 ? [overrideWarning(facts.override, overridden)] : []),
    ],
    overridden,
  };
}

function overrideWarning(override: Override | undefined, overridden: readonly string[]): string {
  return `Overridden by ${override?.name} (${override?.reason}): ${overridden.join(" ")}`;
}

function overrideProblem(override: Override, { now, step }: GateFacts): Refusal | undefined {
  const remedy = `give a new one, at most ${LONGEST_OVERRIDE_HOURS} hours long, or remove it: pulumi config rm cutover:override`;
  if (override.to !== step.to.name) {
    return { reason: `cutover:override is for the step to "${override.to}", not to "${step.to.name}".`, remedy };
  }
  if (override.expires <= now) {
    return { reason: `cutover:override of ${override.name} expired at ${utc(override.expires)}.`, remedy };
  }
  if (override.expires - now > LONGEST_OVERRIDE_HOURS * HOUR_MS) {
    return { reason: `cutover:override of ${override.name} would last until ${utc(override.expires)}.`, remedy };
  }
  return undefined;
}

/** The command that puts the refusals of judgement aside. */
function overrideCommand({ step, now }: GateFacts): string {
  const json = JSON.stringify({ to: step.to.name, name: "…", reason: "…", expires: utc(now + 4 * HOUR_MS) });
  return `pulumi config set --path cutover:override '${json}'`;
}

function bakeRefusals(facts: GateFacts): Refusal[] {
  const { from } = facts.step;
  const hours = facts.bakeHours ?? BAKE_HOURS[from.name];
  if (hours === 0) return [];
  if (facts.phaseSince === undefined) {
    return [
      {
        reason: `Since when "${from.name}" is applied is not known, so neither whether its ${hours} hours are over${problem(facts)}.`,
        remedy: `look with npx cutover status; to go on all the same: ${overrideCommand(facts)}`,
      },
    ];
  }
  const until = facts.phaseSince + hours * HOUR_MS;
  if (facts.now >= until) return [];
  return [
    {
      reason: `"${from.name}" is watched for ${hours} hours, until ${utc(until)}.`,
      remedy: `wait; or: ${overrideCommand(facts)}`,
    },
  ];
}

function verdictRefusals(facts: GateFacts): Refusal[] {
  const bar = barFor(facts.step);
  if (!bar) return [];
  const { verdict } = facts;
  if (!verdict || verdict.bar !== bar) {
    return [
      {
        reason: `NOT ENOUGH EVIDENCE: none was read${problem(facts)}.`,
        remedy: `see npx cutover next; or: ${overrideCommand(facts)}`,
      },
    ];
  }
  if (facts.declaredDigest !== undefined && facts.declaredDigest !== verdict.digest) return [newImage(facts)];
  if (verdict.outcome === "PASS") return [];
  const open = verdict.criteria.filter(
    (one) => one.outcome === "FAIL" || (one.kind === "blocking" && one.outcome !== "PASS"),
  );
  const lines = open.map((one) => `${one.id}: ${one.seen}${one.missing ? ` (${one.missing})` : ""}`);
  const when = verdict.eta === undefined ? "" : ` Expected ${utc(verdict.eta)}.`;
  const remedy =
    verdict.outcome === "FAIL"
      ? `mend it and deploy a new image, or go back a rung; to go on all the same: ${overrideCommand(facts)}`
      : `wait and look with npx cutover next; or accept what was reached: ${overrideCommand(facts)}`;
  return [{ reason: `${verdict.outcome} to leave "${facts.step.from.name}": ${lines.join("; ")}.${when}`, remedy }];
}

function problem({ sinceProblem }: GateFacts): string {
  return sinceProblem === undefined ? "" : ` (${sinceProblem})`;
}

/** What is known of the image before says nothing about a new one. */
function newImage(facts: GateFacts): Refusal {
  return {
    reason: `NOT ENOUGH EVIDENCE: the step would bring a new image (${facts.declaredDigest}), of which nothing is known.`,
    remedy: `first run pulumi up with the new image and "${facts.step.from.name}"; or: ${overrideCommand(facts)}`,
  };
}

function watchWarnings({ verdict }: GateFacts): string[] {
  const open = verdict?.criteria.filter((one) => one.kind === "watch" && one.outcome === "NOT ENOUGH EVIDENCE") ?? [];
  return open.map((one) => `${one.id}: ${one.seen}${one.missing ? ` (${one.missing})` : ""}`);
}

function shareRefusals({ step, share }: GateFacts): Refusal[] {
  if (step.shareBefore === 0 || share?.outcome === "proved") return [];
  const open = share?.links.filter((link) => link.state !== "ok").map((link) => link.says) ?? ["it was not read"];
  return [
    {
      reason: `That ${step.shareBefore} % of the messages reach Python is ${share?.outcome === "disproved" ? "disproved" : "not proved"}: ${open.join("; ")}.`,
      remedy: "look with npx cutover status; pulumi up --refresh puts back rules that were edited",
    },
  ];
}

/** Before the first share there is none to prove; Python and the switch must be right all the same. */
function firstShareRefusals({ step, python, killSwitch }: GateFacts): Refusal[] {
  if (step.shareBefore > 0 || step.shareAfter === 0) return [];
  const open = (python ?? []).filter(({ state }) => state !== "ok").map(({ says }) => says);
  const ready = python === undefined ? ["Python was not looked at"] : open;
  const refusals: Refusal[] = [];
  if (ready.length > 0) {
    const remedy =
      "look with npx cutover status and at the service's log in CloudWatch; it gets customers when it works";
    refusals.push({ reason: `Python is not proved to work: ${ready.join("; ")}.`, remedy });
  }
  const state =
    killSwitch === undefined ? "not read" : "value" in killSwitch ? killSwitch.value : killSwitch.unavailable;
  if (state !== "off" && state !== "none") {
    const remedy =
      "look with npx cutover status; pulumi up --refresh with the present phase puts back a rule that was edited";
    refusals.push({ reason: `The kill switch is not known to be off: ${state}.`, remedy });
  }
  return refusals;
}

/** No override passes this: what comes without the header goes past the share, and is lost for good once Node is gone. */
function headerRefusals({ step, header, now }: GateFacts): Refusal[] {
  const removes = step.to.node === "removed";
  if (header === undefined || !(removes || step.shareBefore === 0)) return [];
  const reason =
    "unavailable" in header
      ? `Whether messages carry the header is not known: ${header.unavailable}.`
      : removes
        ? refuseRemoval(header.value, now)
        : refuseFirstShare(header.value);
  const remedy =
    "look that every Custom Webhook step in GoHighLevel sends the header x-webhook-secret, wait for messages, and run pulumi up again";
  return reason === undefined ? [] : [{ reason, remedy }];
}

function alarmRefusals({ alarms }: GateFacts): Refusal[] {
  const remedy = "look with npx cutover status, and at the alarm's history in the CloudWatch console";
  if ("unavailable" in alarms) {
    return [
      {
        reason: `The rollback alarms could not be read: ${alarms.unavailable}.`,
        remedy: "check the AWS credentials, region and the right cloudwatch:DescribeAlarms, then try again",
      },
    ];
  }
  if (alarms.value.length === 0) {
    return [
      { reason: "No alarm is there that would roll back.", remedy: "run pulumi up with the present phase first" },
    ];
  }
  const states = { ALARM: "in ALARM", INSUFFICIENT_DATA: "without data" };
  return alarms.value.flatMap(({ name, state }) =>
    state === "OK" ? [] : [{ reason: `The rollback alarm ${name} is ${states[state]}.`, remedy }],
  );
}

function standbyRefusals({ standby, step }: GateFacts): Refusal[] {
  // A Node that is dead is no reason to keep it.
  if (step.to.node === "removed") return [];
  const remedy = "bring Node back first: it is the way back";
  if ("unavailable" in standby) {
    return [
      {
        reason: `Whether Node could take over is not known: ${standby.unavailable}.`,
        remedy: "look with npx cutover status; the prober's log says why it is silent (docs/metrics.md)",
      },
    ];
  }
  const { healthy, required, secondsSinceProbeOk } = standby.value;
  const refusals: Refusal[] = [];
  if (healthy < required) refusals.push({ reason: `Node has ${healthy} of ${required} healthy tasks.`, remedy });
  if (secondsSinceProbeOk === undefined || secondsSinceProbeOk > FRESH_PROBE_SECONDS) {
    const last =
      secondsSinceProbeOk === undefined ? "none is known" : `the last was ${Math.round(secondsSinceProbeOk)} s ago`;
    refusals.push({ reason: `Node answered no probe within ${FRESH_PROBE_SECONDS} s (${last}).`, remedy });
  }
  return refusals;
}

function migrationRefusals({ pendingMigrations: pending }: GateFacts): Refusal[] {
  const remedy = "run pulumi up with the present phase first";
  if ("unavailable" in pending) {
    return [
      {
        reason: `Whether all migrations are applied is not known: ${pending.unavailable}.`,
        remedy:
          'make the read-only URL work (docs/migrations.md, "Connection"): pulumi config set --secret --path cutover:database.previewUrl',
      },
    ];
  }
  if (pending.value.length === 0) return [];
  return [{ reason: `Migrations are not applied: ${pending.value.join(", ")}.`, remedy }];
}

/** "2026-11-25 11:30 UTC" */
export function utc(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}
