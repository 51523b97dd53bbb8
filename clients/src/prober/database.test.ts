import { describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { loadMigrations } from "../postgres/parse-folder";
import { runMigrations } from "../postgres/run";
import { readEngineNumbers } from "./database";

const postgres = usePostgres({ seedRows: 0 });
let reader = false;

/** A migrated database without a row, and a URL of the role that may only read the views. */
async function migrated(): Promise<{ database: TestDatabase; url: string }> {
  const database = await postgres.database();
  await runMigrations({
    database: { url: database.url },
    files: await loadMigrations(),
    allowContract: false,
    runnerVersion: "test",
  });
  if (!reader) await postgres.server().createPreviewUser();
  reader = true;
  return { database, url: database.urlFor("cutover_preview") };
}

const insert = (database: TestDatabase, thread: string | null, status: string, age: string, more = "") =>
  database.query(`INSERT INTO public.message_queue
    (location_id, contact_id, message_body, langgraph_thread_id, status, created_at, updated_at, appointment_booked, metadata)
    VALUES ('l', 'c', 'b', ${thread ? `'${thread}'` : "NULL"}, '${status}', now() - interval '${age}', now(),
      ${more.includes("booked")}, '${more.includes("synthetic") ? '{"synthetic": true}' : "{}"}')`);

describe("the views' numbers", () => {
  it("are zeros for both engines while there is no message", async () => {
    const { url } = await migrated();
    const hour = { messages: 0, completed: 0, failed: 0, booked: 0 };
    expect((await readEngineNumbers(url)).sort((a, b) => (a.engine < b.engine ? -1 : 1))).toEqual([
      { engine: "node", unfinished: 0, oldestUnfinishedSeconds: 0, hour },
      { engine: "python", unfinished: 0, oldestUnfinishedSeconds: 0, hour },
    ]);
  });

  it("tell the engines apart and leave out what is synthetic or older than an hour", async () => {
    const { database, url } = await migrated();
    await insert(database, "t", "completed", "10 minutes", "booked");
    await insert(database, "t", "failed", "10 minutes");
    await insert(database, "t", "pending", "5 minutes");
    await insert(database, "t", "pending", "2 hours");
    await insert(database, "t", "completed", "3 hours");
    await insert(database, "t", "pending", "9 hours", "synthetic");
    await insert(database, null, "completed", "1 minute");
    const [node, python] = (await readEngineNumbers(url)).sort((a, b) => (a.engine < b.engine ? -1 : 1));
    expect(node).toMatchObject({ unfinished: 0, hour: { messages: 1, completed: 1, failed: 0, booked: 0 } });
    expect(python).toMatchObject({ unfinished: 2, hour: { messages: 3, completed: 1, failed: 1, booked: 1 } });
    expect(python?.oldestUnfinishedSeconds).toBeGreaterThan(7_199);
    expect(python?.oldestUnfinishedSeconds).toBeLessThan(7_300);
  });

  it("fail with a sentence where the migrations are not applied", async () => {
    const database = await postgres.database();
    await expect(readEngineNumbers(database.url)).rejects.toThrow(/langgraph_ops/);
  });

  it("fail where nothing listens, without the password", async () => {
    const failure = readEngineNumbers("postgresql://reader:planted-password@127.0.0.1:1/postgres");
    await expect(failure).rejects.toThrow(/can't be reached/);
    await expect(failure).rejects.not.toThrow(/planted/);
  });
});
