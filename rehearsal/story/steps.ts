import { type PhaseName, phaseOf } from "@cutover/domain/phases";
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

/** A split is judged by at least so many messages. Source: issue "First light", numbers. */
export const MESSAGES_PER_PHASE = 2000;

/** prepare → front-door → parallel → back down. `pulumi destroy` follows it. */
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
