import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { waitFor } from "../support/wait";
import { Bench, type Engine, message, SECRET } from "./testkit";

const ENGINES = ["node", "python"] as const satisfies readonly Engine[];

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench?.stop());
afterEach(() => bench?.stopApps());

describe.each(ENGINES)("the %s service", (engine) => {
  const id = (name: string) => `${engine}-${name}`;

  it("accepts with a row that is its own from the start, answers once, and tells it in events", async () => {
    const app = await bench.start(engine);
    const first = await app.send(message(id("a")));
    expect(first).toMatchObject({ status: 200, servedBy: engine, body: { accepted: true, duplicate: false } });
    const again = await app.send(message(id("a"), "another text"));
    expect(again).toMatchObject({ status: 200, body: { duplicate: true } });
    await app.send(message(id("a2"), "What does it cost?"));
    const rows = await bench.completed(id("a"), 2);
    expect(rows.map((row) => [row.key, row.agent, row.booked])).toEqual([
      [id("a"), "booking", true],
      [id("a2"), "sales", false],
    ]);
    expect(rows.every((row) => (row.thread !== null) === (engine === "python"))).toBe(true);
    const events = await waitFor(() => app.events("message_processed").length === 2 && app.events(), {
      what: "two processed events",
      deadlineMs: 3000,
    });
    const own = { engine, messageId: id("a"), synthetic: false };
    expect(events).toContainEqual(
      expect.objectContaining({ ...own, event: "agent_routed", agent: "booking", outcome: "ok" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ ...own, event: "appointment_booking", outcome: "booked" }));
    expect(events).toContainEqual(
      expect.objectContaining({
        ...own,
        event: "message_processed",
        outcome: "completed",
        latencyMs: expect.any(Number),
      }),
    );
  });

  it("answers a probe through everything but leaves no row", async () => {
    const app = await bench.start(engine);
    const answer = await app.send(message(id("probe")), { headers: { "x-cutover-synthetic": "probe-1" } });
    expect(answer).toMatchObject({ status: 200, servedBy: engine, body: { synthetic: true, agent: "booking" } });
    expect(await bench.rows(id("probe"))).toEqual([]);
    const events = app.events().filter((event) => event.messageId === "probe-1");
    expect(events.map((event) => [event.event, event.synthetic])).toEqual([
      ["agent_routed", true],
      ["appointment_booking", true],
      ["message_processed", true],
    ]);
  });

  it("completes after kill -9 what it had accepted, never leaving it to the other engine", async () => {
    const slow = join(bench.folder, `${engine}-slow.json`);
    writeFileSync(slow, JSON.stringify({ kind: "slow", share: 1 }));
    const other = await bench.start(engine === "node" ? "python" : "node");
    const dying = await bench.start(engine, { REHEARSAL_FAULT_FILE: slow });
    const accepted = Array.from({ length: 10 }, (_, n) => dying.send(message(id(`k${n}`))).catch(() => undefined));
    await waitFor(async () => (await bench.rows(id("k"))).filter((row) => row.status === "processing").length === 10, {
      what: "ten rows in work",
      deadlineMs: 5000,
    });
    dying.process.kill();
    await dying.process.exit;
    await Promise.all(accepted);
    const heir = await bench.start(engine);
    await bench.completed(id("k"), 10, 15_000);
    const processed = (events: Record<string, unknown>[]) => events.map((event) => String(event.messageId)).sort();
    await waitFor(() => heir.events("message_processed").length === 10, { what: "ten events", deadlineMs: 3000 });
    expect(processed(heir.events("message_processed"))).toEqual(Array.from({ length: 10 }, (_, n) => id(`k${n}`)));
    expect(other.events("message_processed")).toEqual([]);
  });

  it("loses nothing when it is stopped under load, and ends with 0 in time", async () => {
    const app = await bench.start(engine, { SHUTDOWN_LINGER_SECONDS: "0.2" });
    const accepted = new Set<string>();
    let refused = 0;
    let sending = true;
    const sender = async (worker: number) => {
      for (let n = 0; sending; n++) {
        const key = id(`t${worker}-${n}`);
        await app.send(message(key)).then(
          (sent) => sent.status === 200 && accepted.add(key),
          () => {
            refused += 1;
            sending = false;
          },
        );
      }
    };
    const senders = Promise.all(Array.from({ length: 8 }, (_, worker) => sender(worker)));
    await waitFor(() => accepted.size >= 40, { what: "load", deadlineMs: 10_000 });
    const began = performance.now();
    const stopped = app.process.stop(10_000);
    await senders;
    await stopped;
    expect(await app.process.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(refused).toBeGreaterThan(0);
    const rows = await bench.rows(id("t"));
    expect(rows.filter((row) => row.status === "processing")).toEqual([]);
    expect([...accepted].filter((key) => !rows.some((row) => row.key === key))).toEqual([]);
    await bench.start(engine);
    await bench.completed(id("t"), rows.length);
  });

  it("returns messages in work to pending when they would outlast the stop", async () => {
    const slow = join(bench.folder, `${engine}-slow.json`);
    writeFileSync(slow, JSON.stringify({ kind: "none", share: 1 }));
    const app = await bench.start(engine, {
      REHEARSAL_FAULT_FILE: slow,
      SHUTDOWN_LINGER_SECONDS: "0",
      SHUTDOWN_DRAIN_SECONDS: "0.2",
    });
    writeFileSync(slow, JSON.stringify({ kind: "slow", share: 1 }));
    const answer = app.send(message(id("r"))).catch(() => undefined);
    await waitFor(async () => (await bench.rows(id("r")))[0]?.status === "processing", {
      what: "a row in work",
      deadlineMs: 5000,
    });
    await app.process.stop(10_000);
    await answer;
    expect(await app.process.exit).toEqual({ code: 0, signal: null });
    expect((await bench.rows(id("r"))).map((row) => row.status)).toEqual(["pending"]);
    expect(app.events("worker_stopped")).toContainEqual(expect.objectContaining({ returned: 1 }));
    await bench.start(engine);
    await bench.completed(id("r"), 1);
  });

  it("answers 503 above its capacity and stores nothing for it", async () => {
    const app = await bench.start(engine, { REHEARSAL_MAX_CONCURRENT: "2", REHEARSAL_WORK_MS: "400" });
    const sent = await Promise.all(Array.from({ length: 6 }, (_, n) => app.send(message(id(`c${n}`)))));
    expect(sent.map((one) => one.status).sort()).toEqual([200, 200, 503, 503, 503, 503]);
    expect(new Set(sent.map((one) => one.servedBy))).toEqual(new Set([engine]));
    expect(await app.health()).toBe(200);
    await bench.completed(id("c"), 2);
  });

  it("shows each fault as the switch says, and none when the file is gone", async () => {
    const file = join(bench.folder, `${engine}-fault.json`);
    const set = (kind: string) => writeFileSync(file, JSON.stringify({ kind, share: 1 }));
    const app = await bench.start(engine, { REHEARSAL_FAULT_FILE: file });
    expect((await app.send(message(id("f-none")))).status).toBe(200);
    set("5xx");
    expect(await app.send(message(id("f-5xx")))).toMatchObject({ status: 500, servedBy: engine });
    expect(await app.health()).toBe(200);
    set("hang");
    await expect(app.send(message(id("f-hang")), { signal: AbortSignal.timeout(700) })).rejects.toThrow(/timeout/i);
    set("routing");
    expect((await app.send(message(id("f-routing")))).status).toBe(200);
    await waitFor(() => app.events("agent_routed").some((event) => event.outcome === "failed"), {
      what: "a failed routing",
      deadlineMs: 3000,
    });
    set("booking");
    expect((await app.send(message(id("f-booking")))).status).toBe(200);
    await waitFor(() => app.events("appointment_booking").some((event) => event.outcome === "failed"), {
      what: "a failed booking",
      deadlineMs: 3000,
    });
    const rows = await bench.completed(id("f"), 3);
    expect(rows.map((row) => [row.key, row.agent, row.booked])).toEqual([
      [id("f-none"), "booking", true],
      [id("f-routing"), "sales", false],
      [id("f-booking"), "booking", false],
    ]);
  });

  it("refuses to start without its environment and names what is missing, never a value", async () => {
    const start = bench.start(engine, { OPENAI_API_KEY: "", GHL_CALENDAR_ID: "", PORT: "eighty" });
    await expect(start).rejects.toThrow(/healthy/);
    const app = bench.apps.at(-1);
    expect(await app?.process.exit).toMatchObject({ code: 1 });
    const log = app?.process.tail(20) ?? "";
    expect(log).toMatch(/OPENAI_API_KEY is not set/);
    expect(log).toMatch(/GHL_CALENDAR_ID is not set/);
    expect(log).toMatch(/PORT: found .eighty.*expected a number/);
    expect(log).not.toContain(SECRET);
    expect(log).not.toContain(bench.postgres.appUrl);
  });
});

it("keeps the two engines apart on one table under load", async () => {
  const apps = await Promise.all(ENGINES.map((engine) => bench.start(engine)));
  const each = 100;
  const sent = await Promise.all(
    apps.flatMap((app) => Array.from({ length: each }, (_, n) => app.send(message(`both-${app.engine}-${n}`)))),
  );
  expect(sent.filter((one) => one.status !== 200)).toEqual([]);
  const rows = await bench.completed("both-", 2 * each, 15_000);
  expect(rows.filter((row) => (row.thread !== null) !== row.key?.startsWith("both-python"))).toEqual([]);
  for (const app of apps) {
    await waitFor(() => app.events("message_processed").length === each, { what: "events", deadlineMs: 3000 });
    const strangers = app.events("message_processed").filter((event) => !String(event.messageId).includes(app.engine));
    expect(strangers).toEqual([]);
  }
});

it("lets Node finish what is handed over to it by clearing the thread id", async () => {
  const sql = `INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, langgraph_thread_id)
               VALUES ('loc_test', 'c', 'requeue', 'price?', 'ghl:loc_test:c')`;
  await bench.postgres.query(bench.postgres.url, sql);
  const node = await bench.start("node");
  await node.send(message("requeue-other"));
  await bench.completed("requeue-other", 1);
  expect((await bench.rows("requeue"))[0]?.status).toBe("pending");
  await bench.postgres.query(
    bench.postgres.url,
    "UPDATE message_queue SET langgraph_thread_id = NULL WHERE ghl_message_id = 'requeue'",
  );
  await bench.completed("requeue", 2);
});

describe("in rehearsal time", () => {
  let scaled: Bench;
  beforeAll(async () => {
    scaled = await Bench.start({ clock: new RehearsalClock({ originMs: Date.now() - 60_000 }) });
  });
  afterAll(() => scaled?.stop());

  it.each(ENGINES)("%s records rehearsal moments and real durations", async (engine) => {
    const app = await scaled.start(engine);
    const clock = scaled.clock as RehearsalClock;
    const before = clock.now();
    await app.send(message(`${engine}-clock`));
    const [row] = await scaled.completed(`${engine}-clock`, 1);
    expect(row?.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(row?.created.getTime()).toBeLessThanOrEqual(clock.now());
    expect(row?.seconds).toBeLessThan(5);
    const event = await waitFor(() => app.events("message_processed")[0], { what: "the event", deadlineMs: 3000 });
    expect(event.latencyMs).toBeLessThan(5000);
    expect(Date.parse(String(event.time))).toBeGreaterThanOrEqual(before);
  });
});
