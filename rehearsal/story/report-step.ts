import { phaseOf } from "@cutover/domain/phases";
import type { LostDetails, PhaseResult, StepDetails } from "../report/model";
import type { PlayedDestroy } from "./destroy";
import type { LostMessage } from "./ledger";
import type { PlayedFault } from "./play-fault";
import type { PlayedStep } from "./play-step";
import type { Stage } from "./stage";
import { commandsOf, declaredShare } from "./steps";

export function phaseResult({ step, measured, upSeconds }: PlayedStep, lost: number): PhaseResult {
  return {
    phase: step.phase,
    declaredShare: declaredShare(step),
    observedShare: measured ? Number(measured.byTable.toFixed(3)) : null,
    requests: measured?.requests ?? 0,
    lost,
    upSeconds: Number(upSeconds.toFixed(1)),
  };
}

/** What the page shows of anything that was played. */
export function stepDetails(played: PlayedStep | PlayedFault | PlayedDestroy, { startedAtMs }: Stage): StepDetails {
  const since = (at: number) => at - startedAtMs;
  const times = {
    chapter: played.chapter,
    beganMs: since(played.beganAt),
    endedMs: since(played.endedAt),
    checks: played.checks.all,
  };
  if (!("step" in played)) {
    const applied = played.appliedAt === undefined ? {} : { appliedMs: since(played.appliedAt) };
    return {
      phase: "destroy",
      title: "pulumi destroy",
      declaredShare: 0,
      changes: played.changes,
      ...(played.refused ? { refused: true as const } : {}),
      ...times,
      ...applied,
    };
  }
  const { step } = played;
  if (isFault(played)) {
    const rolledBack = played.rollback ? `rolled back by itself: ${played.rollback}` : "not rolled back";
    return {
      phase: played.step.fault,
      title: commandsOf(step),
      declaredShare: declaredShare(step),
      changes: rolledBack,
      ...times,
    };
  }
  return {
    phase: step.phase,
    title: commandsOf(step),
    declaredShare: phaseOf(step.phase).pythonShare,
    ...(played.appliedAt === undefined ? {} : { appliedMs: since(played.appliedAt) }),
    changes: played.changes,
    ...(played.measured ? { measured: played.measured } : {}),
    ...times,
  };
}

export function isFault(played: PlayedStep | PlayedFault): played is PlayedFault {
  return played.step.kind === "fault";
}

export function lostDetails({ message, why }: LostMessage, { startedAtMs }: Stage): LostDetails {
  return { id: message.id, sentMs: message.sentAt - startedAtMs, latencyMs: Math.round(message.latencyMs), why };
}
