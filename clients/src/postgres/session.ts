import type { Client } from "pg";
import { transactionPooler } from "./connect";
import { DatabaseError, type DatabaseSettings, parseTarget } from "./target";

/** Settings of a runner's session; in SQL, because a pooler drops what is sent when connecting. Times in ms. */
export interface SessionLimits {
  /** How long one statement may wait for a lock. */
  readonly lockMs: number;
  /** How long one statement may take; 0 = no limit. */
  readonly statementMs: number;
}

/** An idle transaction of ours can't hold a lock for longer than this. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** How soon the server notices that we are gone while it works on a long statement. */
const ALIVE_CHECK_MS = 2_000;

/**
 * Sets the limits and asks the server, in a second round trip, whether they hold and whether it is the same session.
 * @throws TransactionPoolerError if it is not; DatabaseError if a setting was not taken
 */
export async function prepareSession(client: Client, limits: SessionLimits, settings: DatabaseSettings): Promise<void> {
  const wanted = [
    ["lock_timeout", limits.lockMs],
    ["statement_timeout", limits.statementMs],
    ["idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_MS],
    ["client_connection_check_interval", ALIVE_CHECK_MS],
  ] as const;
  const set = wanted.map(([name, ms]) => `SET ${name} = ${ms}`).join("; ");
  const results = (await client.query(
    `${set}; SET client_min_messages = warning; SELECT pg_backend_pid() AS pid`,
  )) as unknown;
  const pid = (results as { rows: { pid: number }[] }[]).at(-1)?.rows[0]?.pid;
  const seen = await client.query<{ pid: number; name: string; setting: string }>(
    "SELECT pg_backend_pid() AS pid, name, setting FROM pg_settings WHERE name = ANY($1)",
    [wanted.map(([name]) => name)],
  );
  if (seen.rows.some((row) => row.pid !== pid)) throw transactionPooler(parseTarget(settings), settings);
  for (const [name, ms] of wanted) {
    const found = seen.rows.find((row) => row.name === name)?.setting;
    if (found === String(ms)) continue;
    throw new DatabaseError(
      `The session does not keep ${name} (set ${ms} ms, found ${found ?? "nothing"}). Something between us and the database ` +
        "drops settings; use the direct connection or the session pooler.",
    );
  }
}

/** Changes the limits of a session that `prepareSession` has verified. */
export async function setLimits(client: Client, limits: SessionLimits): Promise<void> {
  await client.query(`SET lock_timeout = ${limits.lockMs}; SET statement_timeout = ${limits.statementMs}`);
}
