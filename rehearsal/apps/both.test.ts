import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { handOver, waitingForNode } from "@cutover/clients/postgres/requeue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { waitFor } from "../support/wait";
import { type App, Bench, type Engine, message, SECRET } from "./testkit";

const ENGINES = ["node", "python"] as const satisfies readonly Engine[];

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench?.stop());

/** A fault switch of its own, off. */
function faultSwitch(name: string): { file: string; set: (kind: string) => void } {
  const file = join(bench.folder, `${name}.json`);
  const set = (kind: string) => writeFileSync(file, JSON.stringify({ kind, share: 1 }));
  set("none");
  return { file, set };
}

describe.each(ENGINES)("the %s service", (engine) => {
  const id = (name: string) => `${engine}-${name}`;
  let app: App;
  let fault: ReturnType<typeof faultSwitch>;
  beforeAll(async () => {
    fault = faultSwitch(`${engine}-shared`);
    app = await bench.start(engine, { REHEARSAL_FAULT_FILE: fault.file, REHEARSAL_MAX_CONCURRENT: "4" });
  });
  afterAll(() => bench.stopApps());

  it("accepts with a row that is its own from the start, answers once, and tells it in events", async () => {
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
    for (const expected of [
      { ...own, event: "agent_routed", agent: "booking", outcome: "ok" },
      { ...own, event: "appointment_booking", outcome: "booked" },
      { ...own, event: "message_processed", outcome: "completed", latencyMs: expect.any(Number) },
    ]) {
      expect(events).toContainEqual(expect.objectContaining(expected));
    }
  });

  it("takes up its own rows, pending or left behind by a dead task, and none of the other engine", async () => {
    const insert = `INSERT INTO message_queue (location_id, contact_id, message_body, created_at, updated_at, ghl_message_id,
                                               status, langgraph_thread_id)
                    SELECT 'l', 'c', 'help', now() - interval '1 hour', now() - interval '1 hour',
                           $1 || owner || '-' || status, status, CASE WHEN owner = 'python' THEN 'ghl:l:c' END
                      FROM unnest(ARRAY['node', 'python']) owner, unnest(ARRAY['pending', 'processing']) status`;
    await bench.postgres.query(bench.postgres.url, insert, [id("own-")]);
    await bench.completed(id(`own-${engine}`), 2);
    const others = await bench.rows(id(`own-${engine === "node" ? "python" : "node"}`));
    expect(others.map((row) => row.status).sort()).toEqual(["pending", "processing"]);
    await bench.postgres.query(bench.postgres.url, "DELETE FROM message_queue WHERE ghl_message_id LIKE $1", [
      id("own-%"),
    ]);
  });

  it("answers a probe through everything but leaves no row", async () => {
    const answer = await app.send(message(id("probe")), { headers: { "x-cutover-synthetic": "probe-1" } });
    expect(answer).toMatchObject({ status: 200, servedBy: engine, body: { synthetic: true, agent: "booking" } });
    const empty = await app.send("", { headers: { "x-cutover-synthetic": "probe-2" } });
    expect(empty).toMatchObject({ status: 200, body: { synthetic: true, agent: "support" } });
    const rows = await bench.postgres.query(bench.postgres.adminUrl, "SELECT contact_id FROM message_queue");
    expect(rows).not.toContainEqual({ contact_id: "cutover-probe" });
    expect(await bench.rows(id("probe"))).toEqual([]);
    const events = app.events().filter((event) => event.messageId === "probe-1");
    expect(events.map((event) => [event.event, event.synthetic])).toEqual([
      ["agent_routed", true],
      ["appointment_booking", true],
      ["message_processed", true],
    ]);
  });

  it("shows each fault as the switch says", async () => {
    fault.set("5xx");
    expect(await app.send(message(id("f-5xx")))).toMatchObject({ status: 500, servedBy: engine });
    expect(await app.health()).toBe(200);
    fault.set("routing");
    expect((await app.send(message(id("f-routing")))).status).toBe(200);
    await waitFor(() => app.events("agent_routed").some((event) => event.outcome === "failed"), {
      what: "a failed routing",
      deadlineMs: 3000,
    });
    fault.set("booking");
    expect((await app.send(message(id("f-booking")))).status).toBe(200);
    await waitFor(() => app.events("appointment_booking").some((event) => event.outcome === "failed"), {
      what: "a failed booking",
      deadlineMs: 3000,
    });
    rmSync(fault.file);
    expect((await app.send(message(id("f-none")))).status).toBe(200);
    const rows = await bench.completed(id("f"), 3);
    expect(rows.map((row) => [row.key, row.agent, row.booked])).toEqual([
      [id("f-routing"), "sales", false],
      [id("f-booking"), "booking", false],
      [id("f-none"), "booking", true],
    ]);
  });

  it("does not write over the result of a task that has taken the row over", async () => {
    fault.set("slow");
    const answer = app.send(message(id("late")));
    await waitFor(async () => (await bench.rows(id("late")))[0]?.status === "processing", {
      what: "a row in work",
      deadlineMs: 5000,
    });
    await bench.postgres.query(
      bench.postgres.url,
      "UPDATE message_queue SET status = 'completed', processed_by_agent = 'another task' WHERE ghl_message_id = $1",
      [id("late")],
    );
    fault.set("none");
    await waitFor(() => app.events("claim_lost").length === 1, { what: "the claim to be lost", deadlineMs: 8000 });
    expect((await bench.rows(id("late")))[0]?.agent).toBe("another task");
    expect((await answer).status).toBe(200);
  });

  it("hangs, and answers 503 above its capacity; neither stores anything", async () => {
    fault.set("hang");
    const statuses: number[] = [];
    const sent = Array.from({ length: 6 }, async (_, n) => {
      const one = await app.send(message(id(`h${n}`)));
      expect(one.servedBy).toBe(engine);
      statuses.push(one.status);
    });
    await waitFor(() => statuses.length === 2, { what: "two refusals", deadlineMs: 3000 });
    expect(await app.health()).toBe(200);
    fault.set("none");
    await Promise.all(sent);
    expect(statuses).toEqual([503, 503, 500, 500, 500, 500]);
    expect(await bench.rows(id("h"))).toEqual([]);
  });
});

describe.each(ENGINES)("the life of a task of the %s service", (engine) => {
  const id = (name: string) => `${engine}-${name}`;
  let heir: App;
  let fault: ReturnType<typeof faultSwitch>;
  beforeAll(() => {
    fault = faultSwitch(`${engine}-life`);
  });
  afterAll(() => bench.stopApps());

  it("killed by kill -9, what it had accepted is completed by its successor, never by the other engine", async () => {
    const [dying, other] = await Promise.all([
      bench.start(engine, { REHEARSAL_FAULT_FILE: fault.file }),
      bench.start(engine === "node" ? "python" : "node"),
    ]);
    fault.set("slow");
    const accepted = Array.from({ length: 10 }, (_, n) => dying.send(message(id(`k${n}`))).catch(() => undefined));
    await waitFor(async () => (await bench.rows(id("k"))).filter((row) => row.status === "processing").length === 10, {
      what: "ten rows in work",
      deadlineMs: 5000,
    });
    dying.process.kill();
    await Promise.all(accepted);
    fault.set("none");
    heir = await bench.start(engine, { REHEARSAL_FAULT_FILE: fault.file, SHUTDOWN_LINGER_SECONDS: "0.2" });
    await bench.completed(id("k"), 10, 15_000);
    await waitFor(() => heir.events("message_processed").length === 10, { what: "ten events", deadlineMs: 3000 });
    const keys = heir.events("message_processed").map((event) => String(event.messageId));
    expect(keys.sort()).toEqual(Array.from({ length: 10 }, (_, n) => id(`k${n}`)));
    expect(other.events("message_processed").filter((event) => keys.includes(String(event.messageId)))).toEqual([]);
  });

  it("stopped under load, it loses nothing and ends with 0 in time", async () => {
    const accepted = new Set<string>();
    let sending = true;
    const sender = async (worker: number) => {
      for (let n = 0; sending; n++) {
        const key = id(`t${worker}-${n}`);
        const sent = await heir.send(message(key)).catch(() => undefined);
        if (sent?.status === 200) accepted.add(key);
        sending &&= sent !== undefined; // until it takes no connection any more
      }
    };
    const senders = Promise.all(Array.from({ length: 8 }, (_, worker) => sender(worker)));
    await waitFor(() => accepted.size >= 40, { what: "load", deadlineMs: 10_000 });
    const began = performance.now();
    const stopped = heir.process.stop(10_000);
    await senders;
    await stopped;
    expect(await heir.process.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    const rows = await bench.rows(id("t"));
    expect(rows.filter((row) => row.status === "processing")).toEqual([]);
    expect([...accepted].filter((key) => !rows.some((row) => row.key === key))).toEqual([]);
    heir = await bench.start(engine, {
      REHEARSAL_FAULT_FILE: fault.file,
      SHUTDOWN_LINGER_SECONDS: "0",
      SHUTDOWN_DRAIN_SECONDS: "0.2",
    });
    await bench.completed(id("t"), rows.length);
  });

  it("stopped while a message would outlast the stop, it returns the row to pending", async () => {
    fault.set("slow");
    const answer = heir.send(message(id("r"))).catch(() => undefined);
    await waitFor(async () => (await bench.rows(id("r")))[0]?.status === "processing", {
      what: "a row in work",
      deadlineMs: 5000,
    });
    await heir.process.stop(10_000);
    await answer;
    expect(await heir.process.exit).toEqual({ code: 0, signal: null });
    expect((await bench.rows(id("r"))).map((row) => row.status)).toEqual(["pending"]);
    expect(heir.events("worker_stopped")).toContainEqual(expect.objectContaining({ returned: 1 }));
  });

  it("refuses to start without its environment and names what is missing, never a value", async () => {
    const start = bench.start(engine, { OPENAI_API_KEY: "", GHL_CALENDAR_ID: "", PORT: "eighty" });
    await expect(start).rejects.toThrow(/ended with 1/);
    const log = bench.apps.at(-1)?.process.tail(20) ?? "";
    expect(log).toMatch(/OPENAI_API_KEY is not set/);
    expect(log).toMatch(/GHL_CALENDAR_ID is not set/);
    expect(log).toMatch(/PORT: found .eighty.*expected a number/);
    expect(log).not.toContain(SECRET);
    expect(log).not.toContain(bench.postgres.appUrl);
  });
});

describe("both on one table", () => {
  let apps: App[];
  beforeAll(async () => {
    apps = await Promise.all(ENGINES.map((engine) => bench.start(engine)));
  });
  afterAll(() => bench.stopApps());

  it("keep to their own rows under load", async () => {
    const each = 100;
    const sent = await Promise.all(
      apps.flatMap((app) => Array.from({ length: each }, (_, n) => app.send(message(`both-${app.engine}-${n}`)))),
    );
    expect(sent.filter((one) => one.status !== 200)).toEqual([]);
    const rows = await bench.completed("both-", 2 * each, 15_000);
    expect(rows.filter((row) => (row.thread !== null) !== row.key?.startsWith("both-python"))).toEqual([]);
    for (const app of apps) {
      const own = () => app.events("message_processed").filter((event) => String(event.messageId).startsWith("both-"));
      await waitFor(() => own().length === each, { what: "events", deadlineMs: 3000 });
      expect(own().filter((event) => !String(event.messageId).includes(app.engine))).toEqual([]);
    }
  });

  it("count a message once, whoever sees it again", async () => {
    const sent = await Promise.all(apps.map((app) => app.send(message("twice"))));
    expect(sent.map((one) => [one.status, one.body.duplicate]).sort()).toEqual([
      [200, false],
      [200, true],
    ]);
    await bench.completed("twice", 1);
  });

  it("hand over: Node finishes what Python left, as cutover requeue hands it over", async () => {
    const python = apps.find((app) => app.engine === "python");
    await python?.process.stop(10_000);
    await bench.postgres.query(
      bench.postgres.url,
      `INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, langgraph_thread_id, status, created_at, updated_at)
       SELECT 'loc_test', 'c', 'requeue-' || state, 'price?', 'ghl:loc_test:c', state, at, at
         FROM unnest(ARRAY['pending', 'processing']) AS state, (SELECT now() - interval '1 hour' AS at) AS t`,
    );
    await apps.find((app) => app.engine === "node")?.send(message("after-requeue"));
    await bench.completed("after-requeue", 1);
    expect((await bench.rows("requeue")).map(({ status }) => status)).toEqual(["pending", "processing"]);
    const request = { database: { url: bench.postgres.url }, olderThanSeconds: 600 };
    expect((await handOver(request)).map(({ id }) => id).sort()).toEqual(["requeue-pending", "requeue-processing"]);
    expect((await bench.completed("requeue", 2)).map(({ thread }) => thread)).toEqual([null, null]);
    expect(await waitingForNode(request)).toBe(0);
  });
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
