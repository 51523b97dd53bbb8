import { isPhaseName, type PhaseName } from "../phases";
import type { OpenRollback } from "../release";
import type { RollbackTier } from "../rollback";
import { stackPath } from "../stack-record";

/** The steps of a rollback, in the order in which people read them. Each is idempotent and independent of the others. */
export const STEPS = ["switch", "verify", "webhook", "notice"] as const;
export type StepName = (typeof STEPS)[number];

/** `done` and `skipped` are final; `failed` is tried again by the reconciler. */
export interface StepResult {
  readonly state: "done" | "skipped" | "failed";
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** One sentence: what was done, why it was skipped, what went wrong. No secret. */
  readonly detail: string;
  /** Of a skipped step that is left to a person: why. Absent where nothing is to do. */
  readonly byHand?: ByHand;
}

/**
 * Why a person has to move the webhook. `manual`: the workflow step's URL is edited by hand, nobody can see it. `foreign`:
 * a person put a URL of their own into GoHighLevel, which is not overwritten.
 */
export type ByHand =
  | { readonly why: "manual" }
  /** `found`: the URL without its query string. */
  | { readonly why: "foreign"; readonly found: string };

/** What fired. `by-hand`: the kill switch was found moved. */
export interface RollbackTrigger {
  readonly kind: RollbackTier | "by-hand";
  /** Physical name of the alarm, where one fired. */
  readonly alarm?: string;
  /** In words, for people. */
  readonly text: string;
}

/** One rollback, as SSM keeps it at `/cutover/<stack>/rollback/<id>`. Holds no secret. */
export interface RollbackRecord {
  readonly version: 1;
  /** `rb-0001`, `rb-0002`, … */
  readonly id: string;
  /** When it was decided, ISO 8601 in UTC, real time also in a rehearsal: it is compared with AWS's stamps of alarms. */
  readonly at: string;
  readonly trigger: RollbackTrigger;
  /** The phase that was applied: the rung that failed. Absent where SSM could not say. */
  readonly phase?: PhaseName;
  /** Percent of messages Python got; absent where the rules could not be read. */
  readonly share?: number;
  readonly to: "node" | "hold";
  /** Where everything went at first, once it goes elsewhere: `node` says that this rollback took Python out. */
  readonly first?: "node" | "hold";
  /** Where the switch stood when it was to be moved to `to`; absent: it was off, or a person moved it to `to`. */
  readonly movedFrom?: "node" | "hold" | undefined;
  readonly steps: { readonly [step in StepName]?: StepResult };
  /** Until then the invocation that made the record is at its steps, and the reconciler leaves all but the switch to it. */
  readonly busyUntil?: string | undefined;
  /**
   * A release began to write the kill switch: when it is off soon after, that is no person's doing; how soon says
   * {@link releaseBegan}. From the parameter `<id>/releasing`, by AWS's own stamp.
   */
  readonly releasingAt?: string;
  /** Everybody was told that it is over. */
  readonly resumedTold?: string;
  /** The switch was seen off although nobody released it; people were told. */
  readonly handOffAt?: string;
  /** Since when Node answers while messages are held: the inbox is emptied before live messages may pass it. */
  readonly drainingSince?: string | undefined;
  /** Where GoHighLevel was seen instead of where the rollback put it; people were told of that place. */
  readonly webhookSeen?: string | undefined;
  /** Set from the parameter `<id>/released`, which is only ever created: no update of the record can undo a release. */
  readonly releasedAt?: string;
  /** A person lets Python have held messages although it was rolled back: the parameter `<id>/inbox-to-python` is there. */
  readonly inboxToPython?: true;
}

/** A rollback record that can't be read: nothing may be planned on a guess. */
export class RollbackRecordError extends Error {
  override readonly name = "RollbackRecordError";
}

/** Every record of a stack lies below this path. */
export function rollbackPath(stack: string): string {
  return `${stackPath(stack)}rollback/`;
}

export function recordPath(stack: string, id: string): string {
  return `${rollbackPath(stack)}${id}`;
}

/** Created once, when the record is released. */
export function releasedPath(stack: string, id: string): string {
  return `${recordPath(stack, id)}/released`;
}

/** Written when the release of the record begins, removed where it ends without having put the switch off. */
export function releasingPath(stack: string, id: string): string {
  return `${recordPath(stack, id)}/releasing`;
}

/** Created by a person who lets Python have the held messages of this rollback. */
export function inboxToPythonPath(stack: string, id: string): string {
  return `${recordPath(stack, id)}/inbox-to-python`;
}

/** What people were paged for without a rollback; keeps the reconciler from paging each minute. */
export function pagedPath(stack: string): string {
  return `${rollbackPath(stack)}paged`;
}

/** The id after the newest of `records`: `rb-0001` when there is none. */
export function nextId(records: readonly { readonly id: string }[]): string {
  const numbers = records.map(({ id }) => Number(/^rb-(\d+)$/.exec(id)?.[1] ?? 0));
  return `rb-${String(Math.max(0, ...numbers) + 1).padStart(4, "0")}`;
}

/** A parameter of SSM as it is below {@link rollbackPath}. */
export interface StoredParameter {
  readonly name: string;
  readonly value: string;
  /** AWS's own time of the last write, milliseconds since the epoch. */
  readonly modifiedAt?: number;
}

/**
 * Reads records out of the parameters below the rollback path, oldest first; other parameters are passed over. A release
 * counts from AWS's own stamp, because the clock of the machine that released it may be wrong.
 * @throws RollbackRecordError for a record this version did not write
 */
export function recordsFrom(stack: string, parameters: readonly StoredParameter[]): RollbackRecord[] {
  const byName = new Map(parameters.map((p) => [p.name, p]));
  return parameters
    .flatMap((p) => {
      const id = p.name.slice(rollbackPath(stack).length);
      if (!p.name.startsWith(rollbackPath(stack)) || !/^rb-\d{4,}$/.test(id)) return [];
      const record = parseRecord(p);
      const releasing = byName.get(releasingPath(stack, id));
      const released = byName.get(releasedPath(stack, id));
      return [
        {
          ...record,
          ...(releasing ? { releasingAt: stampOf(releasing) } : {}),
          ...(released ? { releasedAt: stampOf(released) } : {}),
          ...(byName.has(inboxToPythonPath(stack, id)) ? { inboxToPython: true as const } : {}),
        },
      ];
    })
    .sort((a, b) => numberOf(a.id) - numberOf(b.id));
}

function stampOf({ modifiedAt, value }: StoredParameter): string {
  return modifiedAt === undefined ? value : new Date(modifiedAt).toISOString();
}

/** The newest record; ids are numbered. */
export function newest(records: readonly RollbackRecord[]): RollbackRecord | undefined {
  return records.at(-1);
}

/** The newest record while nobody released it. Older ones don't count: a newer rollback took their place. */
export function openRecord(records: readonly RollbackRecord[]): RollbackRecord | undefined {
  const last = newest(records);
  return last?.releasedAt === undefined ? last : undefined;
}

/** The record, with everything going elsewhere now. */
export function redirected<R extends Pick<RollbackRecord, "to" | "first">>(record: R, to: RollbackRecord["to"]): R {
  return { ...record, first: record.first ?? record.to, to };
}

/**
 * Whether held messages wait for Node although Python answers: the rollback moved everything to Node because of Python, and
 * Node died after that. Where Node's own death began it, Python may have them.
 */
export function inboxWaitsForNode(record: Pick<RollbackRecord, "to" | "first" | "inboxToPython">): boolean {
  return (record.first ?? record.to) === "node" && record.inboxToPython === undefined;
}

/** What `decide` needs of the open record. */
export function openRollback(records: readonly RollbackRecord[]): OpenRollback | undefined {
  const open = openRecord(records);
  if (!open) return undefined;
  const { id, trigger, at, phase, share } = open;
  return { id, trigger: trigger.text, at, ...(phase ? { phase } : {}), ...(share === undefined ? {} : { share }) };
}

/**
 * How long a release's mark counts, milliseconds after its stamp. A killed release can't remove its mark, and a person who
 * puts the switch off later has released nothing. What a release does once the mark is written has deadlines of together
 * less than two minutes; the rest is for the reconciler, which looks each minute.
 */
export const RELEASE_COUNTS_MS = 5 * 60_000;

/** When a release of the record began, milliseconds since the epoch; undefined where none did that may still be under way. */
export function releaseBegan({ releasingAt }: RollbackRecord, now: number): number | undefined {
  if (releasingAt === undefined) return undefined;
  const began = Date.parse(releasingAt);
  return now - began <= RELEASE_COUNTS_MS ? began : undefined;
}

/**
 * When a release last looked at the alarms, milliseconds since the epoch; 0 when there was none. Alarms that went off
 * before are what it released; later ones are new.
 */
export function lastRelease(records: readonly RollbackRecord[]): number {
  return Math.max(0, ...records.flatMap(lookedAt));
}

/** A mark that is older than a release takes was another attempt's; the alarms were looked at within that time. */
function lookedAt({ releasingAt, releasedAt }: RollbackRecord): number[] {
  if (releasedAt === undefined) return [];
  const released = Date.parse(releasedAt);
  return [releasingAt === undefined ? released : Math.max(Date.parse(releasingAt), released - RELEASE_COUNTS_MS)];
}

/**
 * When somebody or something last had a say about the switch of an open record, milliseconds since the epoch, as is `now`.
 */
export function lastMove(record: RollbackRecord, now: number): number {
  const times = [record.at, record.steps.switch?.at, record.handOffAt];
  const known = times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
  return Math.max(...known, releaseBegan(record, now) ?? 0);
}

/**
 * Two views of one record: what was done in either counts. Of two results of a step the final one wins, then the later.
 * Where traffic goes elsewhere now (`hold` became `node`), what was done before is done no more; who still has the earlier
 * place, because it read the record before that, does not bring it back. Where traffic went first stays.
 */
export function mergeRecords(kept: RollbackRecord, added: RollbackRecord): RollbackRecord {
  if (kept.to !== added.to) return movedAt(added) < movedAt(kept) ? onwards(added, kept) : onwards(kept, added);
  const steps: { [step in StepName]?: StepResult } = { ...kept.steps };
  for (const step of STEPS) {
    const [before, after] = [steps[step], added.steps[step]];
    if (after && (!before || before.state === "failed" || (after.state !== "failed" && after.at > before.at))) {
      steps[step] = after;
    }
  }
  return { ...kept, ...added, steps };
}

/** Every change of `to` comes with a new result of the step `switch`. */
function movedAt({ steps }: RollbackRecord): string {
  return steps.switch?.at ?? "";
}

/** Proof and webhook belong to the place that was left. */
function onwards(before: RollbackRecord, after: RollbackRecord): RollbackRecord {
  const { verify: _proof, webhook: _place, ...steps } = before.steps;
  const first = before.first ?? after.first ?? before.to;
  return { ...before, ...after, first, steps: { ...steps, ...after.steps } };
}

function numberOf(id: string): number {
  return Number(id.slice(3));
}

function parseRecord({ name, value }: StoredParameter): RollbackRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    // said below
  }
  const r = parsed as Partial<RollbackRecord> | null | undefined;
  const right =
    typeof r === "object" &&
    r !== null &&
    r.version === 1 &&
    name.endsWith(`/${r.id}`) &&
    !Number.isNaN(Date.parse(String(r.at))) &&
    typeof r.trigger?.text === "string" &&
    (r.to === "node" || r.to === "hold") &&
    (r.phase === undefined || isPhaseName(r.phase)) &&
    typeof r.steps === "object";
  if (right) return r as RollbackRecord;
  throw new RollbackRecordError(
    `SSM parameter ${name} is no rollback record of this version of Cutover. Restore an earlier version of it (aws ssm get-parameter-history --name ${name}); while it can't be read nothing is planned.`,
  );
}
