import type { KillSwitchState } from "./kill-switch";
import { ladder, nextRung, type Phase, type PhaseName, phaseOf, phases, type WebhookTarget } from "./phases";

/** What a person asked for. */
export interface Intent {
  readonly phase: PhaseName;
  /** `cutover:from`: the phase a person believes is applied; needed for a step down. */
  readonly from?: PhaseName;
  /** `cutover:pythonWeight`, percent: lowers the phase's share, never raises it. */
  readonly pythonWeight?: number;
  /** Digest (`sha256:…`) of the Python image that is declared. */
  readonly pythonDigest: string;
  /** `cutover:acceptImage`: digest a person accepts in mid-ladder. */
  readonly acceptImage?: string;
}

/** What the last complete update applied. */
export interface Applied {
  readonly phase: PhaseName;
  /** Percent of messages Python got. */
  readonly pythonShare: number;
  readonly pythonDigest: string;
}

/** What the world is, read once before anything is declared. */
export interface World {
  /** Undefined before the first complete update, and after a destroy that was refused or interrupted. */
  readonly applied?: Applied;
  /** Percent that the live weighted rule sends to Python; read only where `applied` is missing although the rule exists. */
  readonly liveShare?: number;
  /** Undefined before the rule exists; `unclear` where somebody edited it into something that is neither state. */
  readonly killSwitch?: KillSwitchState | "unclear";
  /** Newest rollback that nobody has acknowledged. */
  readonly rollback?: { readonly id: string; readonly trigger: string };
}

/** Which way the update moves traffic: decides what has to be ready before what. */
export type Direction = "up" | "down" | "none";

export interface Desired {
  readonly phase: Phase;
  /** Percent of messages Python is to get now: the phase's share, or less. */
  readonly pythonShare: number;
  readonly webhook: WebhookTarget;
  readonly direction: Direction;
  /** The kill switch is not off, or a rollback waits for its acknowledgement. */
  readonly rolledBack: boolean;
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
  const before = world.applied?.pythonShare ?? world.liveShare ?? 0;
  const rolledBack = rolledBackBecause(world);
  const weight = phase.node === "removed" ? undefined : intent.pythonWeight;
  const asked = Math.min(phase.pythonShare, weight ?? phase.pythonShare);
  const pythonShare = rolledBack && phase.node !== "removed" ? 0 : asked;
  const desired: Desired = {
    phase,
    pythonShare,
    webhook: rolledBack && phase.webhook === "front-door" ? "node" : phase.webhook,
    direction: pythonShare > before ? "up" : pythonShare < before ? "down" : "none",
    rolledBack: rolledBack !== undefined,
    warnings: [...(rolledBack ? [rolledBack] : []), ...unclearWarning(world)],
  };
  const step = [...refuseStep(phase, intent, world), ...refuseRiseWhileRolledBack(phase, world, rolledBack)];
  const refusals = [
    ...step,
    ...(step.length === 0 ? refuseJump(desired, before) : []),
    ...refuseWeight(phase, intent),
    ...refuseImage(phase, intent, world.applied),
    ...refuseUnclearSwitch(desired, world),
  ];
  return { desired, refusals };
}

/** Rolled back: the live switch is not off, or a record waits for its acknowledgement. Either alone is enough. */
function rolledBackBecause(world: World): string | undefined {
  // Once Node is removed there is no switch and nothing to go back to.
  if (world.applied && phaseOf(world.applied.phase).node === "removed") return undefined;
  const plans = "This update plans 0 % for Python and leaves the switch alone.";
  if (world.rollback) {
    return `Rolled back (${world.rollback.id}, ${world.rollback.trigger}) and not acknowledged. ${plans}`;
  }
  if (world.killSwitch === "node" || world.killSwitch === "hold") {
    return `The kill switch is "${world.killSwitch}": no customer reaches Python. ${plans}`;
  }
  return undefined;
}

function refuseStep(to: Phase, intent: Intent, world: World): Refusal[] {
  const { applied } = world;
  if (!applied) return world.liveShare === undefined ? refuseFirst(to) : refuseUnknown(to, world.liveShare);
  const from = phaseOf(applied.phase);
  if (to.name === from.name) return [];
  if (from.node === "removed") {
    return [
      {
        reason: `"${from.name}" is applied: Node is removed, so there is no step to "${to.name}".`,
        remedy: `keep the phase: pulumi config set cutover:phase ${from.name}`,
      },
    ];
  }
  if (to.rung === undefined) return [];
  if (from.rung === undefined) return refuseLeavingNodeOnly(to, intent, from);
  if (to.rung > from.rung) return [...refuseSkip(to, from), ...refuseUnfinished(to, from, applied)];
  return refuseUnnamedStepDown(to, intent, from, "a step down");
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

function refuseRiseWhileRolledBack(to: Phase, world: World, rolledBack: string | undefined): Refusal[] {
  const from = world.applied && phaseOf(world.applied.phase);
  if (!rolledBack || !from || (to.rung ?? 0) <= (from.rung ?? 0)) return [];
  return [
    {
      reason: `"${to.name}" is a step up from "${from.name}", but traffic is rolled back to Node.`,
      remedy: `keep the phase until the rollback is understood and released: pulumi config set cutover:phase ${from.name}`,
    },
  ];
}

/** The share rises by one rung at the most, whatever `cutover:pythonWeight` did before. */
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
