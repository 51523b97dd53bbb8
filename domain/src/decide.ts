import type { Affinity } from "./affinity";
import { affinityWarning, refuseAffinity } from "./affinity-change";
import type { KillSwitchState } from "./kill-switch";
import { lookBack } from "./look-back";
import type { AppliedNotices } from "./notices";
import { ladder, nextRung, type Phase, type PhaseName, phaseOf, phases, type WebhookTarget } from "./phases";
import {
  type Acknowledgement,
  judgeAcknowledgement,
  type OpenRollback,
  RESUME_AT,
  type RollbackAlarm,
  UNRECORDED,
  waitingSentence,
} from "./release";

/** What a person asked for. */
export interface Intent {
  readonly phase: PhaseName;
  /** `cutover:from`: the phase a person believes is applied; needed for a step down. */
  readonly from?: PhaseName;
  /** `cutover:pythonWeight`, percent: lowers the phase's share, never raises it. */
  readonly pythonWeight?: number;
  /** `cutover:affinity`: what decides which engine gets a message; default none, the weights alone. */
  readonly affinity?: Affinity;
  /** Digest (`sha256:…`) of the Python image that is declared. */
  readonly pythonDigest: string;
  /** `cutover:acceptImage`: digest a person accepts in mid-ladder. */
  readonly acceptImage?: string;
  /** `cutover:acknowledgeRollback`: id of the rollback a person has understood and releases. */
  readonly acknowledgeRollback?: string;
}

/** What the last complete update applied. */
export interface Applied {
  readonly phase: PhaseName;
  /** Percent of messages Python got. */
  readonly pythonShare: number;
  /** Missing: none, as before there was a choice. */
  readonly affinity?: Affinity;
  readonly pythonDigest: string;
  /** `Desired.alarmsLookBackMinutes` of that update. */
  readonly alarmsLookBackMinutes?: number;
  /** Notices with a date that it planned; missing: none. */
  readonly notices?: AppliedNotices;
}

/** What the world is, read once before anything is declared. */
export interface World {
  /** Undefined before the first complete update, and after a destroy that was refused or interrupted. */
  readonly applied?: Applied;
  /** Percent that the live weighted rule sends to Python; read only where `applied` is missing although the rule exists. */
  readonly liveShare?: number;
  /** Where `applied` is missing: whether the stack's manifest still names Node, and the notices that it has planned. */
  readonly manifest?: { readonly node: boolean; readonly notices?: AppliedNotices };
  /** Undefined before the rule exists; `unclear` where somebody edited it into something that is neither state. */
  readonly killSwitch?: KillSwitchState | "unclear";
  /** Newest rollback that no update has released. */
  readonly rollback?: OpenRollback;
  /** Minutes since the newest rollback, released or not; undefined where there never was one. */
  readonly minutesSinceRollback?: number;
  /** Where Node's removal is applied: whether ECS still has its service, because the update that deletes it did not end. */
  readonly nodeRemains?: boolean;
  /** Alarms that roll back; read only while a rollback waits. */
  readonly alarms?: readonly RollbackAlarm[];
}

/** Which way the update moves traffic: decides what has to be ready before what. */
export type Direction = "up" | "down" | "none";

export interface Desired {
  readonly phase: Phase;
  /** Percent of messages Python is to get now: the phase's share, or less. */
  readonly pythonShare: number;
  /**
   * Percent of messages that Python's tasks are sized for: its share, and while rolled back the share it had. It finishes what
   * it accepted, so nothing scales it in meanwhile.
   */
  readonly pythonCapacityShare: number;
  readonly affinity: Affinity;
  readonly webhook: WebhookTarget;
  readonly direction: Direction;
  /** The kill switch is not off, or a rollback waits for its acknowledgement, and this update does not release it. */
  readonly rolledBack: boolean;
  /**
   * Id that may be released, last of all: what a person acknowledged. Stays declared after the release, so that a later
   * update finds no change; the release itself compares it with the newest record.
   */
  readonly release?: string;
  /** Minutes that the alarms may look back, so that they don't see the fault of a rollback again; undefined: no limit. */
  readonly alarmsLookBackMinutes?: number;
  /**
   * Whether migrations may run that take away what Node needs. Only in an update that finds Node's removal applied and its
   * service gone: they run first of all in an update, and the one that removes Node removes it last.
   */
  readonly contracts: boolean;
  /** On the way back to Node a database that can't be asked must not stand in the way. */
  readonly databaseMayWait: boolean;
  /** Sentences a person should read before saying yes. */
  readonly warnings: readonly string[];
}

/** A refusal: what was asked, why not, and the command that helps. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

export interface Decision {
  readonly desired: Desired;
  /** Empty: go ahead. In preview they are warnings beside the whole diff, in up they stop the program. */
  readonly refusals: readonly Refusal[];
}

/** The phase from which on a new Python image must be accepted by name. */
const FREE_IMAGE_UP_TO = phaseOf("parallel");

/**
 * (intent, world) → what to declare, and what stands against it. All refusals together, so that one correction is enough.
 */
export function decide(intent: Intent, world: World): Decision {
  const phase = phaseOf(intent.phase);
  const before = effectiveShare(world);
  const open = openRollback(world);
  const weight = phase.node === "removed" ? undefined : intent.pythonWeight;
  const asked = Math.min(phase.pythonShare, weight ?? phase.pythonShare);
  const acknowledged = open && acknowledgement(intent, world, open, phase, asked);
  const releasing = acknowledged?.kind === "release";
  const rolledBack = open !== undefined && !releasing;
  const pythonShare = rolledBack && phase.node !== "removed" ? 0 : asked;
  const direction = pythonShare > before ? "up" : pythonShare < before ? "down" : "none";
  const desired: Desired = {
    phase,
    pythonShare,
    pythonCapacityShare: rolledBack ? asked : pythonShare,
    affinity: intent.affinity ?? "none",
    webhook: rolledBack && phase.webhook === "front-door" && !holds(world, phase) ? "node" : phase.webhook,
    direction,
    rolledBack,
    ...(intent.acknowledgeRollback === undefined ? {} : { release: intent.acknowledgeRollback }),
    ...(phase.node === "removed"
      ? {}
      : lookBack({ phase: phase.name, share: pythonShare, releasing }, world, isMoved(world))),
    contracts: phase.contractMigrations && world.applied?.phase === phase.name && !world.nodeRemains,
    databaseMayWait: phase.rung === undefined || direction === "down",
    warnings: [
      ...(rolledBack ? [waitingSentence(open, phase)] : []),
      ...releaseWarning(open, releasing, pythonShare),
      ...unclearWarning(world),
      ...remainsWarning(world),
      ...(open ? [] : affinityWarning(intent.affinity ?? "none", phase, before)),
    ],
  };
  // A refused acknowledgement is the one thing to mend: what follows from it is no news.
  const acknowledging = refuseAcknowledgement(acknowledged);
  const step =
    acknowledging.length > 0
      ? acknowledging
      : [
          ...refuseStep(phase, intent, world, releasing),
          ...(rolledBack ? refuseRiseWhileRolledBack(phase, world) : []),
        ];
  const refusals = [
    ...step,
    ...(step.length === 0 && !releasing ? refuseJump(desired, before) : []),
    ...refuseWeight(phase, intent),
    ...refuseAffinity(intent.affinity ?? "none", world.applied, before),
    ...refuseImage(phase, intent, world.applied),
    ...refuseUnclearSwitch(desired, world),
  ];
  return { desired, refusals };
}

/** Percent of customers' messages that Python gets as things are: none while the kill switch keeps them away from it. */
function effectiveShare(world: World): number {
  // Once Node is removed there is no other share to go back to: what is held is Python's.
  if (isMoved(world) && !withoutNode(world)) return 0;
  return world.applied?.pythonShare ?? world.liveShare ?? 0;
}

function withoutNode({ applied, manifest }: World): boolean {
  return applied === undefined ? manifest?.node === false : phaseOf(applied.phase).node === "removed";
}

/** Held messages come through the front door; so do all of them once Node is removed. */
function holds({ killSwitch }: World, { node }: Phase): boolean {
  return killSwitch === "hold" || node === "removed";
}

function isMoved({ killSwitch }: World): boolean {
  return killSwitch === "node" || killSwitch === "hold";
}

/** Rolled back: the live switch is not off, or a record waits for its acknowledgement. Either alone is enough. */
function openRollback(world: World): OpenRollback | undefined {
  if (world.rollback) return world.rollback;
  if (!isMoved(world)) return undefined;
  return { id: UNRECORDED, trigger: `The kill switch is "${world.killSwitch}", moved without a record` };
}

function acknowledgement(intent: Intent, world: World, open: OpenRollback, to: Phase, share: number): Acknowledgement {
  return judgeAcknowledgement({
    acknowledged: intent.acknowledgeRollback,
    open,
    to,
    share,
    appliedPhase: world.applied?.phase,
    alarms: world.alarms ?? [],
  });
}

function refuseAcknowledgement(acknowledged: Acknowledgement | undefined): Refusal[] {
  if (acknowledged?.kind !== "refused") return [];
  return [{ reason: acknowledged.reason, remedy: acknowledged.remedy }];
}

function releaseWarning(open: OpenRollback | undefined, releasing: boolean, share: number): string[] {
  if (!open || !releasing) return [];
  const much = share > RESUME_AT.pythonShare ? ` It is safer to begin anew at "${RESUME_AT.name}".` : "";
  return [
    `This update releases rollback ${open.id} (${open.trigger}): the kill switch goes off as its last step, and Python gets ${share} % at once.${much}`,
  ];
}

function refuseStep(to: Phase, intent: Intent, world: World, releasing: boolean): Refusal[] {
  const { applied } = world;
  if (!applied && withoutNode(world)) return refuseReturn(to, "decommission");
  if (!applied) return world.liveShare === undefined ? refuseFirst(to) : refuseUnknown(to, world.liveShare);
  const from = phaseOf(applied.phase);
  if (to.name === from.name) return [];
  if (from.node === "removed") return refuseReturn(to, from.name);
  if (to.rung === undefined) return [];
  if (from.rung === undefined) return refuseLeavingNodeOnly(to, intent, from);
  if (to.rung > from.rung) return [...refuseSkip(to, from), ...refuseUnfinished(to, from, applied)];
  // Who names the rollback has said which step down is meant.
  return releasing ? [] : refuseUnnamedStepDown(to, intent, from, "a step down");
}

/** Once Node is removed there is one phase; that it is applied shows in the manifest, too, after a destroy that was refused. */
function refuseReturn(to: Phase, from: PhaseName): Refusal[] {
  if (to.name === from) return [];
  return [
    {
      reason: `"${from}" is applied: Node is removed, so there is no step to "${to.name}".`,
      remedy: `keep the phase: pulumi config set cutover:phase ${from}`,
    },
  ];
}

function refuseFirst(to: Phase): Refusal[] {
  const first = ladder[0];
  if (!first || to.name === first.name) return [];
  return [
    {
      reason: `Nothing is applied yet, so the first phase is "${first.name}", not "${to.name}".`,
      remedy: `pulumi config set cutover:phase ${first.name}`,
    },
  ];
}

/** A destroy that was refused or interrupted took the record of the applied phase away: nothing may rise on a guess. */
function refuseUnknown(to: Phase, liveShare: number): Refusal[] {
  if (to.pythonShare <= liveShare && to.node !== "removed") return [];
  const safe = phases.filter((p) => p.pythonShare <= liveShare && p.node !== "removed").map((p) => p.name);
  return [
    {
      reason: `Which phase is applied is not known (a destroy was refused or interrupted); the load balancer sends Python ${liveShare} %, and "${to.name}" is more.`,
      remedy: `choose one of ${safe.join(", ")}: pulumi config set cutover:phase ${safe.at(-1) ?? "node-only"}`,
    },
  ];
}

/** A rung is climbed with its own share in force, or the next one would be judged on less than it claims. */
function refuseUnfinished(to: Phase, from: Phase, applied: Applied): Refusal[] {
  if (applied.pythonShare >= from.pythonShare) return [];
  return [
    {
      reason: `"${from.name}" is applied with ${applied.pythonShare} % and not its ${from.pythonShare} %, so "${to.name}" is not the next step.`,
      remedy: `first reach the share of "${from.name}": pulumi config set cutover:phase ${from.name}; pulumi config rm cutover:pythonWeight`,
    },
  ];
}

function refuseRiseWhileRolledBack(to: Phase, world: World): Refusal[] {
  const from = world.applied && phaseOf(world.applied.phase);
  if (!from || (to.rung ?? 0) <= (from.rung ?? 0)) return [];
  return [
    {
      reason: `"${to.name}" is a step up from "${from.name}", but traffic is rolled back to Node.`,
      remedy: `keep the phase until the rollback is understood and released: pulumi config set cutover:phase ${from.name}`,
    },
  ];
}

/** The share rises by one rung at the most, whatever `cutover:pythonWeight` did before; a release has its own rule. */
function refuseJump(desired: Desired, before: number): Refusal[] {
  const next = Math.min(...ladder.map((p) => p.pythonShare).filter((share) => share > before), 100);
  if (desired.pythonShare <= Math.max(next, before)) return [];
  return [
    {
      reason: `Python's share would rise from ${before} % to ${desired.pythonShare} %; from ${before} % the next share is ${next} %.`,
      remedy: `pulumi config set cutover:pythonWeight ${next}`,
    },
  ];
}

function refuseSkip(to: Phase, from: Phase): Refusal[] {
  const next = nextRung(from);
  if (!next || to.name === next.name) return [];
  return [
    {
      reason: `From "${from.name}" (${from.pythonShare} %) the next phase is "${next.name}" (${next.pythonShare} %); "${to.name}" skips a rung.`,
      remedy: `pulumi config set cutover:phase ${next.name}`,
    },
  ];
}

/** A stale file or an unrelated merge must not move production, so a step down names the phase it leaves. */
function refuseUnnamedStepDown(to: Phase, intent: Intent, from: Phase, step: string): Refusal[] {
  if (intent.from === from.name) return [];
  const said = intent.from ? `cutover:from says "${intent.from}"` : "cutover:from is not set";
  return [
    {
      reason: `"${from.name}" is applied and "${to.name}" is ${step}, but ${said}.`,
      remedy: `if it is meant: pulumi config set cutover:from ${from.name}; otherwise: pulumi config set cutover:phase ${from.name}`,
    },
  ];
}

function refuseLeavingNodeOnly(to: Phase, intent: Intent, from: Phase): Refusal[] {
  const highest = phaseOf("front-door");
  if ((to.rung ?? 0) > (highest.rung ?? 0)) {
    return [
      {
        reason: `From "${from.name}" the way back begins at "prepare" or "${highest.name}", not at "${to.name}".`,
        remedy: `pulumi config set cutover:phase ${highest.name}`,
      },
    ];
  }
  return refuseUnnamedStepDown(to, intent, from, "the way back onto the ladder");
}

function refuseWeight(phase: Phase, intent: Intent): Refusal[] {
  if (phase.node === "removed" && intent.pythonWeight !== undefined && intent.pythonWeight < phase.pythonShare) {
    return [
      {
        reason: `cutover:pythonWeight ${intent.pythonWeight} leaves messages to Node, which phase "${phase.name}" removes.`,
        remedy: "pulumi config rm cutover:pythonWeight",
      },
    ];
  }
  if (intent.pythonWeight === undefined || intent.pythonWeight <= phase.pythonShare) return [];
  return [
    {
      reason: `cutover:pythonWeight ${intent.pythonWeight} is more than the ${phase.pythonShare} % of phase "${phase.name}"; it may only lower the share.`,
      remedy: "pulumi config rm cutover:pythonWeight",
    },
  ];
}

function refuseImage(phase: Phase, intent: Intent, applied: Applied | undefined): Refusal[] {
  if (!applied || applied.pythonDigest === intent.pythonDigest || intent.acceptImage === intent.pythonDigest) return [];
  if ((phase.rung ?? 0) <= (FREE_IMAGE_UP_TO.rung ?? 0)) return [];
  return [
    {
      reason: `The Python image changes to ${intent.pythonDigest} while "${phase.name}" sends it ${phase.pythonShare} % of the messages.`,
      remedy: `go back to "${FREE_IMAGE_UP_TO.name}", or accept it: pulumi config set cutover:acceptImage ${intent.pythonDigest}`,
    },
  ];
}

const UNCLEAR = 'The kill switch\'s listener rule is neither "off" nor "node" nor "hold": somebody edited it.';

function unclearWarning(world: World): string[] {
  return world.killSwitch === "unclear" ? [`${UNCLEAR} See docs/runbook.md, "The kill switch is unclear".`] : [];
}

/** The way back to Node stays open; only what sends Python more, or climbs, needs to know the switch. */
function refuseUnclearSwitch(desired: Desired, world: World): Refusal[] {
  const from = world.applied && phaseOf(world.applied.phase);
  const climbs = (desired.phase.rung ?? 0) > (from?.rung ?? 0);
  if (world.killSwitch !== "unclear" || (desired.direction !== "up" && !climbs)) return [];
  return [
    { reason: UNCLEAR, remedy: 'see docs/runbook.md, "The kill switch is unclear"; only steps back are allowed' },
  ];
}

function remainsWarning({ nodeRemains }: World): string[] {
  if (!nodeRemains) return [];
  return [
    "Node's service is still in the cluster although its removal is applied: the update that removes it did not end. " +
      "pulumi up tries again; contract migrations wait for the pulumi up after it.",
  ];
}
