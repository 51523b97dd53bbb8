import type { RollbackConfig } from "@cutover/domain/function-config";
import {
  decideRollback,
  needsPythonHealth,
  type RollbackDecision,
  type RollbackSituation,
} from "@cutover/domain/rollback";
import { lateBecause, parseEvents, type RollbackEvent } from "@cutover/domain/rollback/event";
import { pageNotice } from "@cutover/domain/rollback/notice";
import { isElsewhere, remainingSteps } from "@cutover/domain/rollback/reconcile";
import {
  lastMove,
  openRecord,
  type RollbackRecord,
  type RollbackTrigger,
  redirected,
  releaseBegan,
  type StepName,
} from "@cutover/domain/rollback/record";
import type { LiveListener } from "../loadbalancer/kill-switch";
import type { RollbackShelf } from "../record/rollback-record";
import { tellDated } from "./people";
import type { RollbackPorts, RollbackReport } from "./ports";
import { reconcile } from "./reconcile";
import { movedTo } from "./report";
import { newDraft, type Performance, performMissing, performNew, type Settled, settle } from "./steps";

/** What the flow needs of the configuration. */
export type RunConfig = Pick<RollbackConfig, "stack" | "alarms" | "killSwitch" | "inboxTargetGroupArn" | "frontDoor">;

/** The switch should have moved and has not: Lambda tries the event again, the reconciler tries each minute. */
export class RollbackIncomplete extends Error {
  override readonly name = "RollbackIncomplete";
}

/** Longest time that reading SSM may hold up a rollback; then it goes on without. */
const RECORDS_WITHIN_MS = 2_000;
const SSM_SILENT = "SSM did not answer in time";

/**
 * Handles one invocation, whatever it holds.
 * @throws RollbackIncomplete where traffic should have moved and has not
 */
export async function runRollback(payload: unknown, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  const reports: RollbackReport[] = [];
  for (const event of parseEvents(payload, config.stack, config.alarms)) {
    const report = await handle(event, config, ports);
    ports.log({ event: "rollback_report", source: event.kind, ...report });
    reports.push(report);
  }
  const failed = reports.find(({ outcome }) => outcome === "failed");
  if (failed && payloadMoves(payload)) throw new RollbackIncomplete(failed.sentence);
  return failed ?? reports[0] ?? { outcome: "ignored", sentence: "the event is empty" };
}

/** The next minute repeats a reconciliation anyway. */
function payloadMoves(payload: unknown): boolean {
  return (payload as { source?: unknown } | null)?.source !== "reconcile";
}

async function handle(event: RollbackEvent, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  if (event.kind === "ignored") return { outcome: "ignored", sentence: `Ignored: ${event.why}.` };
  if (event.kind === "reconcile") return reconcile(config, ports, { respond, freshRecords });
  if (event.kind === "notice") return tellDated(event.notice, config, ports);
  if (event.kind === "manual") return respond({ kind: "manual", text: event.reason, at: ports.now() }, config, ports);
  return respond({ kind: event.tier, alarm: event.alarm, text: event.text, at: event.at }, config, ports);
}

/** A reason to look, and when it arose (milliseconds since the epoch). */
export interface Reason extends RollbackTrigger {
  readonly kind: RollbackSituation["tier"];
  readonly at: number;
}

/** Looks, decides, acts: for an alarm, a person, or an alarm that only the reconciler saw. */
export async function respond(reason: Reason, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  const applied = within(
    RECORDS_WITHIN_MS,
    settle(() => ports.readApplied()),
    SSM_SILENT,
  );
  const nodeProbe = config.killSwitch?.nodeTargetGroupArn ? settle(() => ports.probe("node")) : undefined;
  const [listener, shelf, alarms] = await Promise.all([
    settle(() => ports.readListener()),
    within(
      RECORDS_WITHIN_MS,
      settle(() => ports.readShelf()),
      SSM_SILENT,
    ),
    reason.kind === "manual" ? undefined : settle(() => ports.readAlarms()),
  ]);
  const records = shelf.ok ? await freshRecords(shelf.value.records, listener, ports) : [];
  const { alarm } = reason;
  if (alarm !== undefined) {
    const still = alarms?.ok ? alarms.value.alarms.find(({ name }) => name === alarm)?.state === "ALARM" : undefined;
    const late = lateBecause({ alarm, at: reason.at }, records, ports.now(), still);
    if (late) return { outcome: "ignored", sentence: `Ignored: ${late}.` };
  }
  const open = openRecord(records);
  const began = open && releaseBegan(open, ports.now());
  const releasing = began !== undefined && reason.at > began;
  const sharedOutage = alarms?.ok ? alarms.value.sharedOutage : false;
  const judge = () => judged(reason, listener, nodeProbe, sharedOutage, config, ports);
  if (open && !releasing) return join(open, reason, listener, shelf, judge, config, ports);
  const { situation, decision } = await judge();
  if (decision.action !== "switch") return leave(reason, decision, config, shelf, ports);
  const phase = await applied;
  const { at: _at, ...trigger } = reason;
  const performance = await performNew(
    ports,
    {
      ...newDraft(ports.now()),
      trigger,
      ...(phase.ok && phase.value ? { phase: phase.value.phase } : {}),
      ...(situation.share === undefined ? {} : { share: situation.share }),
      ...placeOf(listener, decision.to),
    },
    config.stack,
    {
      moved: listener.ok && listener.value.killSwitch === decision.to,
      ...(open && releasing ? { after: open.id } : {}),
    },
  );
  return reportOf(performance, decision.reason);
}

/**
 * A switch that is off although its record says that it was moved: a release may have begun after the records were read. It
 * says so before it writes, so a look after having seen `off` shows it.
 */
export async function freshRecords(
  records: readonly RollbackRecord[],
  listener: Settled<LiveListener>,
  ports: RollbackPorts,
): Promise<readonly RollbackRecord[]> {
  const open = openRecord(records);
  const put = listener.ok && listener.value.killSwitch === "off" && open?.steps.switch?.state === "done";
  if (!put) return records;
  const again = await within(
    RECORDS_WITHIN_MS,
    settle(() => ports.readShelf()),
    SSM_SILENT,
  );
  return again.ok ? again.value.records : records;
}

/** Where the switch is to go, and from where where it is not off. */
function placeOf(listener: Settled<LiveListener>, to: "node" | "hold"): Pick<RollbackRecord, "to" | "movedFrom"> {
  const live = listener.ok ? listener.value.killSwitch : "off";
  return { to, ...((live === "node" || live === "hold") && live !== to ? { movedFrom: live } : {}) };
}

interface Judgement {
  readonly situation: RollbackSituation;
  readonly decision: RollbackDecision;
}

async function judged(...[reason, listener, nodeProbe, sharedOutage, config, ports]: Parameters<typeof look>) {
  const situation = await look(reason, listener, nodeProbe, sharedOutage, config, ports);
  const decision = decideRollback(situation);
  ports.log({ event: "rollback_decision", ...situation, ...decision, alarm: reason.alarm });
  return { situation, decision };
}

/** Asks Python only where its answer can change the decision: a hanging engine would cost seconds. */
async function look(
  reason: Reason,
  listener: Settled<LiveListener>,
  nodeProbe: Promise<Settled<RollbackSituation["node"]>> | undefined,
  sharedOutage: boolean,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackSituation> {
  const pythonProbe = reason.kind === "manual" ? undefined : settle(() => ports.probe("python"));
  const node = nodeProbe ? valueOr(await nodeProbe, "unknown" as const) : "removed";
  const inbox = config.killSwitch !== undefined && config.inboxTargetGroupArn !== undefined;
  // Asked only where it may be needed: holding in a broken inbox would lose what an engine may still take.
  const broken =
    inbox &&
    (node === "dead" || node === "removed") &&
    valueOr(await settle(() => ports.probeInbox()), "unknown") === "dead";
  const known = {
    tier: reason.kind,
    share: listener.ok ? listener.value.share : undefined,
    node,
    sharedOutage,
    inbox: inbox && !broken,
    frontDoor: config.frontDoor,
  };
  if (!needsPythonHealth(known)) return { ...known, python: "unknown" };
  const python = await (pythonProbe ?? settle(() => ports.probe("python")));
  return { ...known, python: valueOr(python, "unknown" as const) };
}

/** A rollback is under way or done: whatever is missing of it is done now, a second one is not made. */
async function join(
  open: RollbackRecord,
  reason: Reason,
  listener: Settled<LiveListener>,
  shelf: Settled<RollbackShelf>,
  judge: () => Promise<Judgement>,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  const live = listener.ok ? listener.value.killSwitch : "off";
  const moved = open.steps.switch?.state === "done";
  // A switch that was put off on purpose stays off, unless the reason is newer, and more than a suspicion.
  const mayMove = !moved || (reason.kind !== "suspicion" && lastMove(open, ports.now()) < reason.at);
  // A switch that a person moved elsewhere: the reconciler takes that over, with the proof and the webhook of that place.
  const elsewhere = moved && isElsewhere(open, live);
  const todo = remainingSteps(open, live, ports.now()).filter((step) =>
    step === "switch" ? mayMove : !elsewhere || step === "notice",
  );
  if (todo.length === 0) {
    const to = live === "node" || live === "hold" ? { to: live } : {};
    return { outcome: "joined", id: open.id, ...to, sentence: `Already rolled back: ${open.id}.`, steps: open.steps };
  }
  if (!moved || !todo.includes("switch")) return joined(await performMissing(ports, open, todo, config.stack), todo);
  // What was right when the record was made may be wrong now: Node may be dead, or as bad as Python.
  const { decision } = await judge();
  if (decision.action !== "switch") return leave(reason, decision, config, shelf, ports);
  const { to } = decision;
  const again =
    to === open.to ? open : { ...redirected(open, to), movedFrom: undefined, steps: withoutWebhook(open.steps) };
  const steps = [...new Set([...todo, "verify" as const, ...(to === open.to ? [] : ["webhook" as const])])];
  return joined(await performMissing(ports, again, steps, config.stack), steps);
}

/** The webhook's place depends on where the switch goes. */
function withoutWebhook({ webhook: _elsewhere, ...steps }: RollbackRecord["steps"]): RollbackRecord["steps"] {
  return steps;
}

function joined(record: RollbackRecord, todo: readonly StepName[]): RollbackReport {
  const { id, steps } = record;
  const failed = steps.switch?.state === "failed";
  return {
    outcome: failed ? "failed" : "joined",
    id,
    ...movedTo(record),
    sentence: failed
      ? `Rollback ${id}: the kill switch has not moved (${steps.switch?.detail}).`
      : `Rollback ${id} was under way; done now: ${todo.join(", ")}.`,
    steps,
  };
}

/** Traffic stays; people hear of it once for each time an alarm goes off. */
async function leave(
  reason: Reason,
  decision: { readonly action: "page" | "notify" | "nothing"; readonly reason: string },
  config: RunConfig,
  shelf: Settled<RollbackShelf>,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  const sentence = `Traffic was left where it is: ${decision.reason}.`;
  if (decision.action === "nothing") return { outcome: "nothing", sentence };
  const key = `${reason.alarm ?? "manual"}@${reason.at}: ${decision.reason}`;
  if (shelf.ok && shelf.value.paged === key) return { outcome: "nothing", sentence };
  const what = reason.alarm
    ? `${reason.alarm} went into ALARM: ${reason.text}`
    : `A rollback was asked for: ${reason.text}`;
  const told = await settle(() =>
    ports.tellPeople(pageNotice(config.stack, what, decision.reason, decision.action === "page")),
  );
  if (told.ok) await settle(() => ports.rememberPaged(key));
  else ports.log({ event: "notice_failed", why: told.why });
  return { outcome: told.ok ? "left" : "failed", sentence };
}

function reportOf({ record, joined, recordProblem }: Performance, because: string): RollbackReport {
  const { steps } = record;
  const id = record.id === undefined ? {} : { id: record.id };
  if (steps.switch?.state !== "done") {
    return { outcome: "failed", ...id, sentence: `The kill switch has not moved: ${steps.switch?.detail}.`, steps };
  }
  const noted = recordProblem === undefined ? "" : ` It is not on record: ${recordProblem}.`;
  return {
    outcome: joined ? "joined" : "rolled-back",
    ...id,
    to: record.to,
    sentence: `The kill switch is "${record.to}": ${because}.${noted}`,
    steps,
  };
}

function valueOr<T>(settled: Settled<T>, otherwise: T): T {
  return settled.ok ? settled.value : otherwise;
}

/** The promise, or a failure once `ms` have passed. */
async function within<T>(ms: number, promise: Promise<Settled<T>>, why: string): Promise<Settled<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Settled<T>>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, why }), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
