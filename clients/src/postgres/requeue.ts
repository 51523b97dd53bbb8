import type { Client } from "pg";
import type { Clock } from "../clock";
import { connect } from "./connect";
import { prepareSession } from "./session";
import { DatabaseError, type DatabaseSettings } from "./target";

/** A message that Python accepted and has not finished. Ages by the database's clock, in seconds. */
export interface UnfinishedMessage {
  /** The sender's id, else the row's. */
  readonly id: string;
  readonly status: string;
  /** Since it was accepted. */
  readonly ageSeconds: number;
  /** Since the row last changed: a task that works on it renews it every few seconds. */
  readonly untouchedSeconds: number;
}

/** What Python has not finished: what may be handed over, and what a task may be working on. */
export interface Unfinished {
  readonly ready: readonly UnfinishedMessage[];
  readonly fresh: readonly UnfinishedMessage[];
}

export interface RequeueOptions {
  readonly database: DatabaseSettings;
  /** Rows that changed more recently than this stay Python's: somebody may be answering them. */
  readonly olderThanSeconds: number;
  /** The rehearsal's clock, under which a row's `updated_at` keeps real durations; default: real time. */
  readonly clock?: Clock;
}

const LIMITS = { lockMs: 5_000, statementMs: 60_000 };
/** Key in `workflow_state` that remembers whose the row was. */
const HANDED_OVER = "handedOver";

// Columns that a table need not have (id, metadata) are read through JSON. Status is compared as text: an enum may lack a state.
const OPEN = `langgraph_thread_id IS NOT NULL AND status::text IN ('pending', 'processing')
       AND to_jsonb(m) -> 'metadata' ->> 'synthetic' IS DISTINCT FROM 'true'`;
const UNTOUCHED =
  "EXTRACT(EPOCH FROM now() - created_at)::float8 - EXTRACT(EPOCH FROM updated_at - created_at)::float8 * $1::float8";
const ROW = `coalesce(to_jsonb(m) ->> 'ghl_message_id', to_jsonb(m) ->> 'id', '(without id)') AS id, status::text AS status,
       EXTRACT(EPOCH FROM now() - created_at)::float8 AS "ageSeconds", ${UNTOUCHED} AS "untouchedSeconds"`;

const LIST = `SELECT ${ROW} FROM public.message_queue m WHERE ${OPEN} ORDER BY created_at`;

// The thread id is what makes a row Python's: without it no statement of Python's touches the row, not even the last one of a task
// that still works on it. Rows that a task locks at this moment are left out.
const HAND_OVER = `
UPDATE public.message_queue m SET
  langgraph_thread_id = NULL, status = 'pending', updated_at = now(),
  workflow_state = (coalesce(workflow_state, '{}') - 'claim')
    || jsonb_build_object('${HANDED_OVER}', jsonb_build_object('thread', langgraph_thread_id, 'at', now()))
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM public.message_queue m WHERE ${OPEN} AND ${UNTOUCHED} >= $2::float8 FOR UPDATE SKIP LOCKED))
  AND ${OPEN}
RETURNING ${ROW}`;

const WAITING = `
SELECT count(*)::int AS waiting FROM public.message_queue m
WHERE langgraph_thread_id IS NULL AND status::text = 'pending' AND workflow_state ? '${HANDED_OVER}'`;

const GIVE_BACK = `
UPDATE public.message_queue m SET
  langgraph_thread_id = workflow_state -> '${HANDED_OVER}' ->> 'thread', updated_at = now(),
  workflow_state = workflow_state - '${HANDED_OVER}'
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM public.message_queue m
    WHERE langgraph_thread_id IS NULL AND status::text = 'pending' AND workflow_state ? '${HANDED_OVER}'
    FOR UPDATE SKIP LOCKED))
RETURNING coalesce(to_jsonb(m) ->> 'ghl_message_id', to_jsonb(m) ->> 'id', '(without id)') AS id`;

/**
 * What Python accepted and has not finished; changes nothing.
 * @throws DatabaseError where the database can't be used, or the migrations have not been applied
 */
export async function findUnfinished(options: RequeueOptions): Promise<Unfinished> {
  return inTransaction(options, "READ ONLY", async (client) => {
    const { rows } = await client.query<UnfinishedMessage>(LIST, [factorOf(options)]);
    const ready = (row: UnfinishedMessage) => row.untouchedSeconds >= options.olderThanSeconds;
    return { ready: rows.filter(ready), fresh: rows.filter((row) => !ready(row)) };
  });
}

/**
 * Makes Python's unfinished messages Node's, all in one transaction: pending, without a thread id. Whose they were stays in
 * `workflow_state`. Running it again hands over only what is left.
 * @returns the messages handed over
 * @throws DatabaseError as `findUnfinished`; nothing has changed then
 */
export async function handOver(options: RequeueOptions): Promise<readonly UnfinishedMessage[]> {
  return inTransaction(options, "READ WRITE", async (client) => {
    const { rows } = await client.query<UnfinishedMessage>(HAND_OVER, [factorOf(options), options.olderThanSeconds]);
    return rows;
  });
}

/** How many handed-over messages Node has not begun: a Node that never polls the table begins none. */
export async function waitingForNode(options: RequeueOptions): Promise<number> {
  return inTransaction(options, "READ ONLY", async (client) => {
    const { rows } = await client.query<{ waiting: number }>(WAITING);
    return rows[0]?.waiting ?? 0;
  });
}

/**
 * Makes handed-over messages that Node has not begun Python's again.
 * @returns their ids
 */
export async function giveBack(options: RequeueOptions): Promise<readonly string[]> {
  return inTransaction(options, "READ WRITE", async (client) => {
    const { rows } = await client.query<{ id: string }>(GIVE_BACK);
    return rows.map(({ id }) => id);
  });
}

/** Seconds of the clock that pass in a real one. */
function factorOf({ clock }: RequeueOptions): number {
  return clock ? 1 / clock.realSpan(1) : 1;
}

async function inTransaction<T>(
  { database }: RequeueOptions,
  mode: "READ ONLY" | "READ WRITE",
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(database, { applicationName: "cutover-requeue", needsSession: true });
  try {
    await prepareSession(client, LIMITS, database);
    await client.query(`BEGIN ${mode}`);
    await requireColumns(client);
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } finally {
    // Ends a transaction that was not committed, too.
    await client.end().catch(() => {});
  }
}

async function requireColumns(client: Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass('public.message_queue')
        AND attname IN ('langgraph_thread_id', 'workflow_state') AND NOT attisdropped`,
  );
  if (rows.length === 2) return;
  throw new DatabaseError(
    "public.message_queue has no column langgraph_thread_id or workflow_state: the migrations have not been applied here, so no " +
      "message is Python's. Check that CUTOVER_DATABASE_URL names the stack's database.",
  );
}
