import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { previewMigrations } from "@cutover/clients/postgres/preview";
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
  it("are looked at in make check by a squawk that does find things", async () => {
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

  describe("gives the same numbers as the plan's own queries, without an agent's name, too", () => {
    const RECENT = "FROM message_queue WHERE created_at > NOW() - INTERVAL";
    // As the plan writes them.
    const PLAN: Record<string, string> = {
      message_success_rate: `SELECT COUNT(*) FILTER (WHERE status = 'completed') * 100.0 / COUNT(*) as success_rate,
        processed_by_agent, DATE(created_at) as date ${RECENT} '7 days' GROUP BY processed_by_agent, DATE(created_at)`,
      appointment_booking_rate: `SELECT COUNT(*) FILTER (WHERE appointment_booked = true) * 100.0 / COUNT(*) as booking_rate,
        DATE(created_at) as date ${RECENT} '7 days' GROUP BY DATE(created_at)`,
      agent_performance: `WITH agent_stats AS (SELECT processed_by_agent, COUNT(*) as total_messages,
          AVG(EXTRACT(EPOCH FROM (updated_at - created_at))) as avg_response_time,
          COUNT(*) FILTER (WHERE status = 'completed') * 100.0 / COUNT(*) as success_rate
          ${RECENT} '24 hours' GROUP BY processed_by_agent)
        SELECT * FROM agent_stats ORDER BY total_messages DESC`,
      conversation_flow: `SELECT current_agent, next_agent, COUNT(*) as transition_count FROM (
          SELECT LAG(processed_by_agent) OVER (PARTITION BY contact_id ORDER BY created_at) as current_agent,
            processed_by_agent as next_agent ${RECENT} '24 hours') transitions
        WHERE current_agent IS NOT NULL GROUP BY current_agent, next_agent ORDER BY transition_count DESC`,
    };

    beforeAll(async () => {
      for (const [agent, minutes] of [
        ["NULL", 3],
        ["'qualifier'", 2],
        ["NULL", 1],
      ] as const) {
        await insert("status, processed_by_agent, created_at", `'failed', ${agent}, now() - interval '${minutes} min'`);
      }
    });

    it.each(Object.keys(PLAN))("%s", async (view) => {
      const columns =
        view === "conversation_flow"
          ? "next_agent IS NULL"
          : view === "appointment_booking_rate"
            ? "true"
            : "processed_by_agent IS NULL";
      const [seen] = await database.query<{ different: number; rows: number; nameless: number }>(
        `WITH p AS (${PLAN[view]}), v AS (SELECT * FROM langgraph_ops.${view})
         SELECT ((SELECT count(*) FROM (TABLE p EXCEPT ALL TABLE v) a) + (SELECT count(*) FROM (TABLE v EXCEPT ALL TABLE p) b))::int AS different,
                (SELECT count(*)::int FROM v) AS rows, (SELECT count(*)::int FROM v WHERE ${columns}) AS nameless`,
      );
      expect(seen?.different).toBe(0);
      expect(seen?.rows).toBeGreaterThan(1);
      expect(seen?.nameless).toBeGreaterThan(0);
    });
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

  it("runs on a table that has only what the plan's queries name, and does without the rest", async () => {
    const plain = await postgres.database();
    await plain.query("DROP TABLE public.message_queue", plain.adminUrl);
    await plain.query(
      `CREATE TABLE public.message_queue (contact_id text, status text, processed_by_agent text, appointment_booked boolean,
         created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());
       INSERT INTO public.message_queue (contact_id, status, processed_by_agent, appointment_booked)
         VALUES ('c', 'completed', 'qualifier', false), ('c', 'completed', 'booking', true), ('c', 'pending', NULL, NULL)`,
    );
    const files = await loadMigrations();
    const settings = { database: { url: plain.url }, files, allowContract: false };
    expect((await previewMigrations(settings)).problems).toEqual([]);
    expect((await runMigrations({ ...settings, runnerVersion: "test" })).applied).toHaveLength(6);
    expect((await runMigrations({ ...settings, runnerVersion: "test" })).applied).toEqual([]);

    const as = reader.replace(/[^/]+$/, plain.name);
    expect(await plain.query("SELECT * FROM langgraph_ops.appointment_booking_rate", as)).toHaveLength(1);
    expect(await plain.query("SELECT * FROM langgraph_ops.agent_performance", as)).toHaveLength(3);
    expect(await plain.query("SELECT * FROM langgraph_ops.conversation_flow", as)).not.toEqual([]);
    expect(await plain.query("SELECT * FROM langgraph_ops.message_success_rate", as)).toHaveLength(3);
    const [node] = await plain.query(
      "SELECT engine, messages::int, completed::int, booked::int, qualification_rate FROM langgraph_ops.engine_comparison WHERE period = '1 hour'",
      as,
    );
    expect(node).toEqual({ engine: "node", messages: 3, completed: 2, booked: 1, qualification_rate: null });
    expect(
      await plain.query("SELECT id, contact_id, engine, retry_count FROM langgraph_ops.unfinished_messages", as),
    ).toEqual([{ id: null, contact_id: "c", engine: "node", retry_count: null }]);
    for (const missing of ["contact_id", "updated_at"]) {
      const less = await postgres.database();
      await less.query(`ALTER TABLE public.message_queue RENAME ${missing} TO other`, less.adminUrl);
      await expect(runMigrations({ ...settings, database: { url: less.url }, runnerVersion: "test" })).rejects.toThrow(
        `langgraph_columns.sql needs what the database does not have: column public.message_queue.${missing} is missing`,
      );
    }
  });

  it("runs on a table whose columns have other types than ours: an enum, a number, json, a time without a zone", async () => {
    const other = await postgres.database();
    await other.query("DROP TABLE public.message_queue", other.adminUrl);
    await other.query(
      `CREATE TYPE public.message_state AS ENUM ('queued', 'completed', 'failed');
       CREATE TABLE public.message_queue (id bigint GENERATED ALWAYS AS IDENTITY, contact_id bigint, status public.message_state,
         processed_by_agent text, appointment_booked boolean, lead_qualified text, metadata json,
         created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());
       INSERT INTO public.message_queue (contact_id, status, metadata)
         VALUES (1, 'completed', NULL), (1, 'failed', '{"synthetic": false}'), (1, 'completed', '{"synthetic": true}'), (1, 'failed', '[1]')`,
    );
    const files = await loadMigrations();
    await runMigrations({ database: { url: other.url }, files, allowContract: false, runnerVersion: "test" });
    const sql =
      "SELECT messages::int, completed::int, failed::int FROM langgraph_ops.engine_comparison WHERE period = '1 hour'";
    expect(await other.query(sql, reader.replace(/[^/]+$/, other.name))).toEqual([
      { messages: 3, completed: 1, failed: 2 },
    ]);
  });

  it("shows nothing of ours to the anon key", async () => {
    for (const relation of [
      "langgraph_ops.schema_migrations",
      "langgraph_ops.messages",
      "langgraph_ops.agent_performance",
      "public.webhook_receipts",
    ]) {
      await expect(database.query(`SELECT * FROM ${relation}`, database.appUrl)).rejects.toMatchObject({
        code: "42501",
      });
    }
  });

  it("shows no receipt even to an anon key that was granted the table: row level security has no policy for it", async () => {
    await database.query("SELECT public.claim_receipt('msg-rls', 'node')", database.appUrl);
    await database.query("GRANT SELECT, INSERT ON public.webhook_receipts TO anon");
    expect(await database.query("SELECT * FROM public.webhook_receipts", database.appUrl)).toEqual([]);
    const insertion = "INSERT INTO public.webhook_receipts (key, engine) VALUES ('k', 'node')";
    await expect(database.query(insertion, database.appUrl)).rejects.toMatchObject({ code: "42501" });
    await database.query("REVOKE SELECT, INSERT ON public.webhook_receipts FROM anon");
    const all = "SELECT count(*)::int AS n FROM public.webhook_receipts WHERE key = 'msg-rls'";
    expect(await database.query(all)).toEqual([{ n: 1 }]);
  });

  it("closes to the Data API what the project's default privileges open to it", async () => {
    const open = "CREATE TABLE public.by_default (a int)";
    await database.query(open);
    const rights = (table: string, role: string) =>
      database.query(
        `SELECT has_table_privilege('${role}', '${table}', 'SELECT') OR has_table_privilege('${role}', '${table}', 'INSERT') AS may`,
      );
    for (const role of ["anon", "authenticated"]) {
      expect([role, await rights("public.by_default", role)]).toEqual([role, [{ may: true }]]);
      expect([role, await rights("public.webhook_receipts", role)]).toEqual([role, [{ may: false }]]);
    }
    const execute =
      "SELECT has_function_privilege('authenticated', 'public.claim_receipt(text, text)', 'EXECUTE') AS authenticated, has_function_privilege('anon', 'public.claim_receipt(text, text)', 'EXECUTE') AS anon";
    expect(await database.query(execute)).toEqual([{ authenticated: false, anon: true }]);
    await database.query("DROP TABLE public.by_default");
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

  it("can be cleared of old receipts as docs/migrations.md says, a batch at a time", async () => {
    const guide = readFileSync(join(__dirname, "../docs/migrations.md"), "utf8");
    const statement = /^ {4}DELETE FROM public\.webhook_receipts[^;]*;/m.exec(guide)?.[0] ?? "";
    await database.query(
      `INSERT INTO public.webhook_receipts (key, engine, received_at)
         SELECT 'old-' || i, 'node', now() - interval '31 days' FROM generate_series(1, 5001) i
         UNION ALL SELECT 'new', 'python', now() - interval '29 days'`,
    );
    const left = () =>
      database.query("SELECT key FROM public.webhook_receipts WHERE key = 'new' OR key LIKE 'old-%' ORDER BY 1");
    await database.query(statement);
    expect(await left()).toHaveLength(2);
    await database.query(statement);
    expect(await left()).toEqual([{ key: "new" }]);
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
