import type { Client } from "pg";
import { connect, transactionPooler } from "./connect";
import { DatabaseError, type DatabaseSettings, parseTarget } from "./target";

/** The two halves of our key among all advisory locks of the database, as ASCII. */
const KEY_HIGH = 0x43_75_74_6f; // "Cuto"
const KEY_LOW = 0x76_65_72_31; // "ver1"

const HELD = `
  SELECT pid FROM pg_locks
   WHERE locktype = 'advisory' AND granted AND classid = ${KEY_HIGH} AND objid = ${KEY_LOW} AND objsubid = 2
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Another runner kept the lock until our deadline. */
export class RunnerLockError extends DatabaseError {
  override readonly name = "RunnerLockError";
}

export interface RunnerLockOptions {
  /** Real milliseconds after which to give up. */
  readonly deadlineMs: number;
  /** Called once when we have to wait, with a sentence that names the holder. */
  readonly onWait?: (holder: string) => void;
}

/** Asks for the lock, and for the session it would be in. Against an open transaction nobody else gets that session. */
const ASK_AGAIN = `BEGIN; SELECT pg_backend_pid() AS pid, pg_try_advisory_lock(${KEY_HIGH}, ${KEY_LOW}) AS got`;

/**
 * Whether the lock really belongs to one session. A transaction pooler without load hands a lone client the same server
 * session each time, and everything looks well; a second client shows it: while the first idles, it gets that very session,
 * or finds the lock open to it.
 * @throws TransactionPoolerError
 */
export async function proveOwnSession(client: Client, settings: DatabaseSettings): Promise<void> {
  const [mine] = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows;
  const other = await connect(settings, {
    applicationName: "cutover-lock-check",
    needsSession: true,
    queryTimeoutMs: 15_000,
  });
  let seen: { readonly pid: number; readonly got: boolean } | undefined;
  try {
    const answers = (await other.query(ASK_AGAIN)) as unknown as { rows: { pid: number; got: boolean }[] }[];
    seen = answers.at(-1)?.rows[0];
    // Inside of the transaction, that is in the session that took it; otherwise it would be held for good there.
    if (seen?.got) await other.query(`SELECT pg_advisory_unlock(${KEY_HIGH}, ${KEY_LOW})`);
    await other.query("COMMIT");
  } finally {
    await other.end().catch(() => {});
  }
  if (seen && !seen.got && seen.pid !== mine?.pid) return;
  // Not left behind in a session that the pooler keeps.
  await client.query(`SELECT pg_advisory_unlock(${KEY_HIGH}, ${KEY_LOW})`).catch(() => {});
  throw transactionPooler(parseTarget(settings), settings);
}

/**
 * Takes the lock that lets one runner work at a time, by polling: a session that waits *inside* pg_advisory_lock holds a
 * snapshot, which CREATE INDEX CONCURRENTLY of the lock's owner waits for: both would deadlock.
 * @throws RunnerLockError naming the holder; TransactionPoolerError if the lock went to another session
 */
export async function takeRunnerLock(
  client: Client,
  options: RunnerLockOptions,
  settings: DatabaseSettings,
): Promise<void> {
  const started = Date.now();
  for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 1.6, 2000)) {
    const tried = await client.query<{ got: boolean }>(`SELECT pg_try_advisory_lock(${KEY_HIGH}, ${KEY_LOW}) AS got`);
    if (tried.rows[0]?.got) break;
    const waited = Date.now() - started;
    if (waited > options.deadlineMs || pauseMs === 25) {
      const holder = await describeHolder(client);
      if (waited > options.deadlineMs) {
        throw new RunnerLockError(
          `Another migration run is at work for more than ${Math.round(waited / 1000)} s: ${holder}. ` +
            "Wait for it, or end that session if its process is gone.",
        );
      }
      options.onWait?.(holder);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
  }
  if (!(await holdsRunnerLock(client))) throw transactionPooler(parseTarget(settings), settings);
  await proveOwnSession(client, settings);
}

/** Whether this very session holds the lock: false behind a transaction pooler, or after the session was replaced. */
export async function holdsRunnerLock(client: Client): Promise<boolean> {
  const held = await client.query(`${HELD} AND pid = pg_backend_pid()`);
  return held.rows.length === 1;
}

/** Gives the lock back. @throws DatabaseError if it was not ours any more: somebody else may have worked at the same time */
export async function releaseRunnerLock(client: Client): Promise<void> {
  const released = await client.query<{ ok: boolean }>(`SELECT pg_advisory_unlock(${KEY_HIGH}, ${KEY_LOW}) AS ok`);
  if (released.rows[0]?.ok) return;
  throw new DatabaseError("The migration lock was lost before the end of the run. Check the history, then run again.");
}

async function describeHolder(client: Client): Promise<string> {
  const result = await client.query<{ pid: number; name: string | null; seconds: number | null }>(
    `SELECT a.pid, a.application_name AS name, extract(epoch FROM clock_timestamp() - a.backend_start)::int AS seconds
       FROM pg_stat_activity a WHERE a.pid IN (${HELD})`,
  );
  const row = result.rows[0];
  if (!row) return "a session that has just ended";
  return `server process ${row.pid}, application "${row.name ?? "?"}", connected for ${row.seconds ?? "?"} s`;
}
