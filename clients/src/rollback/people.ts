import { datedNotice, resumedNotice } from "@cutover/domain/notice-texts";
import type { DatedNotice } from "@cutover/domain/notices";
import { newest } from "@cutover/domain/rollback/record";
import type { LiveListener } from "../loadbalancer/kill-switch";
import type { RollbackShelf } from "../record/rollback-record";
import type { RollbackPorts, RollbackReport } from "./ports";
import type { RunConfig } from "./run";

/** So long after a release people are told of it; an older one was released by a version that did not tell. */
const NEWS_MS = 60 * 60_000;

/**
 * A one-time schedule's date has come: the notice is sent if it is true now.
 * @returns `failed` where it can't be read or sent; Lambda tries again
 */
export async function tellDated(
  notice: DatedNotice,
  { stack }: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport> {
  try {
    const [applied, { records }] = await Promise.all([ports.readApplied(), ports.readShelf()]);
    const text = datedNotice(notice, { stack, applied, records });
    if ("dropped" in text) return { outcome: "ignored", sentence: `Notice ${notice} is not sent: ${text.dropped}.` };
    await ports.tellPeople(text);
    return { outcome: "completed", sentence: `Notice ${notice} is sent.` };
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { outcome: "failed", sentence: `Notice ${notice} could not be sent (${why}).` };
  }
}

/** A rollback was released, and nobody was told that it is over: undefined where there is none. */
export async function tellResumed(
  { records }: RollbackShelf,
  live: LiveListener | undefined,
  { stack }: RunConfig,
  ports: RollbackPorts,
): Promise<RollbackReport | undefined> {
  const last = newest(records);
  if (last?.releasedAt === undefined || last.resumedTold !== undefined) return undefined;
  if (ports.now() - Date.parse(last.releasedAt) > NEWS_MS) return undefined;
  await ports.tellPeople(resumedNotice(stack, last, live?.share));
  await ports.updateRecord({ ...last, resumedTold: new Date(ports.now()).toISOString() });
  return { outcome: "completed", id: last.id, sentence: `${last.id} is over; people were told.` };
}
