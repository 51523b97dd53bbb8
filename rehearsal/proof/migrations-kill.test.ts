import { runMigrations } from "@cutover/clients/postgres/run";
import { openMigrations } from "@cutover/clients/postgres/source";
import { expect, it } from "vitest";
import { usePostgres } from "../postgres/testkit";
import { describeDatabase } from "./migrations-kill";

const postgres = usePostgres();

const migrated = async () => {
  const database = await postgres.database();
  const settings = { database: { url: database.url }, allowContract: false, runnerVersion: "test" };
  await runMigrations({ ...settings, files: openMigrations() });
  return database;
};

it("two undisturbed runs look the same", async () => {
  const [one, other] = [await migrated(), await migrated()];
  const text = await describeDatabase(postgres.server(), one.name);
  expect(text).toContain("langgraph_ops_reader");
  expect(await describeDatabase(postgres.server(), other.name)).toBe(text);
});

it("and whatever a cut-off run could have left out is seen", async () => {
  const { name, query, adminUrl } = await migrated();
  const look = () => describeDatabase(postgres.server(), name);
  let before = await look();
  for (const change of [
    "REVOKE SELECT (status) ON public.message_queue FROM langgraph_ops_reader",
    "REVOKE EXECUTE ON FUNCTION public.claim_receipt(text, text) FROM anon",
    "CREATE OR REPLACE FUNCTION public.finish_receipt(receipt_key text, receipt_engine text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "ALTER TABLE public.webhook_receipts DISABLE ROW LEVEL SECURITY",
    "ALTER POLICY langgraph_ops_reader ON public.message_queue USING (status <> 'x')",
    "ALTER POLICY langgraph_ops_reader ON public.message_queue TO anon",
    "CREATE OR REPLACE VIEW langgraph_ops.appointment_booking_rate WITH (security_invoker = true) AS SELECT 1.0::numeric AS booking_rate, current_date AS date",
    "ALTER VIEW langgraph_ops.messages RESET (security_invoker)",
    "GRANT USAGE ON SCHEMA langgraph_ops TO anon",
    "ALTER TABLE public.webhook_receipts DROP CONSTRAINT webhook_receipts_engine_check",
    "ALTER ROLE langgraph_ops_reader LOGIN",
    "UPDATE langgraph_ops.schema_migrations SET status = 'pending' WHERE version = '20261122090100'",
    "DROP INDEX public.idx_langgraph_thread",
    "ALTER TABLE public.message_queue DROP COLUMN langgraph_run_id CASCADE",
  ]) {
    await query(change, adminUrl);
    const after = await look();
    expect([change, after === before]).toEqual([change, false]);
    before = after;
  }
});
