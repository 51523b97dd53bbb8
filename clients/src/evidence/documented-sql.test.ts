import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { usePostgres } from "../../../rehearsal/postgres/testkit";
import { loadMigrations } from "../postgres/parse-folder";
import { runMigrations } from "../postgres/run";
import { readMessageEvidence } from "./messages";

const postgres = usePostgres({ seedRows: 0 });
const UNTIL = Date.now();

/** The examples of docs/gate.md: qualification, then satisfaction. */
const documented = () => {
  const page = readFileSync(join(__dirname, "../../../docs/gate.md"), "utf8");
  return [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = ""]) => sql);
};

it("the documented business metrics count what they say, as the read-only role", async () => {
  const database = await postgres.database();
  await database.query("ALTER TABLE public.message_queue ADD COLUMN IF NOT EXISTS lead_qualified boolean");
  const files = await loadMigrations();
  await runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test" });
  await postgres.server().createPreviewUser();
  await database.query("CREATE TABLE public.survey (contact_id text, score int, created_at timestamptz)");
  await database.query("GRANT SELECT ON public.survey TO langgraph_ops_reader");
  const insert = (
    engine: "node" | "python",
    contact: string,
    qualified: "true" | "false" | "NULL",
    minutesAgo: number,
  ) =>
    database.query(`INSERT INTO public.message_queue
      (location_id, contact_id, message_body, langgraph_thread_id, status, created_at, updated_at, lead_qualified)
      VALUES ('l', '${contact}', 'b', ${engine === "python" ? "'t'" : "NULL"}, 'completed',
        now() - interval '${minutesAgo} minutes', now(), ${qualified})`);
  // Ann was with Node first and with Python last; Bob with Node only; of Cid nobody knows whether he is qualified.
  await insert("node", "ann", "false", 50);
  await insert("python", "ann", "true", 40);
  await insert("node", "bob", "true", 40);
  await insert("python", "cid", "NULL", 40);
  await database.query(`INSERT INTO public.survey VALUES
    ('ann', 5, now() - interval '10 minutes'), ('ann', 2, now() - interval '9 minutes'), ('bob', 4, now() - interval '9 minutes'),
    ('eve', 5, now() - interval '9 minutes')`);

  const [qualification = "", satisfaction = "", ...others] = documented();
  expect(others).toEqual([]);
  const business = [
    { name: "qualification", sql: qualification },
    { name: "satisfaction", sql: satisfaction },
  ];
  const span = { since: UNTIL - 3_600_000, until: UNTIL + 60_000 };
  const { watched } = await readMessageEvidence({ value: database.urlFor("cutover_preview") }, span, business);
  expect(watched.slice(1)).toEqual([
    { name: "qualification", reading: { value: { python: { hits: 1, n: 1 }, node: { hits: 1, n: 2 } } } },
    { name: "satisfaction", reading: { value: { python: { hits: 1, n: 2 }, node: { hits: 1, n: 1 } } } },
  ]);
});
