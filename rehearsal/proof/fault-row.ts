import { readStackRecord } from "@cutover/clients/record/stack-record";
import type { KillSwitchState } from "@cutover/domain/kill-switch";
import type { PhaseName } from "@cutover/domain/phases";
import { phaseOf } from "@cutover/domain/phases";
import { AWS_REGION } from "../aws/account";
import { describeErrors } from "../engine/events";
import { messageOf } from "../errors";
import { type CustomerGroups, readCustomerGroups } from "../story/customer-groups";
import { bothServicesHealthy } from "../story/expectations";
import { switchInForce } from "../story/kill-switch";
import { account, describeLost, drained, isAccepted } from "../story/ledger";
import { isExposedTo } from "../story/report-fault";
import { MESSAGE_PREFIX, STEADY_RATE } from "../story/traffic";
import { waitFor } from "../support/wait";
import { type BegunRow, type FaultRow, HELD_RATE, type RowOutcome, type RowWorld } from "./fault-rows";
import type { RollbackFunction } from "./rollback-function";
import type { ProofScene } from "./world";

/** One row as it was played; one entry of proof.json's `faultMatrix`. Real ms of this machine, all emulated. */
export interface PlayedRow {
  readonly fault: string;
  readonly phase: PhaseName;
  /** "failed" where the row did not get to an end. */
  readonly outcome: RowOutcome | "failed";
  readonly expected: RowOutcome;
  /** From the fault to the alarm, or to the call that stands for it. */
  readonly detectedMs: number | null;
  /** From the alarm, or the call, to the load balancer obeying; null where it does not move. */
  readonly switchMs: number | null;
  readonly sent: number;
  /** Messages handed to Python, or to nobody in Node's place, between the fault and the switch. */
  readonly exposed: number;
  readonly lost: number;
  /** Sent after the switch, also to the front door's old URL, and lost. */
  readonly lostAfterSwitch: number;
  /** A second `pulumi up` after the fault, and after the release where there was one, finds nothing to do. */
  readonly nextUpClean: boolean;
  readonly seconds: number;
  /** ISO time of the row's beginning. */
  readonly playedAt: string;
  /** What was not as it has to be, a sentence each. */
  readonly problems: readonly string[];
}

/** Real ms in which an alarm has to ring, the switch to be obeyed, the rest to be done, and alarms to be calm again. */
const [ALARM_MS, SWITCH_MS, SETTLE_MS, CALM_MS, DRAIN_MS] = [60_000, 60_000, 60_000, 120_000, 60_000];
const FRONT_DOOR_MESSAGES = 50;
/** Each of a burst waits for those before it. */
const FEW_FRONT_DOOR_MESSAGES = 10;
/** Rehearsal minutes after which alarms know all of a fault: a whole minute, its publication, and the next look. */
const LAST_MINUTE_SEEN_MINUTES = 4;

/** A row while it is played. */
interface Playing {
  readonly scene: ProofScene;
  readonly row: FaultRow;
  readonly expected: RowOutcome;
  readonly rollback: RollbackFunction;
  readonly groups: CustomerGroups & { readonly inbox?: string };
  readonly beganAt: number;
  readonly problems: string[];
  injectedAt: number;
  alarmAt?: number;
  switchedAt?: number;
  outcome: RowOutcome | "failed";
  nextUpClean: boolean;
}

/** Plays one row from calm to calm. Never throws for what the row shows; throws where the world is broken. */
export async function playRow(scene: ProofScene, row: FaultRow, phase: PhaseName, rollback: RollbackFunction) {
  const { stage, terminal, traffic } = scene;
  const began = Date.now();
  terminal.heading(`${row.fault} at ${phase}: ${row.what}`);
  const inbox = await inboxOf(scene);
  const groups = { ...(await readCustomerGroups(stage)), ...(inbox ? { inbox } : {}) };
  const share = phaseOf(phase).pythonShare;
  const wanted = row.outcome(share);
  const playing: Playing = {
    ...{ scene, row, rollback, groups, beganAt: began, injectedAt: began, problems: [] },
    expected: wanted === "hold" && !inbox ? "left" : wanted,
    outcome: "failed",
    nextUpClean: false,
  };
  let begun: BegunRow | undefined;
  try {
    await calm(scene);
    if (switchNow(playing) !== "off") throw new Error(`before the fault the switch was "${switchNow(playing)}"`);
    if (playing.expected === "hold") traffic.setRate(HELD_RATE);
    playing.injectedAt = Date.now();
    begun = await row.begin({ scene, rollback, share } satisfies RowWorld);
    await watch(playing, begun);
  } catch (error) {
    stage.signal.throwIfAborted();
    playing.problems.push(messageOf(error));
  }
  try {
    await begun?.lift();
    stage.faults.lift();
    await recover(playing);
  } catch (error) {
    stage.signal.throwIfAborted();
    playing.problems.push(messageOf(error));
  }
  traffic.setRate(STEADY_RATE);
  return sumUp(playing, phase);
}

/** Waits for the row's end, then sends to the front door what no webhook can save any more. */
async function watch(playing: Playing, begun: BegunRow): Promise<void> {
  const { scene, expected, row } = playing;
  const { stage, terminal, traffic } = scene;
  const moves = expected === "node" || expected === "hold";
  const activity = terminal.activity(moves ? `until the switch is "${expected}"` : "traffic stays where it is");
  try {
    if (moves) await untilMoved(playing, expected, begun);
    else await untilLeft(playing, begun);
    activity.done(moves ? `${(playing.switchedAt ?? 0) - (playing.alarmAt ?? 0)} ms after the alarm` : "");
  } catch (error) {
    activity.failed("not as expected");
    throw error;
  }
  playing.outcome = expected;
  const count = expected === "hold" ? FEW_FRONT_DOOR_MESSAGES : FRONT_DOOR_MESSAGES;
  const late = row.detects && !moves ? [] : await traffic.atFrontDoor(count);
  const refused = late.filter((message) => !isAccepted(message)).length;
  if (refused > 0) playing.problems.push(`${refused} of ${late.length} messages to the front door were not accepted`);
  begun.mendAfterSwitch?.();
  if (moves) await untilComplete(playing);
  playing.problems.push(...((await begun.judge?.()) ?? []));
  if (moves && switchNow(playing) !== expected)
    playing.problems.push(`in the end the switch was "${switchNow(playing)}"`);
  stage.signal.throwIfAborted();
}

async function untilMoved(playing: Playing, to: "node" | "hold", begun: BegunRow): Promise<void> {
  const { stage } = playing.scene;
  const { signal } = stage;
  playing.alarmAt =
    (await begun.calledAt) ??
    (await waitFor(
      () => stage.cloudwatch.changes.find((c) => c.rollsBack && c.to === "ALARM" && c.at >= playing.injectedAt)?.at,
      { what: "an alarm that rolls back", deadlineMs: ALARM_MS, everyMs: 10, signal },
    ));
  await waitFor(() => switchNow(playing) === to, {
    ...{ what: `the switch to be obeyed as "${to}"`, deadlineMs: SWITCH_MS, everyMs: 10, signal },
  });
  playing.switchedAt = Date.now();
}

/** The function has looked at least three more times, a rehearsal minute each, and moved nothing. */
async function untilLeft(playing: Playing, begun: BegunRow): Promise<void> {
  const { scene, rollback, row } = playing;
  const { stage } = scene;
  const { signal } = stage;
  const told = () =>
    stage.cloudwatch.changes.find((c) => c.rollsBack && c.to === "ALARM" && c.at >= playing.injectedAt);
  playing.alarmAt =
    (await begun.calledAt) ??
    (await waitFor(() => told()?.at, { what: `an alarm for ${row.fault}`, deadlineMs: ALARM_MS, signal }));
  const since = Date.now();
  await waitFor(() => rollback.looks(since) >= 3, {
    ...{ what: "the function to have looked three times", deadlineMs: SWITCH_MS, signal },
  });
  const seen = switchNow(playing);
  if (seen !== "off") throw new Error(`the switch moved to "${seen}"`);
}

/** Recorded, proved, and the webhook where the row wants it. */
async function untilComplete({ scene, rollback, row, expected }: Playing): Promise<void> {
  const { stage } = scene;
  const { signal } = stage;
  const record = await waitFor(
    async () => {
      const newest = (await rollback.records()).at(-1);
      return newest && !newest.releasedAt && newest.steps.verify?.state === "done" ? newest : undefined;
    },
    { what: "the rollback to be recorded and proved", deadlineMs: SETTLE_MS, everyMs: 100, signal },
  );
  scene.memory.openRollback = record.id;
  if (!row.webhookAtNode || expected === "hold") return;
  await waitFor(() => stage.ghl.valueOf(stage.webhookValue) === stage.urlAsFound, {
    ...{ what: "GoHighLevel to hold Node's own URL", deadlineMs: SETTLE_MS, signal },
  });
}

/** Mended: both services answer, the alarms are calm, what is open is released, and a second update finds nothing to do. */
async function recover(playing: Playing): Promise<void> {
  const { scene, rollback, problems } = playing;
  const { stage, terminal, memory } = scene;
  const { engine, signal } = stage;
  const healing = terminal.activity("mended: both services healthy, alarms calm");
  const mendedAt = Date.now();
  await waitFor(async () => (await bothServicesHealthy.look(stage, memory)).ok, {
    ...{ what: "both services to be healthy again", deadlineMs: CALM_MS, everyMs: 250, signal },
  });
  await calm(scene, mendedAt);
  healing.done();
  if (playing.outcome === "hold") {
    const emptied = terminal.activity("Node answers: the inbox is emptied, then everything goes to Node");
    await waitFor(() => switchNow(playing) === "node", {
      ...{ what: 'the switch to be obeyed as "node" once the inbox is empty', deadlineMs: CALM_MS, signal },
    });
    emptied.done();
  }
  const newest = (await rollback.records()).at(-1);
  const open = newest && !newest.releasedAt ? newest.id : undefined;
  if (open) {
    await engine.configSet({ key: "cutover:acknowledgeRollback", value: open });
    const activity = terminal.activity(`pulumi up releases ${open}`);
    const up = await engine.up({ allowFailure: true, onProgress: activity.progress });
    if (up.exitCode === 0) activity.done();
    else activity.failed(describeErrors(up.diagnostics));
    if (up.exitCode !== 0) problems.push(`the release failed: ${describeErrors(up.diagnostics)}`);
  }
  await upAgain(playing);
  const seen = switchNow(playing);
  if (seen !== "off") problems.push(`after the release the switch is "${seen}"`);
}

/** Each hour after a rollback alarms look further back again: where one was over meanwhile, the update after this one counts. */
const WIDER_WINDOWS =
  /aws:cloudwatch\/(metric|composite)Alarm:|aws:ssm\/parameter:Parameter::applied$|pulumi:pulumi:Stack::/;

async function upAgain(playing: Playing): Promise<void> {
  const { stage, terminal } = playing.scene;
  const activity = terminal.activity("a second pulumi up");
  const up = () => stage.engine.up({ allowFailure: true, expectNoChanges: true });
  let again = await up();
  if (again.changed > 0 && again.steps.every(({ urn }) => WIDER_WINDOWS.test(urn))) again = await up();
  playing.nextUpClean = again.exitCode === 0 && again.changed === 0;
  if (playing.nextUpClean) activity.done("no change");
  else
    activity.failed(describeErrors(again.diagnostics) || again.steps.map(({ op, urn }) => `${op} ${urn}`).join("; "));
}

async function sumUp(playing: Playing, phase: PhaseName): Promise<PlayedRow> {
  const { scene, row, expected, beganAt, injectedAt, alarmAt, switchedAt, problems } = playing;
  const { stage, terminal, traffic } = scene;
  const messages = traffic.messages.filter(({ sentAt }) => sentAt >= beganAt);
  const rows = await drained(stage.postgres, MESSAGE_PREFIX, messages, DRAIN_MS, stage.signal);
  const { lost, sent } = account(messages, rows);
  const moments = { injectedAt, ...(switchedAt === undefined ? {} : { switchedAt }) };
  const after = lost.filter(({ message }) => switchedAt !== undefined && message.sentAt > switchedAt);
  const allowed = row.detects ? lost.filter(({ message }) => !isExposedTo(moments, message)) : lost;
  if (allowed.length > 0) problems.push(`${allowed.length} messages lost that must not be: ${describeLost(allowed)}`);
  if (after.length > 0) problems.push(`${after.length} lost after the switch: ${describeLost(after)}`);
  if (!playing.nextUpClean) problems.push("a second pulumi up is not clean");
  for (const problem of problems) terminal.bad(problem);
  const played: PlayedRow = {
    ...{ fault: row.fault, phase, outcome: playing.outcome, expected },
    detectedMs: alarmAt === undefined ? null : alarmAt - injectedAt,
    switchMs: alarmAt === undefined || switchedAt === undefined ? null : switchedAt - alarmAt,
    sent,
    exposed: messages.filter((message) => isExposedTo(moments, message)).length,
    lost: lost.length,
    lostAfterSwitch: after.length,
    nextUpClean: playing.nextUpClean,
    seconds: Math.round((Date.now() - beganAt) / 1000),
    playedAt: new Date(beganAt).toISOString(),
    problems,
  };
  if (problems.length === 0) terminal.good(JSON.stringify(played));
  return played;
}

/** As the load balancer obeys it; undefined where nobody can tell. */
function switchNow({ scene, groups }: Playing): KillSwitchState | undefined {
  const { balancer } = scene.stage;
  const { inbox } = groups;
  const state = switchInForce(balancer, groups);
  if (state !== undefined || inbox === undefined) return state;
  return switchInForce(balancer, { ...groups, node: inbox }) === "node" ? "hold" : undefined;
}

/** @param mendedAt An alarm that the fault's last minute sets off rings only once that is over and published. */
function calm({ stage }: ProofScene, mendedAt = 0): Promise<boolean> {
  const known = mendedAt + (LAST_MINUTE_SEEN_MINUTES * 60_000) / stage.clock.factor;
  const isCalm = () => Date.now() >= known && stage.cloudwatch.ringing().every(({ rollsBack }) => !rollsBack);
  return waitFor(isCalm, {
    ...{ what: "alarms that roll back to be calm", deadlineMs: CALM_MS, signal: stage.signal },
  });
}

/** The target group that holds messages; undefined where the stack has none. */
async function inboxOf({ stage }: ProofScene): Promise<string | undefined> {
  const { manifest } = await readStackRecord(stage.stack, { region: AWS_REGION }, stage.aws.ssm);
  const groups: Readonly<Record<string, string | undefined>> = { ...manifest?.targetGroups };
  return groups.inbox;
}
