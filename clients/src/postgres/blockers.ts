import type { StatementFacts } from "@cutover/domain/migrations/facts";
import { conflictsOf } from "@cutover/domain/migrations/locks";
import type { Client } from "pg";

/** A session that stands in the way of a lock we want. */
export interface Blocker {
  readonly pid: number;
  readonly application: string | null;
  /** Such as "idle in transaction"; null where our role may not see it. */
  readonly state: string | null;
  /** Age of its transaction in ms; null where our role may not see it. */
  readonly ageMs: number | null;
  readonly autovacuum: boolean;
}

/** Who holds a lock that conflicts with one of `locks` at this moment. Doesn't wait and stops nobody. */
export async function findBlockers(client: Client, locks: StatementFacts["locks"]): Promise<Blocker[]> {
  const wanted = locks.flatMap(({ table, mode }) =>
    conflictsOf(mode).map((other) => ({ table, mode: catalogName(other) })),
  );
  if (wanted.length === 0) return [];
  const result = await client.query<Blocker>(
    `SELECT DISTINCT l.pid, a.application_name AS application, a.state,
            (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS "ageMs",
            coalesce(a.backend_type = 'autovacuum worker', false) AS autovacuum
       FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.relation, l.mode) IN (SELECT to_regclass(t), m FROM unnest($1::text[], $2::text[]) AS w(t, m))`,
    [wanted.map((w) => w.table), wanted.map((w) => w.mode)],
  );
  return result.rows;
}

/**
 * Who holds an old snapshot, which CREATE INDEX CONCURRENTLY has to wait for. Without pg_monitor the age of another role's
 * transaction is hidden; that there is one is not, and it is named then, whatever its age.
 */
export async function findOldTransactions(client: Client, olderThanMs: number): Promise<Blocker[]> {
  const result = await client.query<Blocker>(
    `SELECT pid, application_name AS application, state,
            (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS "ageMs",
            coalesce(backend_type = 'autovacuum worker', false) AS autovacuum
       FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND (xact_start < clock_timestamp() - $1 * interval '1 millisecond'
          OR (xact_start IS NULL AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND granted)))
      ORDER BY xact_start LIMIT 5`,
    [olderThanMs],
  );
  return result.rows;
}

/** "server process 42 (application "psql", idle in transaction for 34 s)", or that our role may not see since when. */
export function describeBlockers(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return "nobody by now";
  return blockers
    .slice(0, 3)
    .map((b) => {
      const age = b.ageMs === null ? undefined : `for ${(b.ageMs / 1000).toFixed(1)} s`;
      // Without an age and not autovacuum: a session of another role, whose state needs pg_monitor.
      const hidden = age || b.autovacuum ? undefined : "in a transaction whose age needs pg_monitor to be seen";
      const state = [b.state, age, hidden].filter(Boolean).join(" ");
      return `server process ${b.pid} (${[b.autovacuum ? "autovacuum" : `application "${b.application ?? "?"}"`, state].filter(Boolean).join(", ")})`;
    })
    .join(", ");
}

/** "ACCESS EXCLUSIVE" is "AccessExclusiveLock" in pg_locks. */
function catalogName(mode: string): string {
  const words = mode.toLowerCase().split(" ");
  return `${words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("")}Lock`;
}
