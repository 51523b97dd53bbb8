import { phaseOf } from "@cutover/domain/phases";
import type { SentMessage } from "../ghl/load";
import type { PhaseResult, RehearsalReport, ReportDetails, StepDetails } from "../report/model";
import type { Terminal } from "../run/terminal";
import { ghlValues, LEFT_ON_PURPOSE, type PlayedDestroy, playDestroy } from "./destroy";
import { inventory } from "./inventory";
import { account, describeLost, drained, judgeLoss, type QueueRows } from "./ledger";
import { Memory } from "./memory";
import { DRAIN_DEADLINE_MS, type PlayedStep, playStep, type Scene } from "./play-step";
import type { Stage } from "./stage";
import { commandsOf, declaredShare, type StoryStep } from "./steps";
import { MESSAGE_PREFIX, samplesOf, Traffic } from "./traffic";

/** Messages a second between the measured windows. */
const STEADY_RATE = 20;

export interface StoryOptions {
  readonly steps: readonly StoryStep[];
  /** Whether `pulumi destroy` is played at the end. */
  readonly destroy: boolean;
  readonly terminal: Terminal;
}

/** The story as it was played; `report` and `details` are ready to be written. */
export interface PlayedStory {
  readonly report: RehearsalReport;
  readonly details: ReportDetails;
  readonly scene: Scene;
}

/** Plays the steps, messages flowing all the while, then the destroy; a failed step leads straight to the destroy. */
export async function playStory(stage: Stage, options: StoryOptions): Promise<PlayedStory> {
  const { terminal } = options;
  const memory = new Memory(
    await inventory(stage.aws),
    ghlValues(stage.ghl.store.all()),
    await stage.postgres.snapshot(),
  );
  const scene: Scene = { stage, terminal, memory, traffic: new Traffic({ sender: stage.sender, rate: STEADY_RATE }) };
  const steps: PlayedStep[] = [];
  let destroyed: PlayedDestroy | undefined;
  scene.traffic.start();
  try {
    for (const step of options.steps) {
      const played = await playStep(scene, step);
      steps.push(played);
      if (played.appliedAt === undefined) break;
    }
    const last = steps.at(-1);
    if (options.destroy) destroyed = await playDestroy(scene, last?.appliedAt ? last.step.phase : undefined);
  } finally {
    await scene.traffic.stop();
  }
  return { ...(await summarise(scene, steps, destroyed)), scene };
}

/** Waits until everything accepted is completed, then counts: only now can it be said what is lost. */
async function summarise(
  scene: Scene,
  steps: readonly PlayedStep[],
  destroyed: PlayedDestroy | undefined,
): Promise<Pick<PlayedStory, "report" | "details">> {
  const { stage, traffic, memory } = scene;
  const messages = traffic.messages;
  const rows = await drained(stage.postgres, MESSAGE_PREFIX, messages, DRAIN_DEADLINE_MS, stage.signal);
  const lossOf = lossPerStep(steps, messages, rows);
  if (destroyed) {
    const { beganAt, checks } = destroyed;
    const during = messages.filter((m) => m.sentAt >= beganAt);
    await checks.attempt("no message is lost from the start of the destroy on", () => judgeLoss(account(during, rows)));
  }
  const all = account(messages, rows);
  const failures = [
    ...steps.flatMap(({ step, checks }) => checks.failures.map((c) => `${step.phase}: ${c.what}: ${c.seen}`)),
    ...(destroyed?.checks.failures.map((c) => `destroy: ${c.what}: ${c.seen}`) ?? []),
    ...(all.lost.length > 0 ? [`${all.lost.length} of ${all.sent} messages lost: ${describeLost(all.lost)}`] : []),
  ];
  const report: RehearsalReport = {
    phases: steps.map((played, i) => phaseResult(played, at(lossOf, i))),
    messages: {
      sent: all.sent,
      accepted: all.accepted,
      completed: all.completed,
      exposed: all.exposed,
      lost: all.lost.length,
    },
    migrations: { applied: memory.migrationsApplied, rerunApplied: memory.rerunApplied },
    destroy: {
      webhookRestored: destroyed?.webhookRestored ?? null,
      dataKept: destroyed?.dataKept ?? null,
      resourcesLeft: destroyed?.resourcesLeft ?? null,
    },
    listeningOnLoopbackOnly: memory.sockets?.onLoopbackOnly ?? null,
    clockFactor: stage.clock.factor,
    durationSeconds: Number(((Date.now() - stage.startedAtMs) / 1000).toFixed(1)),
  };
  const details: ReportDetails = {
    ok: failures.length === 0,
    failures,
    startedAt: new Date(stage.startedAtMs).toISOString(),
    steps: [
      ...steps.map((played) => stepDetails(played, stage)),
      ...(destroyed ? [destroyDetails(destroyed, stage)] : []),
    ],
    samples: samplesOf(messages, stage.startedAtMs),
    lost: all.lost.slice(0, 50).map(({ message, why }) => ({
      id: message.id,
      sentMs: message.sentAt - stage.startedAtMs,
      latencyMs: Math.round(message.latencyMs),
      why,
    })),
    leftOnPurpose: destroyed ? LEFT_ON_PURPOSE : [],
    listening: memory.sockets?.listening.map((s) => `${s.address}:${s.port} ${s.process}`) ?? [],
  };
  return { report, details };
}

/** The number of that step. @throws RangeError where it was not counted: a loss must not pass for 0. */
export function at(counts: readonly number[], step: number): number {
  const count = counts[step];
  if (count === undefined) throw new RangeError(`no count for step ${step}, only ${counts.length} steps were counted`);
  return count;
}

/** A message belongs to the step in which it was sent, the step's own update included; the last one also owns the destroy. */
export function lossPerStep(
  steps: readonly Pick<PlayedStep, "beganAt">[],
  messages: readonly SentMessage[],
  rows: QueueRows,
): number[] {
  return steps.map((step, i) => {
    const from = i === 0 ? 0 : step.beganAt;
    const to = steps[i + 1]?.beganAt ?? Number.POSITIVE_INFINITY;
    return account(
      messages.filter((m) => m.sentAt >= from && m.sentAt < to),
      rows,
    ).lost.length;
  });
}

function phaseResult({ step, measured, upSeconds }: PlayedStep, lost: number): PhaseResult {
  return {
    phase: step.phase,
    declaredShare: declaredShare(step),
    observedShare: measured ? Number(measured.byTable.toFixed(3)) : null,
    requests: measured?.requests ?? 0,
    lost,
    upSeconds: Number(upSeconds.toFixed(1)),
  };
}

function stepDetails(played: PlayedStep, { startedAtMs }: Stage): StepDetails {
  return {
    phase: played.step.phase,
    title: commandsOf(played.step),
    declaredShare: phaseOf(played.step.phase).pythonShare,
    beganMs: played.beganAt - startedAtMs,
    ...(played.appliedAt === undefined ? {} : { appliedMs: played.appliedAt - startedAtMs }),
    endedMs: played.endedAt - startedAtMs,
    changes: played.changes,
    ...(played.measured ? { measured: played.measured } : {}),
    checks: played.checks.all,
  };
}

function destroyDetails(played: PlayedDestroy, { startedAtMs }: Stage): StepDetails {
  return {
    phase: "destroy",
    title: "pulumi destroy",
    declaredShare: 0,
    beganMs: played.beganAt - startedAtMs,
    ...(played.appliedAt === undefined ? {} : { appliedMs: played.appliedAt - startedAtMs }),
    endedMs: played.endedAt - startedAtMs,
    changes: played.changes,
    checks: played.checks.all,
  };
}
