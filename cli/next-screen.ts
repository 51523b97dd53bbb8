import type { StackStatus } from "@cutover/clients/evidence/stack-status";
import { BAKE_HOURS, barFor, type GateFacts, type GateResult } from "@cutover/domain/evidence/gate";
import type { CriterionVerdict } from "@cutover/domain/evidence/model";
import type { NextStep } from "@cutover/domain/evidence/next-step";
import { dayAndTime, dayTime, statusJson, statusLines } from "./status-screen";

const HOUR_MS = 3_600_000;
const INDENT = " ".repeat(10);

/** Everything `cutover next` shows. */
export interface NextView {
  readonly status: StackStatus;
  /** Undefined where there is no next step. */
  readonly next?: NextStep;
  readonly facts?: GateFacts;
  readonly result?: GateResult;
  /** What the next share means: messages an hour, minutes until a fault is seen. */
  readonly promise: readonly string[];
}

/** The morning's screen, as lines for people. */
export function nextLines(view: NextView): string[] {
  const { status, next, facts, result, promise } = view;
  if (!next || !facts || !result)
    return [...statusLines(status), `next      nothing: "${status.applied.phase}" has no next rung`, ...promise];
  const open = isOpen(view);
  const until = open ? undefined : openAt(view);
  const state = open ? "open" : `BLOCKED${until === undefined ? "" : ` until about ${dayAndTime(until)}`}`;
  return [
    ...statusLines(status),
    `next      ${nameOf(next)}: ${state}`,
    ...(facts.verdict?.criteria ?? []).map(criterionLine),
    ...otherRefusals(view).flatMap(({ reason, remedy }) => [`  ${reason}`, `${INDENT}${remedy}`]),
    ...promise,
    open ? `to go on:  ${next.commands.join(" && ")}` : `when open: ${next.commands.join(" && ")}`,
  ];
}

/** The facts of the screen for other programs. */
export function nextJson(view: NextView): Record<string, unknown> {
  const { status, next, facts, result, promise } = view;
  const until = openAt(view);
  return {
    ...statusJson(status),
    next:
      next && result
        ? {
            phase: next.step.to.name,
            pythonShare: next.step.shareAfter,
            bar: barFor(next.step) ?? null,
            open: isOpen(view),
            openAt: until === undefined ? null : new Date(until).toISOString(),
            verdict: facts?.verdict ?? null,
            refusals: result.refusals,
            warnings: result.warnings,
            promise,
            commands: next.commands,
          }
        : null,
  };
}

/** Whether pulumi up would make the step now. */
export function isOpen({ status, next, result }: NextView): boolean {
  return next !== undefined && result !== undefined && result.refusals.length === 0 && status.rollback === undefined;
}

/** When everything that only time brings will be there; undefined where something else is in the way, too. */
function openAt({ status, facts, result }: NextView): number | undefined {
  if (!facts || !result || status.rollback) return undefined;
  const { verdict, phaseSince, step, now } = facts;
  const bakedAt =
    phaseSince === undefined ? undefined : phaseSince + (facts.bakeHours ?? BAKE_HOURS[step.from.name]) * HOUR_MS;
  if (bakedAt === undefined) return undefined;
  const short = verdict?.outcome === "NOT ENOUGH EVIDENCE";
  if (verdict?.outcome === "FAIL" || (short && verdict.eta === undefined)) return undefined;
  const waiting = (bakedAt > now ? 1 : 0) + (short ? 1 : 0);
  if (waiting !== result.refusals.length) return undefined;
  return Math.max(bakedAt, verdict?.eta ?? 0);
}

function criterionLine(one: CriterionVerdict): string {
  const name = one.id.padEnd(16);
  if (one.outcome === "PASS") return `  ${name} PASS  ${one.seen}`;
  const missing = one.missing === undefined ? "" : ` → ${one.missing}`;
  const eta = one.eta === undefined ? "" : ` (about ${dayTime(one.eta)})`;
  const label = one.outcome === "FAIL" ? "FAIL" : one.kind === "watch" ? "–   " : "…   ";
  return `  ${name} ${label}  ${one.seen}${missing}${eta}`;
}

/** What stands against the step besides the criteria, which have lines of their own. */
function otherRefusals({ facts, result }: NextView): GateResult["refusals"] {
  const outcome = facts?.verdict?.outcome;
  return (result?.refusals ?? []).filter(
    ({ reason }) => outcome === undefined || !reason.startsWith(`${outcome} to leave`),
  );
}

function nameOf({ step }: NextStep): string {
  return step.to.name === step.from.name ? `${step.to.name} with its ${step.shareAfter} %` : step.to.name;
}
