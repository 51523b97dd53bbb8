import type { MigrationFile } from "@cutover/domain/migrations/files";
import { beforeAll, describe, expect, it } from "vitest";
import { inlineMigrations } from "../../../rehearsal/postgres/inline";
import {
  buildWaits,
  COLUMNS,
  dump,
  historyStates,
  INDEX,
  indexState,
  oldSnapshot,
} from "../../../rehearsal/postgres/migration-kit";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { Writers } from "../../../rehearsal/postgres/writers";
import { waitFor } from "../../../rehearsal/support/wait";
import { NoTxDeadlineError } from "./apply-no-tx";
import { loadMigrations } from "./parse-folder";
import { type RunOptions, runMigrations } from "./run";

// Each of these was measured on a real PostgreSQL before it was written down as a rule; the names say what goes wrong
// without the rule. The other traps: traps.test.ts.
const postgres = usePostgres();
let files: MigrationFile[];
beforeAll(async () => {
  files = await loadMigrations();
});

const run = (database: TestDatabase, more: Partial<RunOptions> = {}) =>
  runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test", ...more });

const only = (...names: string[]) => files.filter((file) => names.some((name) => file.name === name));

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

  it("fails with lock_timeout while it waits for an old snapshot, and INVALID stays", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    await oldSnapshot(database);
    const builder = await database.session();
    await builder.query("SET lock_timeout = '200ms'");
    await expect(builder.query(INDEX)).rejects.toMatchObject({ code: "55P03" });
    expect(await indexState(database)).toEqual([{ valid: false }]);
  });

  it("is cut off by a limit that somebody set on the role: so the limit is lifted for the build", async () => {
    const database = await postgres.database();
    await database.query(
      `${COLUMNS}; ALTER ROLE postgres IN DATABASE ${database.name} SET statement_timeout = '1s'`,
      database.adminUrl,
    );
    const idle = await oldSnapshot(database);
    const builder = await database.session();
    await expect(builder.query(INDEX)).rejects.toMatchObject({ code: "57014" });
    const running = run(database, { files: only("langgraph_columns", "langgraph_thread_index") });
    await waitFor(() => buildWaits(database, 1_300), { what: "the build to outlast the limit", deadlineMs: 20_000 });
    await idle.query("COMMIT");
    await running;
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("can't be cleaned up while a dump has read the table, a mere reader: so that is said in time, and the next run does it", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const reader = await dump(database);
    const timing = { noTxMs: 700, dropIndexMs: 300 };
    const started = Date.now();
    const failed = run(database, { files: only("langgraph_columns", "langgraph_thread_index"), timing });
    await expect(failed).rejects.toThrow(
      /did not finish within 1 s; it waited for transactions older than itself: server process \d+ \(application "pg_dump".* The invalid index public\.idx_langgraph_thread could not be dropped within 0\.3 s, because public\.message_queue is in use by server process \d+ \(application "pg_dump".*the next run drops it/,
    );
    await expect(failed).rejects.toBeInstanceOf(NoTxDeadlineError);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await indexState(database)).toEqual([{ valid: false }]);

    // The same before a build: nothing is begun that could not be ended.
    const again = run(database, { timing });
    await expect(again).rejects.toThrow(
      /thread_index\.sql: The invalid index .* could not be dropped .*"pg_dump".* Nothing was built\. End them, then run again/,
    );
    await expect(again).rejects.toBeInstanceOf(NoTxDeadlineError);
    await reader.query("COMMIT");
    await run(database);
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("that ends without an error but invalid is noticed after the statement", async () => {
    const database = await postgres.database();
    await database.query(
      `CREATE FUNCTION public.spoil() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
         UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = to_regclass('public.idx_langgraph_thread');
       END $$;
       CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION public.spoil()`,
      database.adminUrl,
    );
    await expect(run(database)).rejects.toThrow(
      /thread_index\.sql ran without an error, but index public\.idx_langgraph_thread is invalid \(an interrupted build\)/,
    );
    expect(await historyStates(database)).toEqual(["langgraph_columns applied", "langgraph_thread_index failed"]);
    await database.query("DROP EVENT TRIGGER spoil", database.adminUrl);
    await run(database);
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("does not mind an idle transaction that holds pg_advisory_xact_lock", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const idle = await database.session();
    await idle.query("BEGIN; SELECT pg_advisory_xact_lock(1)");
    const builder = await database.session();
    await builder.query("SET statement_timeout = '10s'");
    await builder.query(INDEX);
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  /** Somebody waits inside pg_advisory_lock() for `key`, for longer than deadlock_timeout (1 s). */
  const oldWaiter = async (database: TestDatabase, key: string) => {
    const waiter = await database.session(database.url, "waiter");
    const ended = waiter.query(`SELECT pg_advisory_lock(${key})`).then(
      () => "got it",
      (error: { code?: string }) => error.code ?? "gone",
    );
    const waits =
      "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND clock_timestamp() - waitstart > interval '1.3 s'";
    const pid = await waitFor(async () => (await database.query<{ pid: number }>(waits))[0]?.pid, {
      what: "the waiter to have waited for longer than deadlock_timeout",
      deadlineMs: 20_000,
    });
    return { pid, ended };
  };

  it("dies itself, INVALID left, when somebody has waited in pg_advisory_lock() for longer than deadlock_timeout", async () => {
    const database = await postgres.database();
    await database.query(COLUMNS);
    const builder = await database.session();
    await builder.query("SELECT pg_advisory_lock(1)");
    const { ended } = await oldWaiter(database, "1");
    await expect(builder.query(INDEX)).rejects.toMatchObject({ code: "40P01" });
    expect(await indexState(database)).toEqual([{ valid: false }]);
    await builder.query("SELECT pg_advisory_unlock(1)");
    expect(await ended).toBe("got it");
    await run(database);
    expect(await indexState(database)).toEqual([{ valid: true }]);
  });

  it("is tried again by the runner after such a deadlock, from a clean start", async () => {
    const database = await postgres.database();
    const idle = await database.session();
    await idle.query("BEGIN; SELECT count(*) FROM public.message_queue");
    const lines: string[] = [];
    let onDeadlock = () => {};
    const deadlocked = new Promise<void>((resolve) => {
      onDeadlock = resolve;
    });
    const running = run(database, {
      timing: { patienceMs: 50 },
      log: (line) => {
        lines.push(line);
        if (line.includes("interrupted build left")) onDeadlock();
      },
    });
    // The runner has its lock and waits for the idle transaction; meanwhile somebody waits for the runner's lock.
    await waitFor(() => lines.some((line) => line.includes("waits, without stopping anyone")), {
      what: "the runner to wait",
      deadlineMs: 20_000,
    });
    const { pid, ended } = await oldWaiter(database, `${0x43_75_74_6f}, ${0x76_65_72_31}`);
    await idle.query("COMMIT");
    await deadlocked;
    await database.query(`SELECT pg_terminate_backend(${pid})`);
    await running;
    expect(await ended).toBe("57P01");
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
