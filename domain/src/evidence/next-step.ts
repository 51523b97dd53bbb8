import type { Applied } from "../decide";
import { nextRung, phaseOf } from "../phases";
import type { Step } from "./gate";

/** What comes next, and the command for it. */
export interface NextStep {
  readonly step: Step;
  readonly commands: readonly string[];
}

/**
 * The next step up from what is applied: first the phase's own share where `cutover:pythonWeight` lowered it, then the next
 * rung. Undefined at the top and for `node-only`, from which a person chooses the way back.
 */
export function nextStep(applied: Applied, stack: string): NextStep | undefined {
  const from = phaseOf(applied.phase);
  const up = `pulumi up --stack ${stack}`;
  if (applied.pythonShare < from.pythonShare) {
    return {
      step: { from, to: from, shareBefore: applied.pythonShare, shareAfter: from.pythonShare },
      commands: [`pulumi config rm cutover:pythonWeight --stack ${stack}`, up],
    };
  }
  const to = nextRung(from);
  if (!to) return undefined;
  return {
    step: { from, to, shareBefore: applied.pythonShare, shareAfter: to.pythonShare },
    commands: [`pulumi config set cutover:phase ${to.name} --stack ${stack}`, up],
  };
}
