import type { KillSwitchState } from "./kill-switch";
import { ladder, nextRung, type Phase, type PhaseName, phaseOf, type WebhookTarget } from "./phases";

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
  /** Undefined before the first update. */
  readonly applied?: Applied;
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
  const asked = Math.min(phase.pythonShare, intent.pythonWeight ?? phase.pythonShare);
  const rolledBack = rolledBackBecause(phase, world);
  const pythonShare = rolledBack ? 0 : asked;
  const before = world.applied?.pythonShare ?? 0;
  return {
    desired: {
      phase,
      pythonShare,
      webhook: rolledBack && phase.webhook === "front-door" ? "node" : phase.webhook,
      direction: pythonShare > before ? "up" : pythonShare < before ? "down" : "none",
      rolledBack: rolledBack !== undefined,
      warnings: rolledBack ? [rolledBack] : [],
    },
    refusals: [
      ...refuseStep(phase, intent, world.applied),
      ...refuseWeight(phase, intent),
      ...refuseImage(phase, intent, world.applied),
      ...refuseUnclearSwitch(world),
    ],
  };
}

/** Rolled back: the live switch is not off, or a record waits for its acknowledgement. Either alone is enough. */
function rolledBackBecause(phase: Phase, world: World): string | undefined {
  if (phase.node === "removed") return undefined;
  const plans = "This update plans 0 % for Python and leaves the switch alone.";
  if (world.rollback) {
    return `Rolled back (${world.rollback.id}, ${world.rollback.trigger}) and not acknowledged. ${plans}`;
  }
  if (world.killSwitch === "node" || world.killSwitch === "hold") {
    return `The kill switch is "${world.killSwitch}": no customer reaches Python. ${plans}`;
  }
  return undefined;
}

function refuseStep(to: Phase, intent: Intent, applied: Applied | undefined): Refusal[] {
  if (!applied) return refuseFirst(to);
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
  return to.rung > from.rung ? refuseSkip(to, from) : refuseUnnamedStepDown(to, intent, from);
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
function refuseUnnamedStepDown(to: Phase, intent: Intent, from: Phase): Refusal[] {
  if (intent.from === from.name) return [];
  const said = intent.from ? `cutover:from says "${intent.from}"` : "cutover:from is not set";
  return [
    {
      reason: `"${from.name}" is applied and "${to.name}" is a step down, but ${said}.`,
      remedy: `if the step down is meant: pulumi config set cutover:from ${from.name}; otherwise: pulumi config set cutover:phase ${from.name}`,
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
  return refuseUnnamedStepDown(to, intent, from);
}

function refuseWeight(phase: Phase, intent: Intent): Refusal[] {
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

function refuseUnclearSwitch(world: World): Refusal[] {
  if (world.killSwitch !== "unclear") return [];
  return [
    {
      reason: 'The kill switch\'s listener rule is neither "off" nor "node" nor "hold": somebody edited it.',
      remedy: 'see docs/runbook.md, "The kill switch is unclear"; nothing is changed until its state is known',
    },
  ];
}
