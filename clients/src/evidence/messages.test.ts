import { BOOKING_RATE } from "@cutover/domain/evidence/criteria";
import { beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { loadMigrations } from "../postgres/parse-folder";
import { runMigrations } from "../postgres/run";
import { readMessageEvidence } from "./messages";

const postgres = usePostgres({ seedRows: 0 });
const UNTIL = Date.now();
const SPAN = { since: UNTIL - 6 * 3_600_000, until: UNTIL };
let database: TestDatabase;
let reader: string;

interface Rows {
  readonly engine?: "node" | "python";
  readonly status?: string;
  readonly minutesAgo?: number;
  readonly seconds?: number;
  readonly booked?: boolean;
  readonly synthetic?: boolean;
}

const insert = (count: number, row: Rows) => {
  const {
    engine = "python",
    status = "completed",
    minutesAgo = 60,
    seconds = 0.5,
    booked = false,
    synthetic = false,
  } = row;
  return database.query(`INSERT INTO public.message_queue
    (location_id, contact_id, message_body, langgraph_thread_id, status, created_at, updated_at, appointment_booked, metadata)
    SELECT 'l', 'c', 'b', ${engine === "python" ? "'t'" : "NULL"}, '${status}', at, at + interval '${seconds} seconds', ${booked},
      '${synthetic ? '{"synthetic": true}' : "{}"}'
    FROM (SELECT to_timestamp(${(UNTIL - minutesAgo * 60_000) / 1000}) AS at FROM generate_series(1, ${count})) AS times`);
};

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
  await insert(55, { seconds: 0.5, booked: true });
  await insert(2, { seconds: 2.5 });
  await insert(3, { seconds: 3.5 });
  await insert(4, { status: "failed" });
  await insert(2, { status: "processing", minutesAgo: 30 });
  await insert(5, { status: "pending", minutesAgo: 2 });
  await insert(9, { status: "failed", synthetic: true });
  await insert(9, { status: "failed", minutesAgo: 7 * 60 });
  await insert(40, { engine: "node" });
  await insert(60, { engine: "node", booked: true });
});

const read = (
  more: Parameters<typeof readMessageEvidence>[2] = [],
  url = { value: reader } as Parameters<typeof readMessageEvidence>[0],
) => readMessageEvidence(url, SPAN, more);

describe("the evidence of message_queue", () => {
  it("counts Python's messages of the span: failed and left behind against them, young and synthetic ones not at all", async () => {
    const { messages } = await read();
    expect(messages).toEqual({
      value: {
        processing: { n: 55 + 2 + 3 + 4 + 2, bad: 4 + 2 },
      },
    });
  });

  it("compares business numbers of both engines over the same time", async () => {
    const { watched } = await read([BOOKING_RATE]);
    expect(watched.slice(1)).toEqual([
      { name: "booking rate", reading: { value: { python: { hits: 55, n: 64 }, node: { hits: 60, n: 100 } } } },
    ]);
  });

  it("compares the time to completion with Node's own p95 of the same time", async () => {
    // Node needs half a second for each of 100 messages; Python more than the plan's 2 s for 5 of its 60.
    expect((await read()).watched).toEqual([
      {
        name: "end to end",
        reading: { value: { python: { hits: 55, n: 60 }, node: { hits: 100, n: 100 } } },
        note: "within 2.0 s",
      },
    ]);
    // Yesterday Node needed 6 s for all but one of its messages, and that one longer.
    const yesterday = { since: SPAN.since - 86_400_000, until: UNTIL - 86_400_000 };
    const minutesAgo = 25 * 60;
    await insert(99, { engine: "node", seconds: 6, minutesAgo });
    await insert(1, { engine: "node", seconds: 9, minutesAgo });
    await insert(20, { seconds: 5.9, minutesAgo });
    await insert(3, { seconds: 6.1, minutesAgo });
    expect((await readMessageEvidence({ value: reader }, yesterday, [])).watched).toEqual([
      {
        name: "end to end",
        reading: { value: { python: { hits: 20, n: 23 }, node: { hits: 99, n: 100 } } },
        note: "within 6.0 s, Node's p95",
      },
    ]);
  });

  it("has no p95 of Node to compare with below 59 messages, and says so", async () => {
    const span = { since: UNTIL - 10_000, until: UNTIL };
    const { watched } = await readMessageEvidence({ value: reader }, span, []);
    expect(watched).toEqual([
      { name: "end to end", reading: { unavailable: expect.stringMatching(/Node finished 0 messages .* needs 59/) } },
    ]);
  });

  it("loses only the metric whose SQL fails or talks nonsense", async () => {
    const { messages, watched } = await read([
      { name: "broken", sql: "SELECT 1/0 WHERE $1::timestamptz < $2::timestamptz" },
      { name: "nonsense", sql: "SELECT 'python' AS engine, 5 AS hits, 2 AS n WHERE $1::timestamptz < $2::timestamptz" },
      BOOKING_RATE,
    ]);
    expect(messages).toHaveProperty("value");
    expect(watched.slice(1).map(({ reading }) => reading)).toEqual([
      { unavailable: expect.stringContaining("division by zero") },
      { unavailable: expect.stringContaining("hits 5 of 2") },
      { value: expect.anything() },
    ]);
  });

  it("can't be changed by a metric's SQL, even where the role could", async () => {
    const sql =
      "UPDATE public.message_queue SET status = 'failed' WHERE created_at BETWEEN $1 AND $2 RETURNING 'python' AS engine, 0 AS hits, 0 AS n";
    const { watched } = await read([{ name: "greedy", sql }], { value: database.url });
    expect(watched[1]?.reading).toEqual({ unavailable: expect.stringContaining("read-only transaction") });
  });

  it("says why there is none: no URL, no database, no views; and shows no password", async () => {
    const none = await read([BOOKING_RATE], { unavailable: "cutover:database.previewUrl is not set" });
    expect(none.messages).toEqual({ unavailable: "cutover:database.previewUrl is not set" });
    expect(none.watched[0]?.reading).toEqual(none.messages);
    const away = await read([], { value: "postgresql://reader:planted-password@127.0.0.1:1/postgres" });
    expect(away.messages).toEqual({ unavailable: expect.stringMatching(/can't be reached/) });
    expect(JSON.stringify(away)).not.toContain("planted");
    const bare = await postgres.database();
    expect((await read([], { value: bare.url })).messages).toEqual({
      unavailable: expect.stringMatching(/langgraph_ops/),
    });
  });
});
