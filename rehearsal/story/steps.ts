import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import type { Arguments } from "../arguments";
import { UsageError } from "../errors";
import {
  bothServicesHealthy,
  type Expectation,
  ghlUntouched,
  migrationsApplied,
  migrationsNotRerun,
  onLoopbackOnly,
  secretInGhl,
  webhookAsFound,
  webhookAtFrontDoor,
} from "./expectations";

/** One step of the story: a change of the stack's configuration, a real `pulumi up`, and what must be true after it. */
export interface StoryStep {
  readonly phase: PhaseName;
  /** `cutover:from`, on the way down. */
  readonly from?: PhaseName;
  /** First tried without `cutover:from`: a step down that names no phase to leave has to be refused. */
  readonly refusedUnnamed?: boolean;
  /** Messages of the measured window; 0: none is measured. */
  readonly measure: number;
  /** `pulumi refresh` is played too; it costs seconds, so only where the most can drift. */
  readonly refresh: boolean;
  readonly expectations: readonly Expectation[];
}

/** A split is judged by at least so many messages. Source: design, "share band of 99.99 % at 2,000 messages". */
export const MESSAGES_PER_PHASE = 2000;

/**
 * prepare → front-door → parallel → back down to front-door. `pulumi destroy` follows it, while customers' messages still
 * come in at the front door: only so has it a webhook to restore.
 */
export const STORY: readonly StoryStep[] = [
  {
    phase: "prepare",
    measure: 0,
    refresh: true,
    expectations: [ghlUntouched, webhookAsFound, bothServicesHealthy, migrationsApplied],
  },
  {
    phase: "front-door",
    measure: MESSAGES_PER_PHASE,
    refresh: false,
    expectations: [webhookAtFrontDoor, secretInGhl, migrationsNotRerun],
  },
  {
    phase: "parallel",
    measure: MESSAGES_PER_PHASE,
    refresh: true,
    expectations: [webhookAtFrontDoor, bothServicesHealthy, migrationsNotRerun, onLoopbackOnly],
  },
  {
    phase: "front-door",
    from: "parallel",
    refusedUnnamed: true,
    measure: MESSAGES_PER_PHASE,
    refresh: false,
    expectations: [webhookAtFrontDoor, bothServicesHealthy, migrationsNotRerun],
  },
];

/** The story with the last step down, after which the webhook is as it was found; played where PHASES asks for it. */
export const LONG_STORY: readonly StoryStep[] = [
  ...STORY,
  {
    phase: "prepare",
    from: "front-door",
    measure: 0,
    refresh: false,
    expectations: [webhookAsFound, migrationsNotRerun],
  },
];

/** Steps that lead up: what KEEP=1 plays, so that there is something left to play with. */
export const WAY_UP: readonly StoryStep[] = STORY.filter((step) => step.from === undefined);

/**
 * What is played: the story, with KEEP its way up, with PHASES the part that is named.
 * @throws UsageError where the names are no beginning of the story
 */
export function chooseSteps({ phases, keep }: Pick<Arguments, "phases" | "keep">): readonly StoryStep[] {
  if (phases === undefined) return keep ? WAY_UP : STORY;
  return partOfStory(keep ? WAY_UP : LONG_STORY, phases);
}

/**
 * The part of the story that PHASES asks for: `prepare,front-door`, or just the phase with which to end, `front-door`.
 * @throws UsageError where the names are no beginning of the story
 */
export function partOfStory(story: readonly StoryStep[], names: string): readonly StoryStep[] {
  const asked = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const told = story.map((step) => step.phase);
  const last = asked.length === 1 ? told.indexOf(asked[0] as PhaseName) : -1;
  if (last >= 0) return story.slice(0, last + 1);
  if (asked.length > 0 && asked.every((name, i) => name === told[i])) return story.slice(0, asked.length);
  throw new UsageError(
    `PHASES="${names}" is no beginning of the story. The story is ${told.join(",")}; ` +
      `play its first part, for example PHASES=${told.slice(0, 2).join(",")}.`,
  );
}

/** "pulumi config set cutover:phase parallel; pulumi up", as a person would type it. */
export function commandsOf(step: StoryStep): string {
  const from = step.from ? `pulumi config set cutover:from ${step.from}; ` : "";
  return `${from}pulumi config set cutover:phase ${step.phase}; pulumi up`;
}

export function declaredShare(step: StoryStep): number {
  return phaseOf(step.phase).pythonShare;
}
