import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { previewMigrations } from "@cutover/clients/postgres/preview";
import { runMigrations } from "@cutover/clients/postgres/run";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import { beforeAll, describe, expect, it } from "vitest";
import { inlineMigrations } from "../rehearsal/postgres/inline";
import { type TestDatabase, usePostgres } from "../rehearsal/postgres/testkit";

describe("what someone changed by hand after the migrations is told", () => {
  const postgres = usePostgres();
  let database: TestDatabase;
  let ours: MigrationFile[];
  const problems = async (files = ours) =>
    (await previewMigrations({ database: { url: database.url }, files, allowContract: false })).problems.map(
      (problem) => `${problem.code}: ${problem.message}`,
    );
  const migrate = (files = ours, allowContract = false) =>
    runMigrations({ database: { url: database.url }, files, allowContract, runnerVersion: "test" });

  beforeAll(async () => {
    ours = await loadMigrations();
    database = await postgres.database();
    await migrate();
  });

  const READER = "policy langgraph_ops_reader on public.message_queue";
  const CLAIM = "public.claim_receipt(text, text)";
  it.each([
    [
      "a view opened to the anon key",
      "GRANT SELECT ON langgraph_ops.messages TO anon",
      "REVOKE SELECT ON langgraph_ops.messages FROM anon",
      "monitoring_views.sql is applied, but rights of anon on table langgraph_ops.messages include SELECT, expected not to",
    ],
    [
      "a single column opened",
      "GRANT SELECT (key) ON public.webhook_receipts TO anon",
      "REVOKE SELECT (key) ON public.webhook_receipts FROM anon",
      "rights of anon on table public.webhook_receipts include SELECT",
    ],
    [
      "our schema opened to everybody",
      "GRANT USAGE ON SCHEMA langgraph_ops TO PUBLIC",
      "REVOKE USAGE ON SCHEMA langgraph_ops FROM PUBLIC",
      "rights of PUBLIC on schema langgraph_ops include USAGE",
    ],
    [
      "a function opened to everybody",
      `GRANT EXECUTE ON FUNCTION ${CLAIM} TO PUBLIC`,
      `REVOKE EXECUTE ON FUNCTION ${CLAIM} FROM PUBLIC`,
      "rights of PUBLIC on function public.claim_receipt include EXECUTE",
    ],
    [
      "a function closed to the applications",
      `REVOKE EXECUTE ON FUNCTION ${CLAIM} FROM anon`,
      `GRANT EXECUTE ON FUNCTION ${CLAIM} TO anon`,
      "rights of anon on function public.claim_receipt lack EXECUTE",
    ],
    [
      "a column closed to the reader",
      "REVOKE SELECT (status) ON public.message_queue FROM langgraph_ops_reader",
      "GRANT SELECT (status) ON public.message_queue TO langgraph_ops_reader",
      "rights of langgraph_ops_reader on column public.message_queue.status lack SELECT",
    ],
    [
      "a view closed to the reader",
      "REVOKE SELECT ON langgraph_ops.engine_comparison FROM langgraph_ops_reader",
      "GRANT SELECT ON langgraph_ops.engine_comparison TO langgraph_ops_reader",
      "rights of langgraph_ops_reader on table langgraph_ops.engine_comparison lack SELECT",
    ],
    [
      "a policy for somebody else",
      "ALTER POLICY langgraph_ops_reader ON public.message_queue TO anon",
      "ALTER POLICY langgraph_ops_reader ON public.message_queue TO langgraph_ops_reader",
      `${READER} is to anon, expected langgraph_ops_reader`,
    ],
    [
      "a policy that shows the reader less",
      "ALTER POLICY langgraph_ops_reader ON public.message_queue USING (status = 'completed')",
      "ALTER POLICY langgraph_ops_reader ON public.message_queue USING (true)",
      `${READER} has USING a condition, expected (true)`,
    ],
    [
      "a policy that lets write",
      `DROP POLICY langgraph_ops_reader ON public.message_queue;
       CREATE POLICY langgraph_ops_reader ON public.message_queue FOR ALL TO langgraph_ops_reader USING (true)`,
      `DROP POLICY langgraph_ops_reader ON public.message_queue;
       CREATE POLICY langgraph_ops_reader ON public.message_queue FOR SELECT TO langgraph_ops_reader USING (true)`,
      `${READER} is for ALL, expected SELECT`,
    ],
    [
      "row level security switched off",
      "ALTER TABLE public.webhook_receipts DISABLE ROW LEVEL SECURITY",
      "ALTER TABLE public.webhook_receipts ENABLE ROW LEVEL SECURITY",
      "row level security on public.webhook_receipts is off",
    ],
  ])("%s", async (_what, change, back, expected) => {
    await database.query(change);
    expect(await problems()).toEqual([expect.stringContaining(expected)]);
    await database.query(back);
    expect(await problems()).toEqual([]);
  });

  it("a function with another text", async () => {
    const [row] = await database.query<{ sql: string }>(`SELECT pg_get_functiondef('${CLAIM}'::regprocedure) AS sql`);
    const original = row?.sql ?? "";
    await database.query(original.replace("10 minutes", "1 minute"));
    expect(await problems()).toEqual([expect.stringContaining("function public.claim_receipt has another text")]);
    await database.query(original);
    expect(await problems()).toEqual([]);
  });

  it("but not what a later migration changed on purpose", async () => {
    const later = await inlineMigrations({
      "20270101000000_open.sql":
        "GRANT SELECT ON langgraph_ops.messages TO anon; REVOKE SELECT ON langgraph_ops.messages FROM anon; GRANT SELECT ON langgraph_ops.messages TO anon;",
      "20270101000001_policy.sql":
        "-- kind: contract\nALTER POLICY langgraph_ops_reader ON public.message_queue USING (status <> 'x');",
      "20270101000002_drop.sql":
        "-- kind: contract\nDROP FUNCTION public.finish_receipt(text, text); DROP FUNCTION public.claim_receipt(text, text); DROP TABLE public.webhook_receipts;",
    });
    await migrate([...ours, ...later], true);
    expect(await problems([...ours, ...later])).toEqual([]);
    expect((await migrate([...ours, ...later], true)).applied).toEqual([]);
  });
});
