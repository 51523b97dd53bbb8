import { handOffNotice, pageNotice } from "@cutover/domain/rollback/notice";
import { type AlarmNow, type LiveSwitch, planReconcile, type ReconcilePlan } from "@cutover/domain/rollback/reconcile";
import { openRecord, type RollbackRecord, type StepName } from "@cutover/domain/rollback/record";
import type { LiveListener } from "../loadbalancer/kill-switch";
import type { RollbackShelf } from "../record/rollback-record";
import { adopt } from "./adopt";
import { tellResumed } from "./people";
import type { RollbackPorts, RollbackReport } from "./ports";
import { blind, completed, NOTHING } from "./report";
import type { Reason, RunConfig } from "./run";
import { newDraft, performMissing, performNew, type Settled, settle } from "./steps";
import { lookAtHold, lookAtNode, moveOn, webhookByHand } from "./watch";

/** What run.ts does for an event, given here so that the two files don't need each other. */
export interface EventFlow {
  readonly respond: (reason: Reason, config: RunConfig, ports: RollbackPorts) => Promise<RollbackReport>;
  readonly freshRecords: (
    records: readonly RollbackRecord[],
    listener: Settled<LiveListener>,
    ports: RollbackPorts,
  ) => Promise<readonly RollbackRecord[]>;
}

/**
 * Each minute: three reads, and whatever is missing. Alarms act on transitions only, and a function can be killed; this is
 * what makes a rollback happen all the same.
 */
export async function reconcile(config: RunConfig, ports: RollbackPorts, flow: EventFlow): Promise<RollbackReport> {
  const [listener, shelf, alarms] = await Promise.all([
    settle(() => ports.readListener()),
    settle(() => ports.readShelf()),
    settle(() => ports.readAlarms()),
  ]);
  if (!shelf.ok) return blind("the rollback records", shelf.why);
  const live: LiveListener | undefined = listener.ok ? listener.value : undefined;
  if (!live && !alarms.ok) return blind("the listener and the alarms", listener.ok ? "" : listener.why);
  const plan = planReconcile({
    records: await flow.freshRecords(shelf.value.records, listener, ports),
    killSwitch: live?.killSwitch ?? assumed(shelf.value),
    share: live?.share,
    alarms: alarms.ok ? alarms.value.alarms : [],
    now: ports.now(),
  });
  if (plan.kind !== "nothing") ports.log({ event: "reconcile_plan", plan: plan.kind });
  if (plan.kind === "unclear" && !live) return blind("the listener", listener.ok ? "" : listener.why);
  return carryOut(plan, shelf.value, live, config, ports, flow);
}

/** A switch that can't be read: where it was left, if it was; else it may be off. */
function assumed({ records }: RollbackShelf): LiveSwitch {
  const open = openRecord(records);
  return open?.steps.switch?.state === "done" ? open.to : "unclear";
}

async function carryOut(
  plan: ReconcilePlan,
  shelf: RollbackShelf,
  live: LiveListener | undefined,
  config: RunConfig,
  ports: RollbackPorts,
  flow: EventFlow,
): Promise<RollbackReport> {
  switch (plan.kind) {
    case "nothing":
      return (
        (await webhookByHand(shelf, live, config, ports)) ?? (await tellResumed(shelf, live, config, ports)) ?? NOTHING
      );
    case "respond":
      return flow.respond(reasonOf(plan.alarm, ports.now()), config, ports);
    case "complete":
      return complete(plan.record, plan.todo, config, ports);
    case "finish-release":
      await ports.markReleased(plan.record.id);
      return {
        outcome: "completed",
        id: plan.record.id,
        sentence: `The release of ${plan.record.id} is on record now.`,
      };
    case "record-switch":
      return recordSwitch(plan.to, plan.alarm, live, config, ports);
    case "look-at-node":
      return lookAtNode(plan.record, config, ports);
    case "adopt":
      return adopt(config, ports);
    case "hand-off":
      return handOff(plan.record, config, ports);
    case "look-at-hold":
      return lookAtHold(plan.record, config, ports);
    case "unclear":
      return unclear(shelf, config, ports);
  }
}

/** A place that could not be proved may be the wrong one by now: what waits for its proof alone would wait for ever. */
async function complete(
  record: RollbackRecord,
  todo: readonly StepName[],
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  const unproved = record.steps.verify?.state === "failed" && !todo.includes("switch");
  const moved = unproved ? await moveOn(record, config, ports) : undefined;
  if (moved && moved.outcome !== "nothing") return moved;
  return completed(await performMissing(ports, record, todo, config.stack), todo.join(", "));
}

/** The switch stands without a record: written down, so that no update undoes it. */
async function recordSwitch(
  to: "node" | "hold",
  alarm: AlarmNow | undefined,
  live: LiveListener | undefined,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  const applied = await settle(() => ports.readApplied());
  const { record, recordProblem } = await performNew(
    ports,
    {
      ...newDraft(ports.now()),
      trigger: alarm
        ? { kind: alarm.tier, alarm: alarm.name, text: alarm.reason }
        : {
            kind: "by-hand",
            text: `the kill switch was found at "${to}" without a record: moved by hand, or SSM did not answer during a rollback`,
          },
      ...(applied.ok && applied.value ? { phase: applied.value.phase } : {}),
      ...(live ? { share: live.share } : {}),
      to,
    },
    config.stack,
    { moved: true },
  );
  if (record.id === undefined) return blind("the records, to write one", recordProblem ?? "");
  return {
    outcome: "completed",
    id: record.id,
    sentence: `Recorded as ${record.id}: ${record.trigger.text}.`,
    steps: record.steps,
  };
}

async function handOff(record: RollbackRecord, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  await ports.tellPeople(handOffNotice(config.stack, record));
  await ports.updateRecord({ ...record, handOffAt: new Date(ports.now()).toISOString() });
  return {
    outcome: "left",
    id: record.id,
    sentence: `The kill switch was put off by hand while ${record.id} is open; people were told.`,
  };
}

async function unclear(shelf: RollbackShelf, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  const key = "kill switch unclear";
  const sentence = "The kill switch's listener rule is neither off nor node nor hold: somebody edited it.";
  if (shelf.paged === key) return { outcome: "nothing", sentence };
  await ports.tellPeople(pageNotice(config.stack, sentence, 'see docs/runbook.md, "The kill switch is unclear"', true));
  await ports.rememberPaged(key);
  return { outcome: "left", sentence };
}

function reasonOf(alarm: AlarmNow, now: number): Reason {
  return { kind: alarm.tier, alarm: alarm.name, text: alarm.reason, at: alarm.since ?? now };
}
