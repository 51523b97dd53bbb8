import type { Outcome } from "../evidence/model";
import { numberIn, phaseIn } from "./allowed";
import type { PlannedChange } from "./change";
import { bag, list } from "./preview";

/** What `cutover next --json` said about the step, as far as it is the same step. */
export type EvidenceView =
  | {
      readonly kind: "judged";
      /** Undefined: this step asks for none. */
      readonly outcome: Outcome | undefined;
      /** The gate lets the step through. */
      readonly open: boolean;
      /** When it will, as far as only time is missing; ISO 8601. */
      readonly openAt: string | undefined;
      readonly criteria: readonly CriterionView[];
      readonly refusals: readonly { readonly reason: string; readonly remedy: string }[];
      readonly warnings: readonly string[];
    }
  /** There is a file, but it says nothing about this step. */
  | { readonly kind: "other"; readonly why: string }
  /** None was given. */
  | { readonly kind: "none" };

export interface CriterionView {
  readonly id: string;
  readonly outcome: Outcome;
  /** "0/41 failed; at 95 % below 7.1 %" */
  readonly seen: string;
  readonly missing: string | undefined;
  /** It blocks only by a clear FAIL. */
  readonly watched: boolean;
}

/** The evidence file is no output of `cutover next --json`. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
}

/** Nobody could look. */
export const UNAVAILABLE: EvidenceView = { kind: "other", why: "it could not be read (the job's log says why)" };

const OUTCOMES: readonly Outcome[] = ["PASS", "FAIL", "NOT ENOUGH EVIDENCE"];

/**
 * Reads the output of `cutover next --json` for a change.
 * @throws EvidenceError when it is something else
 */
export function evidenceFor(text: string | undefined, change: PlannedChange): EvidenceView {
  if (text === undefined) return { kind: "none" };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new EvidenceError('The evidence file is no JSON; expected the output of "cutover next --json".');
  }
  const { stack, phase, next, error } = bag(parsed);
  if (typeof error === "string") return UNAVAILABLE;
  if (typeof stack !== "string" || phaseIn(phase) === undefined) {
    throw new EvidenceError('The evidence file has no stack and phase; expected the output of "cutover next --json".');
  }
  return why(stack, phaseIn(phase)?.name, bag(next), change) ?? judged(bag(next));
}

/** Why the evidence is not about this change; undefined where it is. */
function why(
  stack: string,
  phase: string | undefined,
  next: Readonly<Record<string, unknown>>,
  { stack: ours, before, after }: PlannedChange,
): EvidenceView | undefined {
  const other = (text: string): EvidenceView => ({ kind: "other", why: text });
  if (stack !== ours) return other("it was read for another stack");
  if (!before || !after) return other("there is no step to judge");
  if (phase !== before.phase.name) return other(`it was read in "${phase}", and "${before.phase.name}" is applied`);
  const [to, share] = [phaseIn(next.phase), numberIn(next.pythonShare)];
  if (!to || to.name !== after.phase.name || share !== after.share) {
    const read = to ? `the step to "${to.name}" (${share ?? "?"} %)` : "no step";
    return other(`it is about ${read}, not this one`);
  }
  return undefined;
}

function judged(next: Readonly<Record<string, unknown>>): EvidenceView {
  const verdict = bag(next.verdict);
  const openAt = typeof next.openAt === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(next.openAt);
  return {
    kind: "judged",
    outcome: outcomeIn(verdict.outcome),
    open: next.open === true,
    openAt: openAt ? String(next.openAt).slice(0, 24) : undefined,
    criteria: list(verdict.criteria).flatMap(criterionIn),
    refusals: list(next.refusals).map((one) => ({ reason: words(bag(one).reason), remedy: words(bag(one).remedy) })),
    warnings: list(next.warnings).map(words),
  };
}

function criterionIn(value: unknown): CriterionView[] {
  const { id, outcome, seen, missing, kind } = bag(value);
  const known = outcomeIn(outcome);
  if (known === undefined || typeof id !== "string") return [];
  return [
    {
      id: words(id),
      outcome: known,
      seen: words(seen),
      missing: missing === undefined ? undefined : words(missing),
      watched: kind === "watch",
    },
  ];
}

function outcomeIn(value: unknown): Outcome | undefined {
  return OUTCOMES.find((one) => one === value);
}

/** A sentence of our own command. */
function words(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 600) : "";
}
