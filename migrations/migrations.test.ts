import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { runMigrations } from "@cutover/clients/postgres/run";
import { lintMigration } from "@cutover/domain/migrations/lint";
import { beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../rehearsal/postgres/testkit";

const squawk = async (...files: string[]) => {
  const program = join(__dirname, "../node_modules/.bin/squawk");
  const config = ["--config", join(__dirname, ".squawk.toml"), "--reporter", "json"];
  const { stdout } = await promisify(execFile)(program, [...config, ...files]).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout) as { rule_name: string }[];
};

describe("the files in migrations/", () => {
  it("pass squawk", async () => {
    const files = readdirSync(__dirname).filter((file) => file.endsWith(".sql"));
    expect(files).toHaveLength(6);
    expect(await squawk(...files.map((file) => join(__dirname, file)))).toEqual([]);
  });

  it("are looked at by a squawk that does find things", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cutover-squawk-"));
    const bad = join(folder, "20270101000000_bad.sql");
    writeFileSync(
      bad,
      "ALTER TABLE public.message_queue ADD COLUMN a int NOT NULL;\nCREATE INDEX i ON public.message_queue (a);\n",
    );
    const rules = (await squawk(bad)).map((finding) => finding.rule_name);
    rmSync(folder, { recursive: true });
    expect(rules).toEqual(expect.arrayContaining(["adding-required-field", "require-concurrent-index-creation"]));
  });

  it("pass our own lint, without a warning", async () => {
    const findings = (await loadMigrations()).flatMap(lintMigration);
    expect(findings.map((finding) => finding.rule)).toEqual([]);
  });
});

describe("a database with all migrations", () => {
  const postgres = usePostgres();
  let database: TestDatabase;
  let reader: string;
  const migrate = async () =>
    runMigrations({
      database: { url: database.url },
      files: await loadMigrations(),
      allowContract: false,
      runnerVersion: "test",
    });
  const insert = (columns: string, values: string) =>
    database.query(
      `INSERT INTO public.message_queue (location_id, contact_id, message_body, ${columns}) VALUES ('l', 'c', 'b', ${values})`,
    );

  beforeAll(async () => {
    database = await postgres.database();
    await migrate();
    await database.query(`CREATE ROLE some_reader LOGIN PASSWORD 'secret-for-reader' IN ROLE langgraph_ops_reader`);
    reader = database.urlFor("some_reader").replace(/:[^:@]+@/, ":secret-for-reader@");
  });

  it("shows the plan's four queries and our two to the reader, with rows behind row level security", async () => {
    for (const view of ["message_success_rate", "appointment_booking_rate", "agent_performance", "engine_comparison"]) {
      const rows = await database.query(`SELECT * FROM langgraph_ops.${view}`, reader);
      expect([view, rows.length > 0]).toEqual([view, true]);
    }
    await insert("status, processed_by_agent, created_at", "'completed', 'qualifier', now() - interval '2 min'");
    await insert("status, processed_by_agent, created_at", "'completed', 'booking', now() - interval '1 min'");
    expect(
      await database.query("SELECT * FROM langgraph_ops.conversation_flow WHERE next_agent = 'booking'", reader),
    ).toEqual(expect.arrayContaining([expect.objectContaining({ next_agent: "booking" })]));
  });

  it("gives the same numbers as the plan's own queries", async () => {
    const plan = `SELECT COUNT(*) FILTER (WHERE status = 'completed') * 100.0 / COUNT(*) as success_rate, processed_by_agent,
      DATE(created_at) as date FROM message_queue WHERE created_at > NOW() - INTERVAL '7 days' GROUP BY processed_by_agent, DATE(created_at)`;
    const [difference] = await database.query<{ n: number }>(
      `WITH p AS (${plan}), v AS (SELECT * FROM langgraph_ops.message_success_rate)
       SELECT ((SELECT count(*) FROM (TABLE p EXCEPT TABLE v) a) + (SELECT count(*) FROM (TABLE v EXCEPT TABLE p) b))::int AS n`,
    );
    expect(difference).toEqual({ n: 0 });
  });

  it("never counts synthetic rows, and tells the engines apart", async () => {
    const sql =
      "SELECT engine, count(*)::int AS n FROM langgraph_ops.unfinished_messages GROUP BY engine ORDER BY engine";
    await insert("langgraph_thread_id, metadata", `'t-1', '{"synthetic": true}'`);
    await insert("langgraph_thread_id, metadata", `'t-2', '{"synthetic": "true"}'`);
    expect(await database.query(sql, reader)).toEqual([]);
    await insert("langgraph_thread_id", "'t-3'");
    await insert("status", "'processing'");
    expect(await database.query(sql, reader)).toEqual([
      { engine: "node", n: 1 },
      { engine: "python", n: 1 },
    ]);
    const comparison =
      "SELECT messages::int AS n FROM langgraph_ops.engine_comparison WHERE engine = 'python' AND period = '1 hour'";
    expect(await database.query(comparison, reader)).toEqual([{ n: 1 }]);
  });

  it("does not let the reader see what was written, nor change anything", async () => {
    await expect(database.query("SELECT message_body FROM public.message_queue", reader)).rejects.toMatchObject({
      code: "42501",
    });
    await expect(database.query("UPDATE public.message_queue SET status = 'failed'", reader)).rejects.toMatchObject({
      code: "42501",
    });
    await expect(database.query("DELETE FROM langgraph_ops.schema_migrations", reader)).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("shows nothing of ours to the anon key", async () => {
    for (const relation of [
      "langgraph_ops.schema_migrations",
      "langgraph_ops.agent_performance",
      "public.webhook_receipts",
    ]) {
      await expect(database.query(`SELECT * FROM ${relation}`, database.appUrl)).rejects.toMatchObject({
        code: "42501",
      });
    }
  });

  it("lets the applications write the new columns without a new grant", async () => {
    const sql =
      "INSERT INTO message_queue (location_id, contact_id, message_body, langgraph_thread_id, workflow_state) VALUES ('l', 'c', 'b', 't', '{}') RETURNING langgraph_thread_id AS t";
    expect(await database.query(sql, database.appUrl)).toEqual([{ t: "t" }]);
  });

  it("claims a receipt once, however many ask at the same time", async () => {
    const claim = "SELECT public.claim_receipt('msg-1', 'node') AS ok";
    const clients = await Promise.all(Array.from({ length: 12 }, () => database.session(database.appUrl)));
    const answers = await Promise.all(clients.map((client) => client.query<{ ok: boolean }>(claim)));
    expect(answers.filter((answer) => answer.rows[0]?.ok)).toHaveLength(1);
  });

  it("hands an unfinished claim over after ten minutes, a finished one never", async () => {
    const ask = async (sql: string) =>
      (await database.query<{ ok: boolean }>(`SELECT ${sql} AS ok`, database.appUrl))[0]?.ok;
    const age = () =>
      database.query(
        "UPDATE public.webhook_receipts SET received_at = received_at - interval '11 minutes' WHERE key = 'msg-2'",
      );
    expect(await ask("public.claim_receipt('msg-2', 'node')")).toBe(true);
    expect(await ask("public.claim_receipt('msg-2', 'python')")).toBe(false);
    await age();
    expect(await ask("public.claim_receipt('msg-2', 'python')")).toBe(true);
    expect(await ask("public.finish_receipt('msg-2', 'node')")).toBe(false); // no longer its own
    expect(await ask("public.finish_receipt('msg-2', 'python')")).toBe(true);
    await age();
    expect(await ask("public.claim_receipt('msg-2', 'node')")).toBe(false);
  });

  it("can have every file run again", async () => {
    await database.query("DELETE FROM langgraph_ops.schema_migrations");
    const again = await migrate();
    expect(again.applied.map((one) => one.adopted)).toEqual([true, true, false, false, false, false]);
  });
});
