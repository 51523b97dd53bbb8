import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import { planMigrations } from "@cutover/domain/migrations/plan";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { inlineMigrations } from "../../../rehearsal/postgres/inline";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { waitFor } from "../../../rehearsal/support/wait";
import { readState } from "./catalog";
import { loadMigrations } from "./parse-folder";
import { sqlParser } from "./parser";
import { previewMigrations } from "./preview";
import { type RepairAction, repairHistory } from "./repair";
import { type RunOptions, runMigrations } from "./run";
import { takeRunnerLock } from "./runner-lock";

const postgres = usePostgres();
let ours: MigrationFile[];
beforeAll(async () => {
  ours = await loadMigrations();
});

const run = (database: TestDatabase, files: readonly MigrationFile[] = ours, more: Partial<RunOptions> = {}) =>
  runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test", ...more });

const history = (database: TestDatabase) =>
  database.query<{ name: string; status: string; adopted: boolean; error: string | null }>(
    "SELECT name, status, adopted, error FROM langgraph_ops.schema_migrations ORDER BY version",
  );

const repair = (database: TestDatabase, action: RepairAction, version: string, files: readonly MigrationFile[]) =>
  repairHistory({ database: { url: database.url }, files, action, version, runnerVersion: "test" });

describe("a run", () => {
  it("applies what is pending, once; the second run does nothing and needs no lock", async () => {
    const database = await postgres.database();
    expect((await run(database)).applied.map((one) => one.file)).toEqual(ours.map((file) => file.file));
    const holder = await database.session(database.url, "another runner");
    await takeRunnerLock(holder, { deadlineMs: 1_000 }, { url: database.url });
    const again = await run(database, ours, { timing: { runnerLockMs: 0 } });
    expect(again).toEqual({ applied: [], before: ours.map((file) => file.file), waiting: [], warnings: [] });
  });

  it("gives up on another runner's lock with the holder's name", async () => {
    const database = await postgres.database();
    const holder = await database.session(database.url, "the other laptop");
    await takeRunnerLock(holder, { deadlineMs: 1_000 }, { url: database.url });
    await expect(run(database, ours, { timing: { runnerLockMs: 150 } })).rejects.toThrow(
      /Another migration run is at work .*: server process \d+, application "the other laptop"/,
    );
  });

  it("notes a database that has everything already without sending a statement", async () => {
    const database = await postgres.database();
    await run(database);
    await database.query("DELETE FROM langgraph_ops.schema_migrations");
    const { applied } = await run(database, ours.slice(0, 2));
    expect(applied.map((one) => one.adopted)).toEqual([true, true]);
    expect((await history(database)).map((row) => [row.status, row.adopted])).toEqual([
      ["applied", true],
      ["applied", true],
    ]);
  });

  it("keeps a transaction whole: a failing statement undoes its file, and the file may be mended", async () => {
    const database = await postgres.database();
    const bad = "ALTER TABLE public.message_queue ADD COLUMN one int;\nSELECT 1/0;";
    const files = await inlineMigrations({
      "1_first.sql": "ALTER TABLE public.message_queue ADD COLUMN zero int;",
      "2_bad.sql": bad,
    });
    await expect(run(database, files)).rejects.toThrow("2_bad.sql failed: division by zero (22012)");
    expect(await history(database)).toMatchObject([
      { status: "applied" },
      { status: "failed", error: "division by zero" },
    ]);
    const columns =
      "SELECT attname AS c FROM pg_attribute WHERE attrelid = 'public.message_queue'::regclass AND attname IN ('zero', 'one')";
    expect(await database.query(columns)).toEqual([{ c: "zero" }]);
    const mended = await inlineMigrations({
      "1_first.sql": "ALTER TABLE public.message_queue ADD COLUMN zero int;",
      "2_bad.sql": bad.replace("1/0", "1"),
    });
    expect((await run(database, mended)).applied.map((one) => one.file)).toEqual(["2_bad.sql"]);
  });

  it("retries a deadlock with someone else", async () => {
    const database = await postgres.database();
    const [file] = await inlineMigrations({
      "1_a.sql": "DO $$ BEGIN IF nextval('tries') < 3 THEN RAISE SQLSTATE '40P01'; END IF; END $$;",
    });
    await database.query("CREATE SEQUENCE tries");
    await run(database, file ? [file] : []);
    expect(await database.query("SELECT last_value::int AS n FROM tries")).toEqual([{ n: 3 }]);
  });

  it("says that a promise was not kept although no statement failed", async () => {
    const database = await postgres.database();
    const files = await inlineMigrations({ "1_a.sql": "-- ensures: public.nowhere(a)\nSELECT 1;" });
    await expect(run(database, files)).rejects.toThrow(
      "1_a.sql ran without an error, but table public.nowhere is missing",
    );
    expect(await history(database)).toMatchObject([{ status: "failed" }]);
  });

  it("never shows the password, whatever the server says", async () => {
    const database = await postgres.database();
    const password = new URL(database.url).password;
    const files = await inlineMigrations({
      "1_a.sql": `DO $$ BEGIN RAISE EXCEPTION 'cannot log in with ${password}'; END $$;`,
    });
    await expect(run(database, files)).rejects.toThrow("cannot log in with [redacted]");
  });
});

describe("before anything runs, a run is refused", () => {
  const refused = async (files: MigrationFile[], expected: RegExp, database?: TestDatabase) => {
    const target = database ?? (await postgres.database());
    const before = await target.query("SELECT count(*)::int AS n FROM pg_class");
    await expect(run(target, files)).rejects.toThrow(expected);
    expect(await target.query("SELECT count(*)::int AS n FROM pg_class")).toEqual(before);
    const { problems } = await previewMigrations({ database: { url: target.url }, files, allowContract: false });
    expect(problems.map((problem) => problem.message).join()).toMatch(expected);
  };

  it("without the table, or without a column", async () => {
    const database = await postgres.database();
    await database.query("ALTER TABLE public.message_queue RENAME COLUMN status TO state", database.adminUrl);
    await refused(
      ours,
      /langgraph_columns\.sql needs what the database does not have: column public\.message_queue\.status is missing/,
      database,
    );
    await database.query("DROP TABLE public.message_queue", database.adminUrl);
    await refused(ours, /needs what the database does not have: table public\.message_queue is missing/, database);
  });

  it("when an applied file was changed, until the change is accepted; other line ends are no change", async () => {
    const database = await postgres.database();
    const sql = "-- first\nALTER TABLE public.message_queue ADD COLUMN a int;\n";
    await run(database, await inlineMigrations({ "1_a.sql": sql }));
    const windows = await inlineMigrations({ "1_a.sql": `\uFEFF${sql.replaceAll("\n", "\r\n")}` });
    expect((await run(database, windows)).applied).toEqual([]);
    const edited = await inlineMigrations({ "1_a.sql": sql.replace("first", "the first") });
    await refused(edited, /1_a\.sql was changed after it was applied .*repair accept 1/, database);
    expect(await repair(database, "accept", "1", edited)).toContain("counts as applied");
    expect((await run(database, edited)).applied).toEqual([]);
  });

  it("for a file older than the newest applied one, unless allowed", async () => {
    const database = await postgres.database();
    const files = await inlineMigrations({ "1_a.sql": "SELECT 1;", "2_b.sql": "SELECT 2;" });
    await run(database, files.slice(1));
    await refused(files, /1_a\.sql is older than 2_b\.sql/, database);
    expect((await run(database, files, { allowOutOfOrder: "1" })).applied.map((one) => one.file)).toEqual(["1_a.sql"]);
  });

  it("when the database knows a migration that we don't, until it is forgotten", async () => {
    const database = await postgres.database();
    const files = await inlineMigrations({ "1_a.sql": "SELECT 1;", "2_b.sql": "SELECT 2;" });
    await run(database, files);
    await refused(files.slice(0, 1), /has applied migration 2_b, which is not in migrations/, database);
    await expect(repair(database, "forget", "2", files)).rejects.toThrow("2_b.sql exists");
    await repair(database, "forget", "2", files.slice(0, 1));
    expect((await run(database, files.slice(0, 1))).applied).toEqual([]);
  });

  it("when someone took away what an applied file made, until it runs again", async () => {
    const database = await postgres.database();
    await run(database);
    await database.query("DROP INDEX public.idx_langgraph_thread");
    await refused(
      ours,
      /langgraph_thread_index\.sql is applied, but index public\.idx_langgraph_thread is missing.*repair rerun 20261122090100/,
      database,
    );
    await repair(database, "rerun", "20261122090100", ours);
    expect((await run(database)).applied).toEqual([
      { file: "20261122090100_langgraph_thread_index.sql", adopted: false },
    ]);
  });
});

describe("a contract migration", () => {
  const contracted = () =>
    inlineMigrations({
      "1_a.sql": "ALTER TABLE public.message_queue ADD COLUMN a int;",
      "2_drop.sql": "-- kind: contract\nALTER TABLE public.message_queue DROP COLUMN retry_count;",
      "3_b.sql": "ALTER TABLE public.message_queue ADD COLUMN b int;",
    });
  const columns = (database: TestDatabase) =>
    database.query(
      "SELECT attname AS c FROM pg_attribute WHERE attrelid = 'public.message_queue'::regclass AND attname IN ('a', 'b', 'retry_count') ORDER BY 1",
    );

  it("is held back until decommission, and holds up nothing else", async () => {
    const database = await postgres.database();
    const files = await contracted();
    const settings = { database: { url: database.url }, files, allowContract: false };
    const preview = await previewMigrations(settings);
    expect(preview).toMatchObject({ pending: ["1_a.sql", "3_b.sql"], waiting: ["2_drop.sql"], problems: [] });
    expect(preview.lines).toContain(
      "  2_drop.sql (contract) waits for phase decommission to be applied, and the next update: ALTER TABLE public.message_queue DROP COLUMN retry_count",
    );
    const first = await run(database, files);
    expect(first.applied.map((one) => one.file)).toEqual(["1_a.sql", "3_b.sql"]);
    expect(first.waiting).toEqual(["2_drop.sql"]);
    expect(await columns(database)).toEqual([{ c: "a" }, { c: "b" }, { c: "retry_count" }]);
    expect(await run(database, files)).toMatchObject({ applied: [], waiting: ["2_drop.sql"] });

    const last = await run(database, files, { allowContract: true });
    expect(last).toMatchObject({ applied: [{ file: "2_drop.sql" }], waiting: [] });
    expect(await columns(database)).toEqual([{ c: "a" }, { c: "b" }]);
  });
});

describe("a preview", () => {
  it("works with a role that may only read, before the first migration and after", async () => {
    const database = await postgres.database();
    const url = database.urlFor("rehearsal_app");
    const before = await previewMigrations({ database: { url }, files: ours, allowContract: false });
    expect(before.lines[0]).toBe("6 of 6 database migrations to apply:");
    expect(before.lines.join("\n")).toMatch(
      /ADD COLUMN workflow_state: ACCESS EXCLUSIVE on public\.message_queue \(waits for and blocks writers\); no table rewrite/,
    );
    await run(database);
    await expect(previewMigrations({ database: { url }, files: ours, allowContract: false })).rejects.toThrow(
      "Make it a member of langgraph_ops_reader",
    );
    await database.query("GRANT langgraph_ops_reader TO rehearsal_app");
    const after = await previewMigrations({ database: { url }, files: ours, allowContract: false });
    await database.query("REVOKE langgraph_ops_reader FROM rehearsal_app");
    expect(after.lines).toEqual(["All 6 database migrations are applied."]);
  });

  it("waits behind nobody: not even behind a lock on the table", async () => {
    const database = await postgres.database();
    const holder = await database.session();
    await holder.query("BEGIN; LOCK TABLE public.message_queue IN ACCESS EXCLUSIVE MODE");
    expect(
      (await previewMigrations({ database: { url: database.url }, files: ours, allowContract: false })).pending,
    ).toHaveLength(6);
  });
});

it("a look at the database while another run applies everything finds no problem, whatever it sees first", async () => {
  const database = await postgres.database();
  const client = await database.session();
  const query = client.query.bind(client) as (text: string) => Promise<unknown>;
  let looks = 0;
  client.query = (async (text: string) => {
    const answer = await query(text).catch((error: unknown) => ({ error }));
    looks += 1;
    if (looks === 1) await run(database);
    if (typeof answer === "object" && answer !== null && "error" in answer) throw answer.error;
    return answer;
  }) as typeof client.query;
  const state = await readState(client, ours, await sqlParser());
  expect(looks).toBeGreaterThan(1);
  expect(planMigrations({ ...state, files: ours, allowContract: false }).problems).toEqual([]);
});

describe("kill -9", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  const start = (database: TestDatabase) => {
    const root = join(__dirname, "../../..");
    const env = { PATH: process.env.PATH ?? "", RUNNER_URL: database.url };
    const args = [join(root, "tools/run.mjs"), "rehearsal/postgres/runner-process.ts"];
    const child = spawn(process.execPath, args, { env, cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const seen = { text: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      seen.text += chunk.toString();
    });
    const said = (text: string) =>
      waitFor(() => seen.text.includes(text), {
        what: `"${text}" (said: ${seen.text})`,
        deadlineMs: 30_000,
        everyMs: 5,
      });
    const kill = async () => {
      child.kill("SIGKILL");
      await waitFor(() => child.exitCode !== null || child.signalCode !== null, {
        what: "the runner's end",
        deadlineMs: 5_000,
      });
    };
    return { seen, said, kill };
  };

  it("while it waits for a table, in the middle of an index build and between two files: the next run goes on from there", async () => {
    const database = await postgres.database();
    const idle = await database.session();
    await idle.query("BEGIN; SELECT count(*) FROM public.message_queue");
    const first = start(database);
    await first.said("waits, without stopping anyone");
    await first.kill();
    await idle.query("COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");

    const second = start(database);
    const building =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'";
    await waitFor(async () => (await database.query(building)).length > 0, {
      what: "the index build to wait",
      deadlineMs: 30_000,
    });
    await second.kill();
    expect(await history(database)).toMatchObject([
      { status: "applied" },
      { name: "langgraph_thread_index", status: "pending" },
    ]);
    await idle.query("COMMIT");

    const third = start(database); // the server's own session of the second may still hold the lock for a moment
    await third.said("langgraph_ops.sql: run");
    await third.kill();

    const { applied } = await run(database);
    expect(applied.length).toBeGreaterThan(2);
    expect((await history(database)).map((row) => row.status)).toEqual(Array(6).fill("applied"));
    const valid = "SELECT indisvalid AS ok FROM pg_index WHERE indexrelid = 'public.idx_langgraph_thread'::regclass";
    expect(await database.query(valid)).toEqual([{ ok: true }]);
  }, 60_000);
});
