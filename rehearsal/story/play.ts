import type { BusinessNumbers, RehearsalReport, ReportDetails } from "../report/model";
import type { Terminal } from "../run/terminal";
import { STACK } from "../world/names";
import { judgeChapter } from "./conversations";
import { decisionsOf } from "./decisions";
import { ghlValues, LEFT_ON_PURPOSE, type PlayedDestroy, playDestroy, playRefusedDestroy } from "./destroy";
import { inventory } from "./inventory";
import { account, describeLost, drained, judgeLoss, type LostMessage } from "./ledger";
import { Memory } from "./memory";
import { type PlayedFault, playFault } from "./play-fault";
import { DRAIN_DEADLINE_MS, type PlayedStep, playStep } from "./play-step";
import { faultDetails, faultResult, isExposedTo } from "./report-fault";
import { lostDetails, phaseResult, stepDetails } from "./report-step";
import type { Scene } from "./scene";
import type { Stage } from "./stage";
import type { Chapter } from "./steps";
import { MESSAGE_PREFIX, STEADY_RATE, samplesOf, Traffic } from "./traffic";

export interface StoryOptions {
  readonly chapters: readonly Chapter[];
  readonly terminal: Terminal;
}

/** The story as it was played; `report` and `details` are ready to be written. */
export interface PlayedStory {
  readonly report: RehearsalReport;
  readonly details: ReportDetails;
  readonly scene: Scene;
}

/** Everything that was played, in order. */
interface Played {
  readonly parts: (PlayedStep | PlayedFault)[];
  readonly endings: PlayedDestroy[];
}

/** Plays the chapters, messages flowing all the while; a failed step leads straight to the destroy and the end. */
export async function playStory(stage: Stage, options: StoryOptions): Promise<PlayedStory> {
  const { terminal, chapters } = options;
  const memory = new Memory(
    await inventory(stage.aws),
    ghlValues(stage.ghl.store.all()),
    await stage.postgres.snapshot(),
  );
  const scene: Scene = {
    stage,
    terminal,
    memory,
    traffic: new Traffic({ sender: stage.sender, lateSender: stage.lateSender, rate: STEADY_RATE }),
  };
  const played: Played = { parts: [], endings: [] };
  scene.traffic.start();
  try {
    for (const chapter of chapters) {
      terminal.heading(`— ${chapter.title} —`);
      memory.ghlWrites = stage.ghl.writes().length;
      if (!(await playChapter(scene, chapter, played))) break;
    }
  } finally {
    await scene.traffic.stop();
  }
  const anew = scene.traffic.messages.filter(({ reconnected }) => reconnected).length;
  if (anew > 0) terminal.line(`${anew} messages found a kept connection closed and went by a new one`);
  return { ...(await summarise(scene, played)), scene };
}

/** @returns whether the next chapter can begin */
async function playChapter(scene: Scene, chapter: Chapter, played: Played): Promise<boolean> {
  let whole = true;
  let applied: PlayedStep | undefined;
  const from = played.parts.length;
  scene.memory.affinity = chapter.affinity;
  for (const step of chapter.steps) {
    if (step.kind === "fault") {
      const fault = await playFault(scene, step, chapter.title);
      played.parts.push(fault);
      whole = fault.rollback !== undefined;
    } else {
      applied = await playStep(scene, step, chapter.title);
      played.parts.push(applied);
      const last = played.parts.findLast((part): part is PlayedFault => part.step.kind === "fault");
      if (step.release && last && applied.appliedAt !== undefined) last.releasedAt ??= applied.appliedAt;
      whole = applied.appliedAt !== undefined;
    }
    if (!whole) break;
  }
  const own = played.parts.slice(from);
  const checks = own.at(-1)?.checks;
  if (whole && checks) judgeChapter(chapter.affinity, own, scene.traffic.messages, checks);
  const phase = applied?.appliedAt === undefined ? undefined : applied.step.phase;
  if (chapter.ending === "none") return whole;
  const refuses = chapter.ending === "refused" && whole;
  const ending = refuses
    ? await playRefusedDestroy(scene, chapter.title)
    : await playDestroy(scene, phase, chapter.title);
  played.endings.push(ending);
  return whole && ending.checks.failures.length === 0;
}

/** Waits until everything accepted is completed, then counts: only now can it be said what is lost. */
async function summarise(scene: Scene, played: Played): Promise<Pick<PlayedStory, "report" | "details">> {
  const { stage, traffic, memory } = scene;
  const { parts, endings } = played;
  const messages = traffic.messages;
  const rows = await drained(stage.postgres, MESSAGE_PREFIX, messages, DRAIN_DEADLINE_MS, stage.signal);
  const steps = parts.filter((part): part is PlayedStep => part.step.kind === "up");
  const faults = parts.filter((part): part is PlayedFault => part.step.kind === "fault");
  for (const { beganAt, endedAt, checks } of endings) {
    const during = messages.filter((m) => m.sentAt >= beganAt && m.sentAt <= endedAt);
    await checks.attempt("no message is lost from the start of the destroy on", () => judgeLoss(account(during, rows)));
  }
  const all = account(messages, rows);
  const unexplained = all.lost.filter(({ message }) => !faults.some((fault) => isExposedTo(fault, message)));
  const failures = [...failuresOf(played), ...lossWithoutFault(unexplained, all.sent)];
  const destroyed = endings.find((ending) => !ending.refused);
  const report: RehearsalReport = {
    phases: steps.map((step) => phaseResult(step, lossIn(parts, step, all.lost))),
    faults: faults.map((fault) => faultResult(fault, messages, rows, stage)),
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
  const lost = [...unexplained, ...all.lost.filter((one) => !unexplained.includes(one))].slice(0, SHOWN_LOST);
  const details: ReportDetails = {
    ok: failures.length === 0,
    failures,
    startedAt: new Date(stage.startedAtMs).toISOString(),
    punctuality: stage.punctuality(),
    steps: [...parts, ...endings].toSorted((a, b) => a.beganAt - b.beganAt).map((part) => stepDetails(part, stage)),
    samples: samplesOf(messages, stage.startedAtMs),
    decisions: decisionsOf({
      stack: STACK,
      clock: stage.clock,
      startedAtMs: stage.startedAtMs,
      series: (metric) => stage.series(metric),
    }),
    faults: faults.map((fault) => faultDetails(fault, messages, rows, stage)),
    alarms: stage.cloudwatch.changes.map(({ at, ...change }) => ({ ...change, atMs: at - stage.startedAtMs })),
    business: await businessNumbers(stage),
    lost: lost.map((one) => lostDetails(one, stage)),
    leftOnPurpose: destroyed ? LEFT_ON_PURPOSE : [],
    listening: memory.sockets?.listening.map((s) => `${s.address}:${s.port} ${s.process}`) ?? [],
  };
  return { report, details };
}

/** Lost messages that the page lists. */
const SHOWN_LOST = 50;

function failuresOf({ parts, endings }: Played): string[] {
  const where = ({ step }: PlayedStep | PlayedFault) =>
    step.kind === "fault" ? `${step.fault} at ${step.phase}` : step.phase;
  return [
    ...parts.flatMap((part) => part.checks.failures.map((c) => `${where(part)}: ${c.what}: ${c.seen}`)),
    ...endings.flatMap(({ checks }) => checks.failures.map((c) => `destroy: ${c.what}: ${c.seen}`)),
  ];
}

function lossWithoutFault(lost: readonly LostMessage[], sent: number): string[] {
  return lost.length === 0 ? [] : [`${lost.length} of ${sent} messages lost without a fault: ${describeLost(lost)}`];
}

/** A message belongs to the step in which it was sent: a step owns everything up to the next step or fault. */
export function lossIn(
  parts: readonly Pick<PlayedStep | PlayedFault, "beganAt">[],
  step: Pick<PlayedStep, "beganAt">,
  lost: readonly LostMessage[],
): number {
  const i = parts.findIndex((part) => part.beganAt === step.beganAt);
  if (i < 0) throw new RangeError("a step that was not played has no loss");
  const from = i === 0 ? 0 : step.beganAt;
  const to = parts[i + 1]?.beganAt ?? Number.POSITIVE_INFINITY;
  return lost.filter(({ message }) => message.sentAt >= from && message.sentAt < to).length;
}

/** Out of the table itself; what the seed brought is not counted. */
async function businessNumbers({ postgres }: Stage): Promise<BusinessNumbers[]> {
  const rows = await postgres.query<{
    python: boolean;
    messages: string;
    completed: string;
    booked: string;
    qualified: string;
  }>(
    postgres.adminUrl,
    `SELECT to_jsonb(m) ->> 'langgraph_thread_id' IS NOT NULL AS python, count(*) AS messages,
            count(*) FILTER (WHERE status = 'completed') AS completed,
            count(*) FILTER (WHERE appointment_booked) AS booked, count(*) FILTER (WHERE lead_qualified) AS qualified
       FROM public.message_queue m WHERE ghl_message_id LIKE $1 GROUP BY 1 ORDER BY 1`,
    [`${MESSAGE_PREFIX}%`],
  );
  return rows.map((row) => ({
    engine: row.python ? "python" : "node",
    messages: Number(row.messages),
    completed: Number(row.completed),
    booked: Number(row.booked),
    qualified: Number(row.qualified),
  }));
}
