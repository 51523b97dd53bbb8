import { runMigrations } from "@cutover/clients/postgres/run";
import { openMigrations } from "@cutover/clients/postgres/source";
import type { RequeueSituation } from "@cutover/domain/requeue";
import { describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../rehearsal/postgres/testkit";
import { requeueCommand } from "./requeue";

const postgres = usePostgres();

const ROLLED_BACK: RequeueSituation = { killSwitch: "node", share: 50 };

async function migrated(): Promise<TestDatabase> {
  const database = await postgres.database();
  const { url } = database;
  await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
  return database;
}

/** A row of Python's that was accepted and last changed so many minutes ago. */
function insert({ query }: TestDatabase, key: string, status: string, minutes: number, metadata = "{}") {
  return query(
    `INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, status, created_at, updated_at,
                                langgraph_thread_id, workflow_state, metadata)
     VALUES ('l', 'c', '${key}', 'price?', '${status}', now() - interval '2 hours', now() - interval '${minutes} minutes',
             'ghl:l:c', '{"step": "running", "claim": "token"}', '${metadata}')`,
  );
}

async function call(
  database: Pick<TestDatabase, "url">,
  args: string[],
  traffic: RequeueSituation | Error = ROLLED_BACK,
  more: Record<string, string> = {},
) {
  const written: string[] = [];
  const env = { AWS_REGION: "eu-central-1", CUTOVER_DATABASE_URL: database.url, ...more };
  const io = { write: (text: string) => void written.push(text), env };
  const code = await requeueCommand(["--stack", "prod", ...args], io, {
    traffic: async () => {
      if (traffic instanceof Error) throw traffic;
      return traffic;
    },
  });
  return { code, text: written.join("") };
}

const rows = ({ query }: TestDatabase) =>
  query<{ key: string; status: string; thread: string | null; state: Record<string, unknown> }>(
    `SELECT ghl_message_id AS key, status, langgraph_thread_id AS thread, workflow_state AS state FROM message_queue
      WHERE workflow_state IS NOT NULL ORDER BY ghl_message_id`,
  );

/** Stands for a Node that polls: takes what it owns, again and again, until the command has ended. */
async function withPollingNode<T>(database: TestDatabase, run: () => Promise<T>): Promise<T> {
  const node = await database.session(database.url, "node");
  let ended = false;
  const polling = (async () => {
    while (!ended) {
      await node.query(
        "UPDATE message_queue SET status = 'completed' WHERE status = 'pending' AND langgraph_thread_id IS NULL",
      );
      await node.query("SELECT pg_sleep(0.02)");
    }
  })();
  try {
    return await run();
  } finally {
    ended = true;
    await polling;
  }
}

describe("cutover requeue", () => {
  it("only lists without --yes: what it would hand over, and what it would leave", async () => {
    const database = await migrated();
    await insert(database, "old-pending", "pending", 60);
    await insert(database, "old-processing", "processing", 11);
    await insert(database, "in-work", "processing", 0);
    await insert(database, "done", "completed", 60);
    const { code, text } = await call(database, []);
    expect(code).toBe(2);
    expect(text).toMatch(/not finished: 3/);
    expect(text).toMatch(/old-pending {2}pending, accepted 72\d\d s ago, unchanged for 36\d\d s/);
    expect(text).toMatch(/Left to Python, changed less than 600 s ago: 1\./);
    expect(text).toMatch(/Would hand 2 to Node. Nothing was done/);
    expect((await rows(database)).filter(({ thread }) => thread === null)).toEqual([]);
  });

  it("hands over what nobody works on, and a task that only slept can't finish it any more", async () => {
    const database = await migrated();
    await insert(database, "old-pending", "pending", 60);
    await insert(database, "old-processing", "processing", 11);
    await insert(database, "in-work", "processing", 1);
    await insert(database, "probe", "pending", 60, '{"synthetic": true}');
    const { code, text } = await withPollingNode(database, () => call(database, ["--yes"]));
    expect({ code, text }).toEqual({
      code: 0,
      text: expect.stringMatching(/Handed to Node: 2\.[\s\S]*Node has begun with all/),
    });
    expect((await rows(database)).map(({ key, status, thread }) => [key, status, thread])).toEqual([
      ["in-work", "processing", "ghl:l:c"],
      ["old-pending", "completed", null],
      ["old-processing", "completed", null],
      ["probe", "pending", "ghl:l:c"],
    ]);
    expect((await rows(database))[2]?.state).toMatchObject({ step: "running", handedOver: { thread: "ghl:l:c" } });
    expect((await rows(database))[2]?.state).not.toHaveProperty("claim");
  });

  it("says where Node does not begin, and gives back what it did not begin", async () => {
    const database = await migrated();
    await insert(database, "old-pending", "pending", 120);
    // On a rehearsal's clock half a minute passes in 50 ms.
    const fast = { CUTOVER_CLOCK: `${Date.now()},600` };
    const { code, text } = await call(database, ["--yes"], ROLLED_BACK, fast);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringMatching(/After 30 s 1 still wait for Node/) });
    expect(await call(database, ["--give-back"])).toMatchObject({
      code: 2,
      text: expect.stringMatching(/Would make 1/),
    });
    expect((await rows(database))[0]).toMatchObject({ status: "pending", thread: null });
    expect(await call(database, ["--give-back", "--yes"])).toEqual({
      code: 0,
      text: "Python's again: 1.\n  old-pending\n",
    });
    expect((await rows(database))[0]).toMatchObject({
      status: "pending",
      thread: "ghl:l:c",
      state: { step: "running" },
    });
    expect(await call(database, ["--give-back", "--yes"])).toMatchObject({ code: 0, text: "Python's again: 0.\n" });
  });

  it("leaves a row that a task has locked, and does not wait for it", async () => {
    const database = await migrated();
    await insert(database, "locked", "pending", 60);
    const task = await database.session(database.url, "python");
    await task.query("BEGIN; SELECT FROM message_queue WHERE ghl_message_id = 'locked' FOR UPDATE");
    expect(await call(database, ["--yes"])).toMatchObject({
      code: 0,
      text: expect.stringContaining("Handed to Node: 0."),
    });
    await task.query("ROLLBACK");
    expect((await rows(database))[0]?.thread).toBe("ghl:l:c");
  });

  it.each([
    [{ killSwitch: "off", share: 50 }, /Refused: Python gets 50 %/],
    [{ killSwitch: "hold", share: 50 }, /Refused: The kill switch is "hold"/],
  ] as const)("refuses while %o, and changes nothing", async (traffic, why) => {
    const database = await migrated();
    await insert(database, "old-pending", "pending", 60);
    expect(await call(database, ["--yes"], traffic)).toMatchObject({ code: 1, text: expect.stringMatching(why) });
    expect(await call(database, [], traffic)).toMatchObject({
      code: 2,
      text: expect.stringMatching(/would be refused/),
    });
    expect((await rows(database))[0]?.thread).toBe("ghl:l:c");
  });

  it("does nothing where AWS can't say where messages go", async () => {
    const database = await migrated();
    await insert(database, "old-pending", "pending", 60);
    const { code, text } = await call(database, ["--yes"], new Error("AccessDenied"));
    expect({ code, text }).toEqual({ code: 3, text: "AccessDenied\nNothing was changed.\n" });
    expect((await rows(database))[0]?.thread).toBe("ghl:l:c");
  });

  it("has nothing to do where Python has finished everything", async () => {
    const database = await migrated();
    expect(await call(database, [])).toMatchObject({ code: 0, text: expect.stringMatching(/finished everything/) });
    expect(await call(database, ["--yes", "--json"])).toMatchObject({
      code: 0,
      text: expect.stringMatching(/"handedOver":\[\]/),
    });
  });

  it("says so where the migrations were never applied", async () => {
    const database = await postgres.database();
    expect(await call(database, ["--yes"])).toMatchObject({
      code: 3,
      text: expect.stringMatching(/have not been applied/),
    });
  });

  it.each([["--older-than", "59s"], ["--older-than", "soon"], ["--older-than", "0m"], ["--force"]])(
    "does not take %s %s",
    async (...args) => {
      expect(await call({ url: "postgresql://u:p@127.0.0.1:1/x" }, args)).toMatchObject({ code: 2 });
    },
  );

  it("wants the URL by environment, and never shows it", async () => {
    const written: string[] = [];
    const io = { write: (text: string) => void written.push(text), env: { AWS_REGION: "eu-central-1" } };
    expect(await requeueCommand(["--stack", "prod"], io, { traffic: async () => ROLLED_BACK })).toBe(2);
    expect(written.join("")).toMatch(/CUTOVER_DATABASE_URL/);
    const failed = await call({ url: "postgresql://u:pl4nted-secret@127.0.0.1:1/x" }, ["--yes"]);
    expect(failed).toMatchObject({ code: 3, text: expect.stringMatching(/127\.0\.0\.1:1 can't be reached/) });
    expect(failed.text).not.toContain("pl4nted");
  });
});
