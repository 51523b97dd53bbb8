import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { runMigrations } from "@cutover/clients/postgres/run";
import { promiseLines } from "@cutover/domain/backtest/promise-lines";
import { rollbackPath } from "@cutover/domain/rollback/record";
import { beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, usePostgres } from "../rehearsal/postgres/testkit";
import { nextCommand } from "./next";
import { collect, documentedScreens, type FakeWorld, fakeClients, GOOD, MANIFEST, NOW } from "./testkit";

const postgres = usePostgres({ seedRows: 0 });
/** Databases with 41 and with 101 messages of Python, and one without the migrations. */
let [few, many, bare] = ["", "", ""];

const insert = (database: TestDatabase, engine: "node" | "python", count: number, booked: number) =>
  database.query(`INSERT INTO public.message_queue
    (location_id, contact_id, message_body, langgraph_thread_id, status, created_at, updated_at, appointment_booked)
    SELECT 'l', 'c', 'b', ${engine === "python" ? "'t'" : "NULL"}, 'completed', at, at + interval '0.7 seconds', i <= ${booked}
    FROM (SELECT i, to_timestamp(${NOW / 1000 - 7200}) AS at FROM generate_series(1, ${count}) AS i) AS rows`);

beforeAll(async () => {
  const files = await loadMigrations();
  const migrated = async () => {
    const database = await postgres.database();
    await runMigrations({ database: { url: database.url }, files, allowContract: false, runnerVersion: "test" });
    return database;
  };
  const [one, two] = [await migrated(), await migrated()];
  await postgres.server().createPreviewUser();
  await insert(one, "python", 41, 6);
  await insert(one, "node", 129, 21);
  await insert(two, "python", 101, 16);
  await insert(two, "node", 300, 45);
  few = one.urlFor("cutover_preview");
  many = two.urlFor("cutover_preview");
  bare = (await postgres.database()).url;
});

async function next(world: Partial<FakeWorld> = {}, args: string[] = ["--stack", "prod"]) {
  const { io, text } = collect();
  const code = await nextCommand(args, io, fakeClients({ ...GOOD, databaseUrl: few, ...world }), promise);
  return { code, text: text() };
}

/** Fixed, so that a new back-test does not change the documented screens. */
const promise: typeof promiseLines = (manifest, step) =>
  promiseLines(manifest, step, () => ({
    messagesPerHour: 40,
    falseRollbacksPerDay: 0.0285,
    totalOutageMinutes: 1.6,
    totalOutageMessages: 2,
    oneInFiveMinutes: 84,
    oneInFiveMessages: 12,
  }));

/** The same world with 101 messages everywhere. */
const enough = (): Partial<FakeWorld> => ({
  databaseUrl: many,
  metrics: {
    ...GOOD.metrics,
    "RequestCount Sum py-c": 101,
    "RequestCount Sum no-c": 300,
    "TargetResponseTime SampleCount py-c": 101,
    "PythonRoutings Sum": 101,
  },
});

describe("cutover next", () => {
  it("says on a morning with too few messages what is missing and until when", async () => {
    const { code, text } = await next();
    expect(code).toBe(1);
    expect(text).toContain("next      ramp-50: BLOCKED until about Wed 2026-11-25 23:24 UTC");
    expect(text).toMatch(/errors +… +0\/41 failed; at 95 % below 7.1 % → 18 more messages without a fault/);
    expect(text).toContain("at ramp-50: about 40 messages an hour to Python");
    expect(text).toContain("pulumi config set cutover:phase ramp-50 --stack prod && pulumi up --stack prod");
    expect(documentedScreens()).toContain(text);
  });

  it("counts on the expected rate where the share is too young to have one of its own", async () => {
    const young = await next({ hours: 0.5 }, ["--stack", "prod", "--json"]);
    const [errors] = JSON.parse(young.text).next.verdict.criteria;
    expect(errors).toMatchObject({ missingCount: 18, eta: NOW + (18 / 20) * 3_600_000 });
  });

  it("looks again and again with -w, until it is stopped", async () => {
    const stop = new AbortController();
    let written = "";
    const io = {
      env: { AWS_REGION: "eu-central-1", CUTOVER_CLOCK: `${Date.now()},600` },
      signal: stop.signal,
      write: (text: string) => {
        written += text;
        if (written.trimEnd().split("\n").length >= 2) stop.abort();
      },
    };
    const code = await nextCommand(
      ["-s", "prod", "--json", "-w"],
      io,
      fakeClients({ ...GOOD, databaseUrl: few }),
      promise,
    );
    expect(code).toBe(1);
    const looks = written
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(looks).toHaveLength(2);
    for (const look of looks) expect(look).toMatchObject({ next: { phase: "ramp-50", open: false } });
  });

  it("is open with enough of them: exit code 0 and the command", async () => {
    const { code, text } = await next(enough());
    expect(code).toBe(0);
    expect(text).toContain("next      ramp-50: open");
    expect(text).toMatch(/errors +PASS +0\/101 failed/);
    expect(text).toContain("to go on:  pulumi config set cutover:phase ramp-50");
    expect(documentedScreens()).toContain(text);
  });

  it("names no time where a fault, and not patience, is in the way", async () => {
    const world = enough();
    const { code, text } = await next({
      ...world,
      metrics: { ...world.metrics, "HTTPCode_Target_5XX_Count Sum py-c": 9 },
    });
    expect(code).toBe(1);
    expect(text).toContain("next      ramp-50: BLOCKED\n");
    expect(text).toMatch(/errors +FAIL +9\/101 failed.*at 95 % it is above/);
    expect(documentedScreens()).toContain(text);
  });

  it.each([
    [
      "bake time",
      () => ({ ...enough(), hours: 19 }),
      /BLOCKED until about Wed 2026-11-25 13:00[\s\S]*watched for 20 hours/,
    ],
    [
      "an alarm in ALARM",
      () => ({ ...enough(), alarmStates: { "cutover-prod-errors": "ALARM" } }),
      /BLOCKED\n[\s\S]*cutover-prod-errors is in ALARM/,
    ],
    [
      "a standby that is too small",
      () => ({ ...enough(), healthy: { python: 2, node: 3 } }),
      /Node has 3 of 4 healthy tasks/,
    ],
    ["a disproved share", () => ({ ...enough(), weight: 30 }), /is disproved: 30 % by the rule/],
    [
      "no database",
      () => ({ ...enough(), databaseUrl: "postgresql://x:planted-word@127.0.0.1:1/x" }),
      /processing +… +no data → .*can't be reached/,
    ],
    [
      "a database without the migrations",
      () => ({ ...enough(), databaseUrl: bare }),
      /Migrations are not applied: 2026/,
    ],
    [
      "an application without events",
      () => ({ ...enough(), metrics: { ...enough().metrics, "PythonRoutings Sum": 0 } }),
      /routing +… +no data → no event agent_routed/,
    ],
  ] as const)("%s blocks, and is said", async (_, world, says) => {
    const { code, text } = await next(world());
    expect(code).toBe(1);
    expect(text).toMatch(says);
    expect(text).not.toContain("planted");
  });

  it("asks for no evidence before the first share and shows none", async () => {
    const { code, text } = await next({
      ...enough(),
      applied: { ...GOOD.applied, phase: "front-door", pythonShare: 0 },
      weight: 0,
    });
    expect(code).toBe(0);
    expect(text).toContain("next      parallel: open");
    expect(text).not.toContain("failed; at 95 %");
  });

  it("knows what would stop the first share: a Python that does not work, an edited switch, a forgotten header", async () => {
    const first = {
      ...enough(),
      applied: { ...GOOD.applied, phase: "front-door", pythonShare: 0 },
      weight: 0,
    } as const;
    const nodeUnmatched = "arn:x:targetgroup/no-u/1";
    const groups = { ...MANIFEST, targetGroups: { ...MANIFEST.targetGroups, nodeUnmatched } };
    const worlds: [Partial<FakeWorld>, RegExp][] = [
      [{ healthy: { python: 0, node: 4 } }, /Python is not proved to work: healthy tasks: Python 0/],
      [{ switch: "node" }, /kill switch is not known to be off: node/],
      [
        {
          parameters: { "/cutover/prod/manifest": JSON.stringify(groups) },
          metrics: { ...first.metrics, "RequestCount Sum no-u": 2 },
        },
        /Only 0 of 20 messages of customers in a row/,
      ],
    ];
    for (const [world, says] of worlds) {
      const { code, text } = await next({ ...first, ...world });
      expect(code).toBe(1);
      expect(text).toMatch(says);
    }
  });

  it("asks for the success criteria themselves at full", async () => {
    const applied = { ...GOOD.applied, phase: "full", pythonShare: 100 } as const;
    const metrics = { ...enough().metrics, "RequestCount Sum no-c": 0 };
    const { code, text } = await next({ ...enough(), applied, weight: 100, metrics });
    expect(code).toBe(1);
    expect(text).toMatch(
      /next +decommission: BLOCKED[\s\S]*errors +… +0\/101 failed; at 95 % below 3 % → 198 more messages/,
    );
  });

  it("reads the business metrics of the manifest", async () => {
    const sql = `SELECT engine, count(*) FILTER (WHERE appointment_booked) AS hits, count(*) AS n
      FROM langgraph_ops.messages WHERE created_at >= $1 AND created_at < $2 GROUP BY engine`;
    const manifest = { ...MANIFEST, gate: { business: [{ name: "satisfaction", sql }] } };
    const { code, text } = await next({
      ...enough(),
      parameters: { "/cutover/prod/manifest": JSON.stringify(manifest) },
    });
    expect(code).toBe(0);
    expect(text).toMatch(/satisfaction +– +Python 16\/101 \(15.8 %\), Node 45\/300/);
  });

  it("says when the traffic is not what the alarms are made for, and the command", async () => {
    const hourly = { "RequestCount Sum py-c": Array(48).fill(50), "RequestCount Sum no-c": Array(48).fill(150) };
    const { text } = await next({ ...enough(), hourly });
    expect(text).toContain(
      "The load balancer counted 200 messages in a busy hour (median 200, 2 days), cutover:expectedMessagesPerHour is 80",
    );
    expect(text).toContain("pulumi config set cutover:expectedMessagesPerHour 200 --stack prod");
    expect((await next(enough())).text).not.toContain("The load balancer counted");
  });

  it("asks for the update that ends shortened windows, and says what they mean for the next step", async () => {
    const record = {
      version: 1,
      id: "rb-0001",
      at: new Date(NOW - 150 * 60_000).toISOString(),
      trigger: { kind: "hard", alarm: "cutover-prod-python-probes", text: "Python failed every probe" },
      phase: "ramp-25",
      to: "node",
      steps: {},
      releasedAt: new Date(NOW - 120 * 60_000).toISOString(),
    };
    const applied = { ...GOOD.applied, alarmsLookBackMinutes: 30 };
    const parameters = { [`${rollbackPath("prod")}rb-0001`]: JSON.stringify(record) };
    const { text } = await next({ ...enough(), applied, parameters });
    expect(text).toContain(
      "run pulumi up --stack prod: the alarms look back 30 min only since the last rollback, and would look back 120 min",
    );
    expect(text).toContain("the alarms look back 149 min only, not beyond the last rollback");
  });

  it("knows the top of the ladder", async () => {
    const { code, text } = await next({ applied: { ...GOOD.applied, phase: "node-only", pythonShare: 0 }, weight: 0 });
    expect(code).toBe(1);
    expect(text).toContain('"node-only" has no next rung');
  });

  it("is one JSON object for programs", async () => {
    const { text } = await next({}, ["--stack", "prod", "--json"]);
    expect(JSON.parse(text)).toMatchObject({
      phase: "ramp-25",
      next: {
        phase: "ramp-50",
        bar: "ladder",
        open: false,
        openAt: expect.stringMatching(/^2026-11-25T23:24/),
        verdict: { outcome: "NOT ENOUGH EVIDENCE" },
        commands: ["pulumi config set cutover:phase ramp-50 --stack prod", "pulumi up --stack prod"],
      },
    });
  });
});
