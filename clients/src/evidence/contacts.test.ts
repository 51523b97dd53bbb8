import { beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { loadMigrations } from "../postgres/parse-folder";
import { runMigrations } from "../postgres/run";
import { readContacts } from "./contacts";

const postgres = usePostgres({ seedRows: 0 });
const UNTIL = Date.now();
const SPAN = { since: UNTIL - 6 * 3_600_000, until: UNTIL };
let database: TestDatabase;
let reader: string;

const insert = (contact: string, engine: "node" | "python", minutesAgo = 60, synthetic = false) =>
  database.query(`INSERT INTO public.message_queue
    (location_id, contact_id, message_body, langgraph_thread_id, status, created_at, updated_at, metadata)
    SELECT 'l', '${contact}', 'b', ${engine === "python" ? "'t'" : "NULL"}, 'completed', at, at,
      '${synthetic ? '{"synthetic": true}' : "{}"}'
    FROM (SELECT to_timestamp(${(UNTIL - minutesAgo * 60_000) / 1000}) AS at) AS time`);

beforeAll(async () => {
  database = await postgres.database();
  await runMigrations({
    database: { url: database.url },
    files: await loadMigrations(),
    allowContract: false,
    runnerVersion: "test",
  });
  await postgres.server().createPreviewUser();
  reader = database.urlFor("cutover_preview");
  // At 10 % Python's are those that end in x, y, z, and in w after x, y or z; regardless of case.
  for (const contact of ["1aZ", "2bx", "3zw", "4YW"]) await insert(contact, "python");
  await insert("1aZ", "python", 30);
  for (const contact of ["5aw", "6a9", "7aA"]) await insert(contact, "node");
  await insert("8ay", "node");
  await insert("9ab", "node");
  await insert("9ab", "python");
  await insert("0aa", "python", 7 * 60);
  await insert("probe", "python", 60, true);
  await insert("", "node");
});

describe("the contacts of a span", () => {
  it("are counted once, by who served them, and against who should have", async () => {
    expect(await readContacts({ value: reader }, 10, SPAN)).toEqual({
      value: { n: 9, python: 5, both: 1, strangers: 1 },
    });
  });

  it("are all Node's at 0 % and all Python's at 100 %", async () => {
    expect(await readContacts({ value: reader }, 0, SPAN)).toMatchObject({ value: { strangers: 5 } });
    expect(await readContacts({ value: reader }, 100, SPAN)).toMatchObject({ value: { strangers: 0 } });
  });

  it("are not known without a URL, and the reason names no password", async () => {
    expect(await readContacts({ unavailable: "not set" }, 10, SPAN)).toEqual({ unavailable: "not set" });
    const wrong = new URL(reader);
    wrong.password = "planted-wrong-password";
    const read = await readContacts({ value: wrong.toString() }, 10, SPAN);
    expect(read).toEqual({ unavailable: expect.any(String) });
    expect(JSON.stringify(read)).not.toContain("planted-wrong-password");
  });
});
