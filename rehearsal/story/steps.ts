import type { Affinity } from "@cutover/domain/affinity";
import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import type { ConfigEntry } from "../engine/stack";
import type { FaultName } from "../faults";
import type { Expectation } from "./expectations";
import type { Act } from "./play-gate";

/** A change of the stack's configuration, a real `pulumi up`, and what must be true after it. */
export interface UpStep {
  readonly kind: "up";
  readonly phase: PhaseName;
  /** `cutover:from`, on the way down. */
  readonly from?: PhaseName;
  /** Acknowledges the rollback that waits, by its id: this update releases it. */
  readonly release?: true;
  /** Played before the update, one after the other. */
  readonly before?: readonly Act[];
  /** Brings a new Python image, accepted by its digest. */
  readonly newImage?: true;
  /** Few messages come from this update on, so that the next rung's evidence stays too little. */
  readonly fewMessages?: true;
  /** The update has to warn of this. */
  readonly warns?: string;
  /** Keys that are removed once the update is through. */
  readonly unset?: readonly string[];
  /** Tried before, one after the other: each has to be refused and to change nothing. */
  readonly refused?: readonly RefusedTry[];
  /** Waits before until `cutover next` says that the step is open. */
  readonly asksNext: boolean;
  /** Messages of the measured window; 0: none is measured. */
  readonly measure: number;
  /** A second update is played, which must find nothing to do. */
  readonly again: boolean;
  /** `pulumi refresh` is played too, as part of the second update where there is one; it costs seconds. */
  readonly refresh: boolean;
  readonly expectations: readonly Expectation[];
}

/** An update that has to be refused before the first resource. */
export interface RefusedTry {
  /** What is tried, for people. */
  readonly what: string;
  readonly config: readonly ConfigEntry[];
  /** Phase that is tried; default: the step's own. */
  readonly phase?: PhaseName;
  /** The refusal has to say this. */
  readonly says: string;
}

/** Python (or what it needs) breaks; traffic and webhook have to go back to Node by themselves. */
export interface FaultStep {
  readonly kind: "fault";
  readonly fault: FaultName;
  /** The phase that is applied, and stays declared. */
  readonly phase: PhaseName;
  /** Share of Python's requests or messages that it hits, 0 to 1; default: all of them. */
  readonly share?: number;
  /** Also plays `up`, `up --refresh` and an `up` to the next rung: none may undo the rollback. */
  readonly insist?: boolean;
  /**
   * Once the fault is over the mended image is deployed while Node still answers everybody, after these acts; without it the
   * update that releases brings the image.
   */
  readonly mend?: readonly Act[];
  /** GoHighLevel's API is down, too, until traffic is back: the reconciler has to bring the webhook back afterwards. */
  readonly ghlDown?: boolean;
  /** Keys of the triggers that are there for this fault. One of them has to ring: else something else rolled back for it. */
  readonly triggers: RegExp;
  /** What the triggers promise at this rate, in rehearsal minutes, plus room for this machine's own delays. */
  readonly withinMinutes: number;
}

export type StoryStep = UpStep | FaultStep;

/** How a chapter ends. `refused`: `pulumi destroy` has to refuse and to change nothing. */
export type Ending = "destroy" | "refused" | "none";

/** A story of its own: from an empty account to its ending. */
export interface Chapter {
  readonly title: string;
  /** `cutover:affinity`, from the first step on. */
  readonly affinity: Affinity;
  readonly steps: readonly StoryStep[];
  readonly ending: Ending;
}

/** "pulumi config set cutover:phase parallel; pulumi up", as a person would type it. */
export function commandsOf(step: StoryStep): string {
  if (step.kind === "fault") return `${faultName(step)} at ${step.phase}`;
  const from = step.from ? `pulumi config set cutover:from ${step.from}; ` : "";
  const release = step.release ? "pulumi config set cutover:acknowledgeRollback <id>; " : "";
  const image = step.newImage
    ? "pulumi config set --path cutover:python.image <new>; pulumi config set cutover:acceptImage <its digest>; "
    : "";
  return `${from}${image}${release}pulumi config set cutover:phase ${step.phase}; pulumi up`;
}

/** "python-5xx", or "python-5xx in 30 % of the cases". */
export function faultName({ fault, share }: Pick<FaultStep, "fault" | "share">): string {
  return share === undefined ? fault : `${fault} in ${Math.round(100 * share)} % of the cases`;
}

export function declaredShare(step: StoryStep): number {
  return phaseOf(step.phase).pythonShare;
}
