import type { PhaseName } from "@cutover/domain/phases";
import { describeChanges, describeErrors } from "../engine/events";
import { brokenPolicies } from "../engine/policy-pack";
import type { ConfigEntry, EngineResult } from "../engine/stack";
import { messageOf } from "../errors";
import type { MeasuredWindow } from "../report/model";
import { waitFor } from "../support/wait";
import { Checks } from "./checks";
import { messagesOfPython } from "./conversations";
import { customerCounts, readCustomerGroups } from "./customer-groups";
import { ledgerGrew } from "./evidence-ledger";
import { mendedImage } from "./images";
import { drained } from "./ledger";
import type { Scene } from "./scene";
import { judgeShare, measuredWindow, type ShareSeen } from "./share";
import { commandsOf, declaredShare, type RefusedTry, type UpStep } from "./steps";
import { FEW_RATE, FEWER_SENDERS, MESSAGES_PER_PHASE, SENDERS, WINDOW_PREFIX } from "./traffic";

/** What a step left behind for the report; `lost` is counted later, when everything is drained. */
export interface PlayedStep {
  readonly step: UpStep;
  /** Title of the story it belongs to. */
  readonly chapter: string;
  /** Real time, ms since the epoch. */
  readonly beganAt: number;
  /** From here on the update may move customers. */
  updateAt?: number;
  appliedAt?: number;
  endedAt: number;
  upSeconds: number;
  changes: string;
  measured?: MeasuredWindow;
  readonly checks: Checks;
}

/** Real ms in which everything accepted has to be completed. */
export const DRAIN_DEADLINE_MS = 30_000;

/** Plays one step. Returns also when something failed: see its checks. Throws only when the world broke. */
export async function playStep(scene: Scene, step: UpStep, chapter: string): Promise<PlayedStep> {
  const { terminal, stage } = scene;
  const checks = new Checks(({ what, ok, seen }) =>
    (ok ? terminal.good : terminal.bad).call(terminal, `${what}: ${seen}`),
  );
  const beganAt = Date.now();
  const played: PlayedStep = { step, chapter, beganAt, endedAt: beganAt, upSeconds: 0, changes: "", checks };
  terminal.heading(`${step.phase}: ${commandsOf(step)}`);
  if (step.asksNext) await askNext(scene, played);
  for (const tried of step.refused ?? []) await expectRefusal(scene, played, tried);
  for (const act of step.before ?? []) await act.play(scene, checks);
  if (step.fewMessages) scene.traffic.setRate(FEW_RATE);
  if (await update(scene, played)) {
    await checks.attempt(
      "the ledger holds one entry for each step up, release and new image",
      () => ledgerGrew(stage, scene.memory, step),
      stage.signal,
    );
    for (const { what, look } of step.expectations) {
      await checks.attempt(what, () => look(stage, scene.memory), stage.signal);
    }
    if (step.measure > 0) await measure(scene, played);
    await expectNoChange(scene, played);
  }
  played.endedAt = Date.now();
  return played;
}

/** Real ms in which the gate has to open: evidence and metrics come in rehearsal minutes. */
const NEXT_DEADLINE_MS = 60_000;

/** `cutover next`, as a person asks it in the morning, until it says that the next rung is open. */
async function askNext({ stage, terminal }: Scene, { step, checks }: PlayedStep): Promise<void> {
  const activity = terminal.activity(`cutover next, until ${step.phase} is open`);
  const what = `cutover next opens ${step.phase}`;
  let said = "";
  try {
    const asked = await waitFor(
      async () => {
        const { exitCode, stdout, stderr } = await stage.engine.cutover("next");
        said = stdout || stderr;
        return exitCode === 0;
      },
      { what, deadlineMs: NEXT_DEADLINE_MS, everyMs: 250, signal: stage.signal },
    );
    activity.done("open");
    checks.add(what, asked, said.split("\n").find((line) => line.trim() !== "") ?? "open");
  } catch (error) {
    activity.failed("stays closed");
    stage.signal.throwIfAborted();
    checks.add(what, false, `${messageOf(error)}\n${said}`);
  }
}

/** The update has to stop before the first resource and to say what is missing. */
async function expectRefusal(scene: Scene, played: PlayedStep, tried: RefusedTry): Promise<void> {
  const { stage, terminal, traffic } = scene;
  const config = [{ key: "cutover:phase", value: tried.phase ?? played.step.phase }, ...tried.config];
  const activity = terminal.activity(tried.what);
  const result = await traffic.duringUpdate(() => stage.engine.up({ allowFailure: true, config }));
  const said = describeErrors(result.diagnostics);
  const ok = result.exitCode !== 0 && result.changed === 0 && said.includes(tried.says);
  if (ok) activity.done("refused");
  else activity.failed("not refused as expected");
  played.checks.add(`${tried.what} is refused, nothing changes`, ok, said.split("\n")[1] ?? (said || "no error"));
}

/**
 * Phases whose first update the policy pack judges: between them everything is declared that ever is. A pack takes about two
 * seconds of CPU each time, and policy/program.test.ts judges every phase.
 */
const JUDGED: ReadonlySet<PhaseName> = new Set(["prepare", "parallel", "decommission"]);

async function update(scene: Scene, played: PlayedStep): Promise<boolean> {
  const { engine, signal } = scene.stage;
  const { step, checks } = played;
  const activity = scene.terminal.activity(`pulumi up (${step.phase})`);
  const policies = JUDGED.has(step.phase) && !scene.memory.judged.has(step.phase);
  try {
    played.updateAt = Date.now();
    scene.memory.updateAt = played.updateAt;
    const options = { onProgress: activity.progress, config: settingsOf(scene, step), policies };
    const result = await scene.traffic.duringUpdate(() => engine.up(options));
    if (policies) {
      scene.memory.judged.add(step.phase);
      const broken = brokenPolicies(result.text);
      const ran = result.text.includes("cutover@v");
      checks.add("every policy passes", ran && broken.length === 0, ran ? broken.join("; ") || "all" : "no pack ran");
    }
    played.appliedAt = Date.now();
    played.upSeconds = result.seconds;
    played.changes = describeChanges(result.changes);
    activity.done(played.changes);
    if (step.warns !== undefined) {
      const warned = result.diagnostics.find(({ message }) => message.includes(step.warns ?? ""));
      checks.add("pulumi up warns of what it does all the same", warned !== undefined, warned?.message ?? "no warning");
    }
    for (const key of step.unset ?? []) await engine.configRm(key);
    return true;
  } catch (error) {
    activity.failed("failed");
    signal.throwIfAborted();
    checks.add("pulumi up succeeds", false, messageOf(error));
    return false;
  }
}

function settingsOf({ memory }: Scene, step: UpStep): ConfigEntry[] {
  if (step.release && memory.openRollback === undefined) throw new Error(`${step.phase}: no rollback waits`);
  const id = step.release ? memory.openRollback : undefined;
  return [
    { key: "cutover:phase", value: step.phase },
    ...(step.phase === "prepare" ? [{ key: "cutover:affinity", value: memory.affinity }] : []),
    ...(step.from ? [{ key: "cutover:from", value: step.from }] : []),
    ...(id === undefined ? [] : [{ key: "cutover:acknowledgeRollback", value: id }]),
    ...(step.newImage ? mendedImage(memory) : []),
  ];
}

/** Exactly `step.measure` messages by 100 senders; where they went, in the table and at the target groups. */
async function measure(scene: Scene, played: PlayedStep): Promise<void> {
  const { stage, traffic, terminal } = scene;
  const { step, checks } = played;
  const senders = step.measure >= MESSAGES_PER_PHASE ? SENDERS : FEWER_SENDERS;
  const activity = terminal.activity(`${step.measure} messages by ${senders} concurrent senders`);
  const what = "Python's share is as declared, in the table and at the load balancer";
  try {
    const groups = await readCustomerGroups(stage);
    let before = customerCounts(stage.balancer, groups);
    const window = await traffic.window(step.measure, senders, () => {
      before = customerCounts(stage.balancer, groups);
    });
    const after = customerCounts(stage.balancer, groups);
    const rows = await drained(stage.postgres, WINDOW_PREFIX, window.messages, DRAIN_DEADLINE_MS, stage.signal);
    const own = window.messages.flatMap(({ id }) => rows.get(id) ?? []);
    const seen: ShareSeen = {
      declared: declaredShare(step),
      rows: { all: own.length, python: own.filter((row) => row.python).length },
      requests: { node: after.node - before.node, python: after.python - before.python },
      ...(scene.memory.affinity === "contact"
        ? { ofPythonsContacts: messagesOfPython(window.messages, declaredShare(step)) }
        : {}),
    };
    const seconds = (window.toMs - window.fromMs) / 1000;
    activity.done(`${Math.round(step.measure / seconds)} a second`);
    played.measured = measuredWindow(seen, window.fromMs - stage.startedAtMs, window.toMs - stage.startedAtMs);
    await checks.attempt(what, () => judgeShare(seen, step.measure));
  } catch (error) {
    activity.failed("failed");
    stage.signal.throwIfAborted();
    checks.add(what, false, messageOf(error));
  }
}

/** A second update finds nothing to do, and the state agrees with the world. */
async function expectNoChange(scene: Scene, played: PlayedStep): Promise<void> {
  const { engine } = scene.stage;
  const look = async (what: string, run: () => Promise<EngineResult>) => {
    const activity = scene.terminal.activity(what);
    const result = await scene.traffic.duringUpdate(run);
    const ok = result.exitCode === 0 && result.changed === 0;
    if (ok) activity.done("no change");
    else activity.failed("changes");
    const steps = result.steps.slice(0, 6).map(({ op, urn }) => `${op} ${urn.split("::").slice(-2).join(" ")}`);
    const said = result.diagnostics.find((d) => d.severity === "error")?.message ?? "";
    const seen = ok
      ? `${result.changes.same ?? 0} resources`
      : [describeChanges(result.changes), ...steps, said].join("; ");
    played.checks.add(`${what} shows no change`, ok, seen);
  };
  const { again, refresh } = played.step;
  const strict = { expectNoChanges: true, allowFailure: true } as const;
  if (again && refresh) await look("a second pulumi up, with --refresh,", () => engine.up({ ...strict, refresh }));
  else if (again) await look("a second pulumi up", () => engine.up(strict));
  else if (refresh) await look("pulumi refresh", () => engine.refresh({ ...strict, previewOnly: true }));
}
