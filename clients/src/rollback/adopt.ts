import { planReconcile } from "@cutover/domain/rollback/reconcile";
import { redirected } from "@cutover/domain/rollback/record";
import type { RollbackPorts, RollbackReport } from "./ports";
import { blind, completed, NOTHING } from "./report";
import type { RunConfig } from "./run";
import { announce, performMissing, settle } from "./steps";

/** What the function does from now on, for people. */
const WATCH = {
  node: "from now on Node is watched each minute, and where it dies messages are kept in the inbox",
  hold: "from now on Node is watched each minute, and once it answers the inbox is emptied and everything goes to Node",
} as const;

/**
 * The kill switch stands at the inbox and its record says Node, or the other way round: a person moved it, as the runbook
 * says for a function that is down. It is not moved back. The record takes it over, so that this place is proved, gets the
 * webhook, and is watched.
 *
 * Looks again first, at the record before the switch: another invocation writes its record after its move, so where both
 * are of one mind by now the difference was only that the two were read at different times.
 */
export async function adopt(config: RunConfig, ports: RollbackPorts): Promise<RollbackReport> {
  const shelf = await settle(() => ports.readShelf());
  const listener = await settle(() => ports.readListener());
  if (!shelf.ok) return blind("the rollback records", shelf.why);
  if (!listener.ok) return blind("the listener", listener.why);
  const plan = planReconcile({ ...listener.value, records: shelf.value.records, alarms: [], now: ports.now() });
  if (plan.kind !== "adopt") return NOTHING;
  const { record, to } = plan;
  await announce(ports, record);
  const { webhook: _place, verify: _proof, switch: _move, ...steps } = record.steps;
  const taken = await performMissing(
    ports,
    {
      ...redirected(record, to),
      movedFrom: undefined,
      steps,
      busyUntil: undefined,
      drainingSince: undefined,
      webhookSeen: undefined,
    },
    ["verify", "webhook", ...(steps.notice?.state === "done" ? [] : ["notice" as const])],
    config.stack,
    {
      stood: true,
      because: `A person moved the kill switch from "${record.to}" to "${to}", or a run of the rollback function was killed after it had; it stays there, and ${WATCH[to]}`,
    },
  );
  return completed(taken, `what follows from the kill switch at "${to}"`);
}
