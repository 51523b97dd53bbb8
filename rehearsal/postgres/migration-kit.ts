import type { TestDatabase } from "./testkit";

/** The plan's two schema changes as somebody would type them, to show what they do without our rules. */
export const COLUMNS = `ALTER TABLE public.message_queue
  ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS workflow_state JSONB`;
export const INDEX = `CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_langgraph_thread
  ON public.message_queue (langgraph_thread_id) WHERE langgraph_thread_id IS NOT NULL`;

/** One row with `valid` if the plan's index is there, none otherwise. */
export const indexState = (database: TestDatabase) =>
  database.query<{ valid: boolean }>(
    "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('public.idx_langgraph_thread')",
  );

/** "name status" of each file in the history, in order. */
export const historyStates = async (database: TestDatabase) =>
  (
    await database.query<{ s: string }>(
      "SELECT name || ' ' || status AS s FROM langgraph_ops.schema_migrations ORDER BY version",
    )
  ).map((row) => row.s);

/** A transaction that has read the table and sits there, as a forgotten console does. */
export async function idleTransaction(database: TestDatabase, url = database.url) {
  const client = await database.session(url, "forgotten console");
  await client.query("BEGIN; SELECT count(*) FROM public.message_queue");
  return client;
}

/** One that keeps an old snapshot, as a dump or a report does, without having touched the table. */
export async function oldSnapshot(database: TestDatabase, url = database.url) {
  const client = await database.session(url, "forgotten console");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  return client;
}

/** One that keeps an old snapshot and has read the table, as pg_dump has. */
export async function dump(database: TestDatabase, url = database.url) {
  const client = await database.session(url, "pg_dump");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM message_queue");
  return client;
}

/** Whether an index build has been waiting for a lock for longer than `ms`. */
export const buildWaits = async (database: TestDatabase, ms: number) =>
  (
    await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database()
         AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > ${ms} * interval '1 ms'`,
    )
  ).length > 0;
