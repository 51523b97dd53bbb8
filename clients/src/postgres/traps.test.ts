import type { MigrationFile } from "@cutover/domain/migrations/files";
import { beforeAll, describe, expect, it } from "vitest";
import { inlineMigrations } from "../../../rehearsal/postgres/inline";
import { COLUMNS, historyStates, idleTransaction, oldSnapshot } from "../../../rehearsal/postgres/migration-kit";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { Writers } from "../../../rehearsal/postgres/writers";
import { waitFor } from "../../../rehearsal/support/wait";
import { loadMigrations } from "./parse-folder";
import { type RunOptions, runMigrations } from "./run";

// Each of these was measured on a real PostgreSQL before it was written down as a rule; the names say what goes wrong
// without the rule. Index builds: traps-index.test.ts.
const postgres = usePostgres();
let files: MigrationFile[];
beforeAll(async () => {
  files = await loadMigrations();
});

const run = (database: TestDatabase, more: Partial<RunOptions> = {}) =>
  runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test", ...more });

const only = (...names: string[]) => files.filter((file) => names.some((name) => file.name === name));

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

describe("ADD COLUMN", () => {
  it("touches no row, but a mere reader queues behind it while it waits for an idle transaction", async () => {
    const database = await postgres.database();
    const file =
      "SELECT pg_relation_filenode('public.message_queue') AS node, pg_relation_size('public.message_queue') AS size";
    const before = await database.query(file);
    const idle = await idleTransaction(database);
    const asker = await database.session();
    const asking = asker.query(`SET lock_timeout = '20s'; ${COLUMNS}`);
    const queued =
      "SELECT 1 FROM pg_locks WHERE relation = 'public.message_queue'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted";
    await waitFor(async () => (await database.query(queued)).length > 0, { what: "the queue", deadlineMs: 10_000 });
    const reader = await database.session();
    await reader.query("SET lock_timeout = '100ms'");
    await expect(reader.query("SELECT 1 FROM public.message_queue LIMIT 1")).rejects.toMatchObject({ code: "55P03" });
    await idle.query("COMMIT");
    await asking;
    expect(await database.query(file)).toEqual(before);
  });
});

describe("a transaction's attempts", () => {
  it("go on behind a blocker that is too young to be waited for", async () => {
    const database = await postgres.database();
    const young = await idleTransaction(database);
    const running = run(database, { files: only("langgraph_columns"), timing: { patienceMs: 600_000 } });
    const attempts = new Set<string>();
    const queued =
      "SELECT xact_start::text AS at FROM pg_stat_activity WHERE application_name = 'cutover-migrations' AND datname = current_database() AND wait_event_type = 'Lock'";
    await waitFor(
      async () => {
        for (const { at } of await database.query<{ at: string }>(queued)) attempts.add(at);
        return attempts.size >= 2;
      },
      { what: "a second attempt", deadlineMs: 20_000, everyMs: 5 },
    );
    await young.query("COMMIT");
    expect((await running).applied).toHaveLength(1);
  });

  it.each([
    ["with pg_monitor, which Supabase grants: waits outside the queue", true],
    ["without it: asks again and again, each time too shortly to be felt", false],
  ])("see another role's transaction %s", async (_name, monitor) => {
    const database = await postgres.database();
    await database.query(
      `${monitor ? "GRANT" : "REVOKE"} pg_monitor ${monitor ? "TO" : "FROM"} postgres`,
      database.adminUrl,
    );
    try {
      const idle = await idleTransaction(database, database.appUrl);
      const writers = await Writers.start(database.appUrl, 4);
      const lines: string[] = [];
      const timing = { lockDeadlineMs: 1_500, patienceMs: 100 };
      const failed = run(database, { files: only("langgraph_columns"), timing, log: (line) => lines.push(line) });
      await expect(failed).rejects.toThrow(
        monitor
          ? /in the way: server process \d+ \(application "forgotten console", idle in transaction for/
          : /in the way: server process \d+ \(application "forgotten console", in a transaction whose age needs pg_monitor/,
      );
      expect((await writers.stop()).longestStallMs).toBeLessThan(1_000);
      expect(lines.some((line) => line.includes("waits, without stopping anyone"))).toBe(monitor);
      await idle.query("COMMIT");

      await run(database, { files: only("langgraph_columns") });
      await oldSnapshot(database, database.appUrl);
      const build = run(database, {
        files: only("langgraph_columns", "langgraph_thread_index"),
        timing: { noTxMs: 500 },
      });
      await expect(build).rejects.toThrow(
        /transactions older than itself: server process \d+ \(application "forgotten console"/,
      );
    } finally {
      await database.query("GRANT pg_monitor TO postgres", database.adminUrl);
    }
  });

  it("are not made again after a time limit, which would only stall everybody once more", async () => {
    const database = await postgres.database();
    await database.query("CREATE SEQUENCE tries");
    const slow = await inlineMigrations({
      "1_a.sql": "DO $$ BEGIN IF nextval('tries') > 0 THEN EXECUTE 'SELECT pg_sleep(60)'; END IF; END $$;",
    });
    const failed = run(database, { files: slow, timing: { statementMs: 300 } });
    await expect(failed).rejects.toThrow(
      /1_a\.sql: a statement took longer than 300 ms: .*statement timeout \(57014\).*not tried again by itself/,
    );
    expect(await database.query("SELECT last_value::int AS n FROM tries")).toEqual([{ n: 1 }]);
  });

  it("hold a lock that stops writers for well under a second, whatever a statement does with the time", async () => {
    const database = await postgres.database();
    const slow = await inlineMigrations({
      "1_a.sql":
        "ALTER TABLE public.message_queue ADD COLUMN a int;\nDO $$ BEGIN EXECUTE 'SELECT pg_sleep(60)'; END $$;",
    });
    const writers = await Writers.start(database.appUrl, 4);
    await waitFor(() => writers.writes > 20, { what: "writers to be at work", deadlineMs: 10_000 });
    writers.reset();
    await expect(run(database, { files: slow })).rejects.toThrow(
      /a statement took longer than 600 ms, while nobody could write: .*Nothing of this file was done/,
    );
    const report = await writers.stop();
    expect(report.errors).toEqual([]);
    expect(report.longestStallMs).toBeGreaterThan(300); // it did hold it
    expect(report.longestStallMs).toBeLessThan(1_000);
    const columns = "SELECT 1 FROM pg_attribute WHERE attrelid = 'public.message_queue'::regclass AND attname = 'a'";
    expect(await database.query(columns)).toEqual([]);
  });

  it("end with the server's own words where no table lock is known", async () => {
    const database = await postgres.database();
    const file = await inlineMigrations({ "1_a.sql": "DO $$ BEGIN RAISE 'busy' USING ERRCODE = '55P03'; END $$;" });
    await expect(run(database, { files: file, timing: { lockDeadlineMs: 300 } })).rejects.toThrow(
      /^1_a\.sql was refused again and again for \d s, at last with: busy \(55P03\)\. Nothing of this file was done/,
    );
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
