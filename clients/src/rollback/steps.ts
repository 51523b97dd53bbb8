import { followUpNotice, rollbackNotice } from "@cutover/domain/rollback/notice";
import type { RollbackRecord, StepName, StepResult } from "@cutover/domain/rollback/record";
import { awsReason } from "../aws/persist";
import type { RollbackDraft } from "../record/rollback-record";
import type { Outcome, RollbackPorts } from "./ports";

type Steps = { [step in StepName]?: StepResult };

/**
 * So long the reconciler leaves all but the switch to the invocation that made the record: longer than everything takes
 * where nothing hangs. Where something does, or the invocation was killed, help is right: every step may be done twice, and
 * the worst that comes of two at once is a second notice.
 */
const BUSY_MS = 15_000;

/** What every new record begins with. `now`: milliseconds since the epoch. */
export function newDraft(now: number): Pick<RollbackDraft, "at" | "busyUntil" | "steps"> {
  return { at: new Date(now).toISOString(), busyUntil: new Date(now + BUSY_MS).toISOString(), steps: {} };
}

/** A rollback while it is carried out. */
export interface Performance {
  /** The record as far as it is known; without an id while SSM has not taken it. */
  readonly record: RollbackDraft & { readonly id?: string };
  /** Why there is no record. */
  readonly recordProblem?: string;
  /** Another invocation recorded this rollback and does the rest. */
  readonly joined: boolean;
}

/**
 * A new rollback: switch, record and webhook at once, none waits for another; then the proof, the notice, and what was done
 * into the record. `live`: what the switch is already.
 */
export async function performNew(
  ports: RollbackPorts,
  draft: RollbackDraft,
  stage: string,
  options: { readonly moved: boolean; readonly after?: string },
): Promise<Performance> {
  const steps: Steps = {};
  const note = noting(ports, steps);
  const recording = settle(() => ports.createRecord(draft, options.after));
  const webhook = note("webhook", () => webhookFor(ports, draft.to));
  const switching = options.moved
    ? note("switch", async () => done(`it stood at "${draft.to}" already`))
    : note("switch", () => moveSwitch(ports, draft.to));
  const [made] = await Promise.all([recording, switching]);
  if (made.ok && made.value.joined && made.value.record.to !== draft.to) {
    await webhook;
    return yieldTo(ports, made.value.record, { ...draft, steps });
  }
  await prove(ports, draft.to, note);
  await webhook;
  // What SSM refused a moment ago it may take now; the reconciler tries again each minute.
  const recorded = made.ok ? made : await settle(() => ports.createRecord(draft, options.after));
  const joined = recorded.ok && recorded.value.joined && !foundByReconciler(recorded.value.record, draft);
  const known: Performance["record"] = recorded.ok
    ? { ...recorded.value.record, ...(joined ? {} : { trigger: draft.trigger }), steps }
    : { ...draft, steps };
  const recordProblem = recorded.ok ? undefined : recorded.why;
  if (!joined) await note("notice", () => tell(ports, stage, known, recordProblem));
  if (recorded.ok) {
    // Whoever made the record says when nobody is at it any more; that it was busy when we joined is old by now.
    const { busyUntil: _then, ...found } = recorded.value.record;
    await save(ports, { ...found, trigger: known.trigger, steps, ...(joined ? {} : { busyUntil: undefined }) });
  }
  return { record: known, joined, ...(recordProblem === undefined ? {} : { recordProblem }) };
}

/**
 * Another invocation recorded this rollback, and to another place. Nobody moves the switch again: a minute later it stands
 * where the later of the two put it, and that is taken over. Where that is the record's place the webhook has to be, too.
 */
async function yieldTo(ports: RollbackPorts, record: RollbackRecord, ours: RollbackDraft): Promise<Performance> {
  const webhook = await settle(() => webhookFor(ports, record.to));
  if (!webhook.ok) ports.log({ event: "webhook_failed", id: record.id, why: webhook.why });
  return { record: { ...ours, id: record.id }, joined: true };
}

/** The reconciler came between our move and our record and took the move for a person's. */
function foundByReconciler(record: RollbackRecord, draft: RollbackDraft): boolean {
  return record.trigger.kind === "by-hand" && draft.trigger.kind !== "by-hand";
}

/**
 * Says before the switch of an open record goes elsewhere that somebody is at it, so that nobody takes the move for a
 * person's. It is moved all the same where SSM does not take that.
 */
export async function announce(ports: RollbackPorts, record: RollbackRecord): Promise<void> {
  const busyUntil = new Date(ports.now() + BUSY_MS).toISOString();
  const noted = await settle(() => ports.updateRecord({ ...record, busyUntil }));
  if (!noted.ok) ports.log({ event: "record_failed", id: record.id, why: noted.why });
}

/** Why and how a rollback that is on record goes on. */
export interface Onwards {
  /** Why it goes elsewhere, one sentence without its full stop, for people. */
  readonly because?: string;
  /** The switch stands at `to` already: noted, not moved. */
  readonly stood?: true;
}

/** What is missing of a rollback that is on record: after a kill, a failure, or a switch that somebody moved. */
export async function performMissing(
  ports: RollbackPorts,
  record: RollbackRecord,
  todo: readonly StepName[],
  stage: string,
  { because, stood }: Onwards = {},
): Promise<RollbackRecord> {
  const steps: Steps = {};
  const note = noting(ports, steps);
  const webhook = todo.includes("webhook") ? note("webhook", () => webhookFor(ports, record.to)) : undefined;
  if (stood) await note("switch", async () => done(`it stood at "${record.to}" already`));
  else if (todo.includes("switch")) await note("switch", () => moveSwitch(ports, record.to));
  if (todo.includes("switch") || todo.includes("verify")) await prove(ports, record.to, note);
  await webhook;
  const whole: RollbackRecord = { ...record, steps: { ...record.steps, ...steps } };
  if (todo.includes("notice")) await note("notice", () => tell(ports, stage, whole, undefined));
  else if (record.steps.notice?.state === "done") await followUp(ports, stage, record, steps, because);
  return (await save(ports, { ...record, steps })) ?? { ...whole, steps: { ...whole.steps, ...steps } };
}

/** People hear of what changed: a step that went from failed to done, not of one that fails again each minute. */
async function followUp(
  ports: RollbackPorts,
  stage: string,
  record: RollbackRecord,
  steps: Steps,
  because: string | undefined,
): Promise<void> {
  const news = Object.entries(steps).filter(
    ([name, step]) => step.state !== record.steps[name as StepName]?.state || name === "switch",
  );
  if (news.length === 0) return;
  const told = await settle(() => ports.tellPeople(followUpNotice(stage, record, Object.fromEntries(news), because)));
  if (!told.ok) ports.log({ event: "notice_failed", id: record.id, why: told.why });
}

type Note = ReturnType<typeof noting>;

/**
 * Reads back once more after the record is written: a release that was under way may have put the switch off in between, and
 * it looks at the records after that. One of the two sees the other.
 */
async function prove(ports: RollbackPorts, to: "node" | "hold", note: Note): Promise<void> {
  const seen = await settle(() => ports.readListener());
  const moved = (s: string) => s === "node" || s === "hold";
  if (seen.ok && !moved(seen.value.killSwitch)) await note("switch", () => moveSwitch(ports, to));
  await note("verify", () => verify(ports, to));
}

function noting(ports: RollbackPorts, steps: Steps) {
  return async (name: StepName, act: () => Promise<Outcome>): Promise<void> => {
    const started = ports.now();
    const result = await settle(act);
    const outcome: Outcome = result.ok ? result.value : { state: "failed", detail: result.why };
    steps[name] = { ...outcome, at: new Date(ports.now()).toISOString() };
    ports.log({ event: "rollback_step", step: name, ...outcome, ms: ports.now() - started });
  };
}

async function moveSwitch(ports: RollbackPorts, to: "node" | "hold"): Promise<Outcome> {
  await ports.setSwitch(to);
  return done(`moved to "${to}", and its rule reads so`);
}

async function verify(ports: RollbackPorts, to: "node" | "hold"): Promise<Outcome> {
  const { killSwitch } = await ports.readListener();
  if (killSwitch !== to) return { state: "failed", detail: `the kill switch reads "${killSwitch}", not "${to}"` };
  if (to === "hold") return verifyHold(ports);
  const node = await ports.probe("node");
  if (node === "answers")
    return done("the kill switch sends every message to Node, and Node answers through the front door");
  const why = node === "dead" ? "Node does not answer its probes" : "Node could not be probed";
  return { state: "failed", detail: `the kill switch sends every message to Node, but ${why}` };
}

async function verifyHold(ports: RollbackPorts): Promise<Outcome> {
  const inbox = await ports.probeInbox();
  if (inbox === "answers") return done("the kill switch sends every message to the inbox, and the inbox takes them");
  const why = inbox === "dead" ? "it takes none" : "it could not be probed";
  return { state: "failed", detail: `the kill switch sends every message to the inbox, but ${why}` };
}

/** Node's own URL goes past the load balancer: what is to be held has to come through the front door. */
function webhookFor(ports: RollbackPorts, to: "node" | "hold"): Promise<Outcome> {
  return ports.moveWebhook(to === "hold" ? "front-door" : "node");
}

async function tell(
  ports: RollbackPorts,
  stack: string,
  known: Performance["record"],
  recordProblem: string | undefined,
): Promise<Outcome> {
  const lost = await settle(() => ports.lostMessages());
  await ports.tellPeople(
    rollbackNotice({
      stack,
      rollback: { ...known, id: known.id },
      recordProblem,
      lost: lost.ok ? lost.value : { known: false, why: lost.why },
    }),
  );
  return done("sent to the people's topic");
}

async function save(ports: RollbackPorts, record: RollbackRecord): Promise<RollbackRecord | undefined> {
  const saved = await settle(() => ports.updateRecord(record));
  if (saved.ok) return saved.value;
  ports.log({ event: "record_failed", id: record.id, why: saved.why });
  return undefined;
}

function done(detail: string): Outcome {
  return { state: "done", detail };
}

export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** A failure as a value, so that one step's never stops another. */
export async function settle<T>(act: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return { ok: false, why: awsReason(error) };
  }
}
