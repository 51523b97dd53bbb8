import { phaseOf } from "@cutover/domain/phases";
import { followUpNotice, webhookMovedNotice } from "@cutover/domain/rollback/notice";
import { lastRelease, type RollbackRecord, redirected } from "@cutover/domain/rollback/record";
import type { LiveListener } from "../loadbalancer/kill-switch";
import type { RollbackShelf } from "../record/rollback-record";
import type { RollbackPorts, RollbackReport } from "./ports";
import { completed, NOTHING } from "./report";
import type { RunConfig } from "./run";
import { announce, newDraft, performMissing, performNew, settle } from "./steps";

/** Looks at the inbox within one minute, and the pause between them: with messages coming in it is empty for moments. */
const LOOKS = 5;
const LOOK_EVERY_MS = 150;
/** So long Node answers before a handful of messages counts as empty: the replayer has been there more than once. */
const ALMOST_EMPTY_AFTER_MS = 3 * 60_000;
const HANDFUL = 10;
/** Longest that live messages wait behind held ones; from then on one contact's may pass each other. */
const DRAIN_AT_MOST_MS = 15 * 60_000;
/** An update that released a rollback writes the webhook after the kill switch. */
const AFTER_A_RELEASE_MS = 30 * 60_000;

/** Whether the place that a rollback chose is still the right one; undefined where nothing was done. */
export function moveOn(
  record: RollbackRecord,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport | undefined> {
  return record.to === "hold" ? leaveInbox(record, config, ports) : leaveDeadNode(record, config, ports);
}

/** Messages are held: looks whether Node lives again, and where GoHighLevel points. */
export async function lookAtHold(
  record: RollbackRecord,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  return (await leaveInbox(record, config, ports)) ?? lookAtWebhook(record, config, ports);
}

/**
 * Messages are held: once Node answers and the inbox is empty everything goes to Node. While only Python answers the switch
 * stays, and the replayer passes the messages to it.
 */
async function leaveInbox(
  record: RollbackRecord,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport | undefined> {
  if (!config.killSwitch?.nodeTargetGroupArn) return undefined;
  const node = await ports.probe("node");
  if (node !== "answers") {
    if (record.drainingSince !== undefined) await ports.updateRecord({ ...record, drainingSince: undefined });
    return undefined;
  }
  const now = ports.now();
  const since = record.drainingSince ?? new Date(now).toISOString();
  const drainedFor = now - Date.parse(since);
  if (!(await isDrained(drainedFor, ports))) {
    if (record.drainingSince === undefined) await ports.updateRecord({ ...record, drainingSince: since });
    return {
      outcome: "nothing",
      id: record.id,
      sentence: `${record.id}: Node answers, and the inbox is being emptied.`,
    };
  }
  const moved = await move(record, "node", "Node answers again, and the inbox is empty", config, ports);
  return completed(moved, "from the inbox to Node");
}

/** From one place of a rollback to the other. */
async function move(
  record: RollbackRecord,
  to: "node" | "hold",
  because: string,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackRecord> {
  const { webhook: _place, verify: _proof, ...steps } = record.steps;
  const elsewhere = { to, movedFrom: record.to, steps, drainingSince: undefined, webhookSeen: undefined };
  await announce(ports, record);
  return performMissing(
    ports,
    { ...redirected(record, to), ...elsewhere, busyUntil: undefined },
    ["switch", "verify", "webhook"],
    config.stack,
    { because },
  );
}

async function isDrained(drainedForMs: number, ports: RollbackPorts): Promise<boolean> {
  if (drainedForMs >= ports.realSpan(DRAIN_AT_MOST_MS)) return true;
  const enough = drainedForMs >= ports.realSpan(ALMOST_EMPTY_AFTER_MS) ? HANDFUL : 0;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const held = await settle(() => ports.countInbox());
    if (!held.ok) return false;
    if (held.value <= enough) return true;
  }
  return false;
}

/** Everything goes to Node: looks whether it lives, and where GoHighLevel points. */
export async function lookAtNode(
  record: RollbackRecord,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  return (await leaveDeadNode(record, config, ports)) ?? lookAtWebhook(record, config, ports);
}

/** Everything goes to Node: where that dies, what comes is kept until it lives again. */
async function leaveDeadNode(
  record: RollbackRecord,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport | undefined> {
  const dead = config.inboxTargetGroupArn !== undefined && (await ports.probe("node")) === "dead";
  if (!dead || (await ports.probeInbox()) === "dead") return undefined;
  const because = "Node does not answer its probes any more; messages are kept in the inbox";
  const moved = await move(record, "hold", because, config, ports);
  return completed(moved, "from Node to the inbox");
}

/** A person's change during a rollback is told once and never changed back. */
async function lookAtWebhook(record: RollbackRecord, config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  const { webhook } = record.steps;
  const left = webhook?.byHand?.why === "foreign" ? webhook.byHand : undefined;
  if (webhook?.state !== "done" && !left) return NOTHING;
  const seen = await settle(() => ports.readWebhook());
  if (!seen.ok || !seen.value) return NOTHING;
  const { place, shown } = seen.value;
  const expected = record.to === "hold" ? "front-door" : "node";
  if (left && place === expected) return putThereByHand(record, shown, config, ports);
  const told = place === expected ? undefined : shown;
  // The rollback's own notice has named what it found and left.
  if (told === (record.webhookSeen ?? left?.found)) return NOTHING;
  if (told !== undefined) await ports.tellPeople(webhookMovedNotice(config.stack, record, shown));
  await ports.updateRecord({ ...record, webhookSeen: told });
  return {
    outcome: told === undefined ? "nothing" : "left",
    id: record.id,
    sentence:
      told === undefined
        ? `${record.id}: GoHighLevel is where the rollback put it again.`
        : `${record.id}: somebody pointed GoHighLevel at ${shown}; people were told.`,
  };
}

/** A person did what the notice left to them: from now on the step is done like any other. */
async function putThereByHand(
  record: RollbackRecord,
  shown: string,
  { stack }: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  const detail = `somebody moved it by hand to ${shown}, where it belongs`;
  const webhook = { state: "done", at: new Date(ports.now()).toISOString(), detail } as const;
  await ports.tellPeople(followUpNotice(stack, record, { webhook }));
  await ports.updateRecord({ ...record, webhookSeen: undefined, steps: { webhook } });
  return { outcome: "completed", id: record.id, sentence: `${record.id}: the webhook in GoHighLevel was put right.` };
}

/**
 * Without a rollback: a person who puts Node's own URL into GoHighLevel has rolled back, in the plan's own quick way. It
 * becomes one, so that messages on their way follow and no update takes it back. Not while an update may be moving the
 * webhook itself: those begin or end at share 0, or release a rollback.
 */
export async function webhookByHand(
  { records }: RollbackShelf,
  live: LiveListener | undefined,
  config: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport | undefined> {
  const usual =
    live?.killSwitch === "off" && live.share > 0 && config.frontDoor && config.killSwitch?.nodeTargetGroupArn;
  const open = records.at(-1);
  if (!usual || (open && open.releasedAt === undefined)) return undefined;
  if (ports.now() - lastRelease(records) < AFTER_A_RELEASE_MS) return undefined;
  const seen = await settle(() => ports.readWebhook());
  if (!seen.ok || seen.value?.place !== "node") return undefined;
  const applied = await settle(() => ports.readApplied());
  if (!applied.ok || !applied.value || phaseOf(applied.value.phase).webhook !== "front-door") return undefined;
  const { record } = await performNew(
    ports,
    {
      ...newDraft(ports.now()),
      trigger: { kind: "by-hand", text: `somebody pointed GoHighLevel at Node (${seen.value.shown})` },
      phase: applied.value.phase,
      share: live.share,
      to: "node",
    },
    config.stack,
    { moved: false },
  );
  return {
    outcome: record.steps.switch?.state === "done" ? "completed" : "failed",
    ...(record.id === undefined ? {} : { id: record.id }),
    sentence: `${record.id ?? "A rollback"}: ${record.trigger.text}; the kill switch follows.`,
    steps: record.steps,
  };
}
