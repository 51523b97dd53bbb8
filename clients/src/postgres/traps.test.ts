import type { MigrationFile } from "@cutover/domain/migrations/files";
import { beforeAll, describe, expect, it } from "vitest";
import { inlineMigrations } from "../../../rehearsal/postgres/inline";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { Writers } from "../../../rehearsal/postgres/writers";
import { waitFor } from "../../../rehearsal/support/wait";
import { loadMigrations } from "./parse-folder";
import { type RunOptions, runMigrations } from "./run";

// Each of these was measured on a real PostgreSQL before it was written down as a rule; the names say what goes wrong
// without the rule.
const postgres = usePostgres();
let files: MigrationFile[];
beforeAll(async () => {
  files = await loadMigrations();
});

const COLUMNS = `ALTER TABLE public.message_queue
  ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS workflow_state JSONB`;
const INDEX = `CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_langgraph_thread
  ON public.message_queue (langgraph_thread_id) WHERE langgraph_thread_id IS NOT NULL`;

const run = (database: TestDatabase, more: Partial<RunOptions> = {}) =>
  runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test", ...more });

const only = (...names: string[]) => files.filter((file) => names.some((name) => file.name === name));

const indexState = (database: TestDatabase) =>
  database.query<{ valid: boolean }>(
    "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('public.idx_langgraph_thread')",
  );

const historyStates = async (database: TestDatabase) =>
  (
    await database.query<{ s: string }>(
      "SELECT name || ' ' || status AS s FROM langgraph_ops.schema_migrations ORDER BY version",
    )
  ).map((row) => row.s);

/** A transaction that has read the table and sits there, as a forgotten console does. */
async function idleTransaction(database: TestDatabase) {
  const client = await database.session(database.url, "forgotten console");
  await client.query("BEGIN; SELECT count(*) FROM public.message_queue");
  return client;
}

/** One that keeps an old snapshot, as a dump or a report does, without having touched the table. */
async function oldSnapshot(database: TestDatabase) {
  const client = await database.session(database.url, "forgotten console");
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  return client;
}

describe("ADD COLUMN IF NOT EXISTS", () => {
  it("takes ACCESS EXCLUSIVE even where the column exists: so it is not sent at all then", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    await idleTransaction(database);
    const done = await run(database, { files: only("langgraph_columns"), timing: { lockDeadlineMs: 500 } });
    expect(done.applied).toEqual([{ file: "20261122090000_langgraph_columns.sql", adopted: true }]);
    // The statement itself would have waited, and every reader behind it:
    const other = await database.session();
    await expect(other.query(`SET lock_timeout = '50ms'; ${COLUMNS}`)).rejects.toMatchObject({ code: "55P03" });
  });

  it("succeeds silently on a column of another type: so the type is looked at before anything runs", async () => {
    const database = await postgres.database();
    await database.query("ALTER TABLE public.message_queue ADD COLUMN workflow_state text");
    await expect(run(database)).rejects.toThrow(/workflow_state is text, expected jsonb/);
    expect(await database.query("SELECT to_regclass('langgraph_ops.schema_migrations') AS made")).toEqual([
      { made: null },
    ]);
    const columns =
      "SELECT 1 FROM pg_attribute WHERE attrelid = 'public.message_queue'::regclass AND attname LIKE 'langgraph%'";
    expect(await database.query(columns)).toEqual([]);
  });

  it("behind an idle transaction would stall every writer: so it waits outside the queue, and names who is in the way", async () => {
    const database = await postgres.database();
    const idle = await idleTransaction(database);
    const writers = await Writers.start(database.appUrl, 4);
    const lines: string[] = [];
    const timing = { lockDeadlineMs: 1_500, patienceMs: 100 };
    const failed = run(database, { files: only("langgraph_columns"), timing, log: (line) => lines.push(line) });
    await expect(failed).rejects.toThrow(
      /could not lock public\.message_queue within \d s; in the way: server process \d+ \(application "forgotten console", idle in transaction/,
    );
    const report = await writers.stop();
    expect(report.errors).toEqual([]);
    expect(report.longestStallMs).toBeLessThan(1_000);
    expect(lines.join("\n")).toContain("waits, without stopping anyone");
    expect(await historyStates(database)).toEqual(["langgraph_columns failed"]);

    await idle.query("COMMIT");
    expect((await run(database, { files: only("langgraph_columns") })).applied).toHaveLength(1);
  });

  it("gets its lock in the middle of live writers without their noticing", async () => {
    const database = await postgres.database();
    const writers = await Writers.start(database.appUrl, 8);
    await waitFor(() => writers.writes > 50, { what: "writers to be at work", deadlineMs: 10_000 });
    writers.reset();
    await run(database);
    const report = await writers.stop();
    expect(report.errors).toEqual([]);
    expect(report.longestStallMs).toBeLessThan(1_000);
  });
});

describe("CREATE INDEX CONCURRENTLY", () => {
  it("fails inside a transaction or a text of several statements: so such a file is refused before anything runs", async () => {
    const database = await postgres.database();
    const wrong = await inlineMigrations({ "1_a.sql": `${COLUMNS};\n${INDEX};` });
    await expect(run(database, { files: wrong })).rejects.toThrow(
      /1_a\.sql, line 5: .*can't run in a transaction; give it a file of its own/,
    );
    const two = await inlineMigrations({ "1_a.sql": `-- mode: no-tx\n${COLUMNS};\n${INDEX};` });
    await expect(run(database, { files: two })).rejects.toThrow(/exactly one statement, this one 2/);
    // What the rule spares us:
    const client = await database.session();
    await client.query(COLUMNS);
    await expect(client.query(`SELECT 1; ${INDEX}`)).rejects.toMatchObject({ code: "25001" });
  });

  it("leaves an INVALID index that IF NOT EXISTS takes for the real one: so it is dropped and built anew", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const idle = await oldSnapshot(database);
    const builder = await database.session();
    await expect(
      builder.query("SET statement_timeout = '300ms'").then(() => builder.query(INDEX)),
    ).rejects.toMatchObject({ code: "57014" });
    await idle.query("COMMIT");
    await builder.query("SET statement_timeout = 0");
    await builder.query(INDEX); // "succeeds"
    expect(await indexState(database)).toEqual([{ valid: false }]);

    const lines: string[] = [];
    await run(database, { log: (line) => lines.push(line) });
    expect(await indexState(database)).toEqual([{ valid: true }]);
    expect(lines.join("\n")).toContain("is what an interrupted build left");
  });

  it("counts the wait for old snapshots as lock wait: so lock_timeout is off while it builds", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const idle = await oldSnapshot(database);
    // The session's lock_timeout is 20 ms outside of the build; the build has to wait much longer.
    const running = run(database, {
      files: only("langgraph_columns", "langgraph_thread_index"),
      timing: { lockAttemptsMs: [20] },
    });
    const building =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '200ms'";
    await waitFor(async () => (await database.query(building)).length > 0, {
      what: "the build to wait",
      deadlineMs: 10_000,
    });
    await idle.query("COMMIT");
    await running;
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("may wait forever for a forgotten transaction: so it has a deadline, names it, and cleans up", async () => {
    const database = await postgres.database();
    const idle = await oldSnapshot(database);
    const writers = await Writers.start(database.appUrl, 4);
    const failed = run(database, {
      files: only("langgraph_columns", "langgraph_thread_index"),
      timing: { noTxMs: 700 },
    });
    await expect(failed).rejects.toThrow(
      /did not finish within 1 s; it waited for transactions older than itself: .*"forgotten console"/,
    );
    expect((await writers.stop()).longestStallMs).toBeLessThan(1_000);
    expect(await indexState(database)).toEqual([]);
    expect(await historyStates(database)).toEqual(["langgraph_columns applied", "langgraph_thread_index failed"]);

    await idle.query("COMMIT");
    await run(database);
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("is not mistaken for an index of the same name over something else", async () => {
    const database = await postgres.database();
    await database.query("CREATE INDEX idx_langgraph_thread ON public.message_queue (contact_id)");
    await expect(run(database)).rejects.toThrow(
      /idx_langgraph_thread covers \(contact_id\), expected \(langgraph_thread_id\)/,
    );
  });

  it("deadlocks with a runner that waits inside pg_advisory_lock()", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const builder = await database.session();
    const waiter = await database.session();
    await builder.query("SELECT pg_advisory_lock(1)");
    const waiting = waiter.query("SELECT pg_advisory_lock(1)");
    const seen = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    await waitFor(async () => (await database.query(seen)).length > 0, { what: "the waiter", deadlineMs: 5_000 });
    const ends = await Promise.allSettled([waiting, builder.query(INDEX)]);
    const codes = ends.flatMap((end) => (end.status === "rejected" ? [(end.reason as { code?: string }).code] : []));
    expect(codes).toEqual(["40P01"]); // either of them, as it happens
  });

  it("so runners poll, and ten at once do the work once", async () => {
    const database = await postgres.database();
    const runs = await Promise.all(Array.from({ length: 10 }, () => run(database)));
    expect(runs.map((one) => one.applied.length).sort((a, b) => a - b)).toEqual([
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      files.length,
    ]);
    expect(await indexState(database)).toEqual([{ valid: true }]);
    const held = "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'";
    expect(await database.query(held)).toEqual([{ n: 0 }]);
  });
});

describe("CREATE OR REPLACE VIEW", () => {
  it("without security_invoker resets it and shows every row: so that is refused", async () => {
    const database = await postgres.database();
    await run(database);
    const replaced =
      "CREATE OR REPLACE VIEW langgraph_ops.unfinished_messages AS SELECT * FROM langgraph_ops.unfinished_messages";
    const later = await inlineMigrations({ "20270101000000_views.sql": replaced });
    await expect(run(database, { files: [...files, ...later] })).rejects.toThrow(
      /add WITH \(security_invoker = true\), also when replacing/,
    );
  });

  it("by hand without it is seen at the next run", async () => {
    const database = await postgres.database();
    await run(database);
    await database.query(
      "CREATE OR REPLACE VIEW langgraph_ops.appointment_booking_rate AS SELECT 1.0::numeric AS booking_rate, current_date AS date",
    );
    await expect(run(database)).rejects.toThrow(
      /appointment_booking_rate has security_invoker off.*repair rerun 20261122090400/,
    );
  });
});
