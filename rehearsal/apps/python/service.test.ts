import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait";
import { type App, appPython, Bench, message, SECRET } from "../testkit";

/** De-duplication for both engines, as `make rehearse` and production have it; one message is known to it already. */
const RECEIPTS = readFileSync(join(__dirname, "../../../migrations/20261122090500_webhook_receipts.sql"), "utf8");
const KNOWN = "INSERT INTO public.webhook_receipts (key, engine) VALUES ('receipt-known', 'node')";

let bench: Bench;
let app: App;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.postgres.query(bench.postgres.url, `${RECEIPTS};\n${KNOWN}`);
  app = await bench.start("python", { WEBHOOK_SECRET: "next", WEBHOOK_SECRET_PREVIOUS: SECRET });
});
afterAll(() => bench?.stop());

it("passes its own unit tests (python -m unittest)", async () => {
  const run = promisify(execFile);
  const { stderr } = await run(appPython(), ["-m", "unittest", "discover", "-s", "tests", "-t", "."], {
    cwd: __dirname,
    env: { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect(stderr).toMatch(/Ran [1-9]\d* tests?[\s\S]*OK/);
});

describe("x-webhook-secret", () => {
  it("is required, of probes too, and both secrets hold during a rotation", async () => {
    const status = async (secret: string | null, headers: Record<string, string> = {}) =>
      (await app.send(message(`s-${secret}`), { secret, headers })).status;
    expect(await status("next")).toBe(200);
    expect(await status(SECRET)).toBe(200);
    expect(await status("wrong")).toBe(401);
    expect(await status("")).toBe(401);
    expect(await status(null)).toBe(401);
    expect(await status(null, { "x-cutover-synthetic": "p" })).toBe(401);
    expect((await bench.completed("s-", 2)).map((row) => row.key)).toEqual(["s-next", `s-${SECRET}`]);
  });

  it("is refused once the rotation is over", async () => {
    const later = await bench.start("python", { WEBHOOK_SECRET: "next" });
    expect((await later.send(message("old"), { secret: SECRET })).status).toBe(401);
    expect(await bench.rows("old")).toEqual([]);
    await later.process.stop();
  });
});

describe("accepting", () => {
  it("takes a message without an id once a minute, by contact and text", async () => {
    const anonymous = { contactId: "anon", body: "price?" };
    const sent = await Promise.all([
      app.send(anonymous),
      app.send(anonymous),
      app.send({ ...anonymous, body: "help" }),
    ]);
    expect(sent.map((one) => one.status)).toEqual([200, 200, 200]);
    // Two, or three when the minute changed between the first two.
    const keys = (await bench.rows("h:")).map((row) => row.key);
    expect(keys.length === 2 || keys.length === 3).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("claims and finishes a receipt with the row, and takes no message that has one already", async () => {
    const { postgres } = bench;
    expect((await app.send(message("receipt-new"))).body).toMatchObject({ duplicate: false });
    expect((await app.send(message("receipt-known"))).body).toMatchObject({ duplicate: true });
    expect((await bench.completed("receipt-", 1))[0]?.key).toBe("receipt-new");
    const receipts = await postgres.query(
      postgres.adminUrl,
      "SELECT key, engine, done_at IS NOT NULL AS done FROM webhook_receipts WHERE key LIKE 'receipt-%' ORDER BY key",
    );
    expect(receipts).toEqual([
      { key: "receipt-known", engine: "node", done: false },
      { key: "receipt-new", engine: "python", done: true },
    ]);
  });

  it("answers 503 and stores nothing while it can't write, and fails the probe", async () => {
    await bench.postgres.query(bench.postgres.url, "ALTER TABLE message_queue RENAME COLUMN langgraph_run_id TO gone");
    try {
      expect(await app.send(message("unstored"))).toMatchObject({ status: 503, servedBy: "python" });
      expect((await app.send(message("x"), { headers: { "x-cutover-synthetic": "p" } })).status).toBe(503);
      expect(app.events("message_processed").filter((event) => event.synthetic)).toEqual([
        expect.objectContaining({ outcome: "failed", messageId: "p" }),
      ]);
    } finally {
      await bench.postgres.query(
        bench.postgres.url,
        "ALTER TABLE message_queue RENAME COLUMN gone TO langgraph_run_id",
      );
    }
    expect(await bench.rows("unstored")).toEqual([]);
  });
});

describe("conversations", () => {
  it("stay with their agent: the thread of a contact remembers", async () => {
    await app.send(message("talk-1", "What is the price?", "talker"));
    await bench.completed("talk-", 1);
    await app.send(message("talk-2", "yes please", "talker"));
    await app.send(message("talk-3", "yes please", "someone else"));
    const rows = await bench.completed("talk-", 3);
    expect(rows.map((row) => [row.agent, row.thread])).toEqual([
      ["sales", "ghl:loc_test:talker"],
      ["sales", "ghl:loc_test:talker"],
      ["support", "ghl:loc_test:someone else"],
    ]);
  });
});

it("gives up a message that kills its task again and again, instead of trying for ever", async () => {
  await bench.postgres.query(
    bench.postgres.url,
    `INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, status, retry_count,
                                langgraph_thread_id, created_at, updated_at)
     VALUES ('l', 'c', 'poison', 'x', 'processing', 4, 't', now() - interval '1 hour', now() - interval '1 hour')`,
  );
  await waitFor(async () => (await bench.rows("poison"))[0]?.status === "failed", {
    what: "the message to be given up",
    deadlineMs: 5000,
  });
  await waitFor(() => app.events("message_processed").some((e) => e.messageId === "poison" && e.outcome === "failed"), {
    what: "its event",
    deadlineMs: 3000,
  });
});

/** Processor time a process has used so far, in seconds. */
function cpuSeconds(pid: number): number {
  if (process.platform === "linux") {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100; // user and system time in clock ticks
  }
  const time = execFileSync("ps", ["-o", "cputime=", "-p", String(pid)], { encoding: "utf8" }).trim();
  return time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

// Processor time, because a busy machine stretches everything else: 300 messages must not need the 5 s of one core that
// 60 messages a second would leave them.
it("accepts and completes 60 messages a second on one core", async () => {
  const count = 300;
  const before = cpuSeconds(app.process.pid ?? 0);
  for (let n = 0; n < count; n += 20) {
    const batch = Array.from({ length: 20 }, (_, i) => app.send(message(`rate-${n + i}`, "book", `contact-${i}`)));
    expect((await Promise.all(batch)).filter((one) => one.status !== 200)).toEqual([]);
  }
  await bench.completed("rate-", count);
  expect(cpuSeconds(app.process.pid ?? 0) - before).toBeLessThan(count / 60);
});

it("locks every package by hash and names no index", () => {
  const lock = readFileSync(join(__dirname, "requirements.lock"), "utf8");
  expect(lock.match(/^langgraph==\S+/m)?.[0]).toBe("langgraph==1.2.22");
  expect(lock.match(/index-url|https?:\/\//g)).toBeNull();
  const packages = lock.split("\n").filter((line) => /^[a-z0-9]/i.test(line));
  expect(packages.length).toBeGreaterThan(20);
  expect(lock.match(/\\\n {4}--hash=sha256:/g)?.length ?? 0).toBeGreaterThanOrEqual(packages.length);
});
