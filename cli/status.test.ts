import { GetParameterHistoryCommand } from "@aws-sdk/client-ssm";
import { describe, expect, it } from "vitest";
import { statusCommand } from "./status";
import { collect, documentedScreens, type FakeWorld, fakeClients, GOOD, ROLLBACK } from "./testkit";

async function status(world: Partial<FakeWorld> = {}, args: string[] = ["--stack", "prod"]) {
  const { io, text } = collect();
  const code = await statusCommand(args, io, fakeClients({ ...GOOD, ...world }));
  return { code, text: text() };
}

describe("cutover status", () => {
  it("says in five lines how the stack stands", async () => {
    const { code, text } = await status();
    expect(code).toBe(0);
    expect(text.split("\n")).toEqual([
      "prod  ramp-25 since Tue 2026-11-24 10:00 UTC (image 3f9c5d073f9c…)",
      "share     25 % declared = 25 % by the rule = 24.1 % measured (n = 170): proved",
      "          healthy tasks: Python 2, Node 4; probes answered: Python 20/20, Node 20/20",
      "rollback  armed: 7/7 alarms are OK, Node proved alive 30 s ago, capacity 4/4 tasks",
      "GHL       not asked where it points: set CUTOVER_GHL_TOKEN to a token that reads (scope locations/customValues.readonly)",
      "",
    ]);
    expect(documentedScreens()).toContain(text);
  });

  it("is documented for a stack without a way back, and for programs", async () => {
    const alarmStates = { "cutover-prod-hosts": "INSUFFICIENT_DATA", "cutover-prod-prober-silent": "ALARM" };
    const { code, text } = await status({ alarmStates, healthy: { python: 2, node: 3 } });
    expect(code).toBe(1);
    expect(text).toContain("rollback  NOT ARMED (5/7 alarms are OK");
    expect(documentedScreens()).toContain(text);
    expect(documentedScreens()).toContain((await status({}, ["-s", "prod", "--json"])).text);
  });

  it("ends with the notices that are still to come, the next one first", async () => {
    const dates = {
      "day-before": "2026-11-20T08:00:00Z",
      completion: "2026-12-03T09:00:00Z",
      progress: "2026-11-25T14:00:00Z",
    };
    const world = { applied: { ...GOOD.applied, notices: { startsAt: "2026-11-21T08:00:00Z", dates } } };
    const { text } = await status(world);
    expect(text.trimEnd().split("\n").slice(5)).toEqual([
      "notices   Wed 2026-11-25 14:00 UTC: 8 hours after the first share",
      "          Thu 2026-12-03 09:00 UTC: 24 hours after the last share",
    ]);
    expect(JSON.parse((await status(world, ["-s", "prod", "--json"])).text)).toMatchObject({
      notices: { progress: "2026-11-25T14:00:00.000Z", completion: "2026-12-03T09:00:00.000Z" },
    });
  });

  it.each([
    ["another weight", { weight: 10 }, "10 % by the rule"],
    ["a moved kill switch", { switch: "node" }, 'the kill switch is "node"'],
    [
      "an alarm without data",
      { alarmStates: { "cutover-prod-hosts": "INSUFFICIENT_DATA" } },
      "cutover-prod-hosts has no data",
    ],
    [
      "a prober that is silent",
      { alarmStates: { "cutover-prod-prober-silent": "ALARM" } },
      "NOT ARMED (6/7 alarms are OK",
    ],
    ["an alarm in ALARM", { alarmStates: { "cutover-prod-errors": "ALARM" } }, "cutover-prod-errors is in ALARM"],
    ["a dead standby", { healthy: { python: 2, node: 0 } }, "Node has no healthy task"],
    ["probes that failed", { metrics: { ...GOOD.metrics, "ProbeFailed Sum python": 4 } }, "Python 16/20"],
  ] as const)("%s: exit code 1 and why", async (_, world, says) => {
    const { code, text } = await status(world);
    expect(code).toBe(1);
    expect(text).toContain(says);
  });

  it("says why nobody knows since when, and that the stack is shown all the same", async () => {
    const known = fakeClients(GOOD)();
    const send = async (command: unknown) => {
      if (!(command instanceof GetParameterHistoryCommand)) return known.ssm.send(command as never);
      throw Object.assign(new Error("not allowed"), { name: "AccessDeniedException" });
    };
    const clients = () => ({ ...known, ssm: { send } as unknown as typeof known.ssm });
    const { io, text } = collect();
    await statusCommand(["--stack", "prod"], io, clients);
    expect(text()).toContain("since nobody knows when: AccessDeniedException: not allowed (image");
    const json = collect();
    await statusCommand(["--stack", "prod", "--json"], json.io, clients);
    expect(JSON.parse(json.text())).toMatchObject({ since: { unavailable: "AccessDeniedException: not allowed" } });
  });

  it("shows what was done so far, on what evidence, and who put what aside", async () => {
    const entry = (number: number, more: object) => ({
      [`/cutover/prod/ledger/000${number}`]: JSON.stringify({
        version: 1,
        at: `2026-11-2${number}T10:00:00.000Z`,
        from: "front-door",
        to: "parallel",
        shareBefore: 0,
        shareAfter: 10,
        digest: GOOD.applied.pythonDigest,
        ...more,
      }),
    });
    const override = {
      name: "Mara",
      reason: "quiet week",
      expires: "2026-11-24T14:00:00.000Z",
      aside: ["FAIL to leave"],
    };
    const verdict = {
      bar: "ladder",
      outcome: "FAIL",
      since: "2026-11-21T10:00:00.000Z",
      criteria: ["errors FAIL: 9/80"],
    };
    const second = { from: "parallel", to: "ramp-25", shareBefore: 10, shareAfter: 25, verdict, override };
    const parameters = { ...entry(4, second), ...entry(1, {}) };
    const { code, text } = await status({ parameters }, ["--stack", "prod", "--history"]);
    expect(code).toBe(0);
    expect(text.split("\n").slice(5, -1)).toEqual([
      "2026-11-21 10:00 UTC  step: front-door (0 %) to parallel (10 %)",
      "  image 3f9c5d073f9c…; no evidence asked",
      "2026-11-24 10:00 UTC  step: parallel (10 %) to ramp-25 (25 %)",
      '  image 3f9c5d073f9c…; FAIL on bar "ladder", counted since 2026-11-21 10:00 UTC',
      "    errors FAIL: 9/80",
      "  overridden by Mara (quiet week), good until 2026-11-24 14:00 UTC:",
      "    FAIL to leave",
    ]);
    const json = await status({ parameters }, ["--stack", "prod", "--history", "--json"]);
    expect(JSON.parse(json.text)).toMatchObject({ history: [{ to: "parallel" }, { to: "ramp-25", override }] });
    expect((await status({}, ["--stack", "prod"])).text).not.toContain("history");
  });

  it("shows a rollback first, with the way back", async () => {
    const parameters = { "/cutover/prod/rollback/rb-0001": JSON.stringify(ROLLBACK) };
    const { code, text } = await status({ switch: "node", parameters });
    expect(code).toBe(1);
    expect(text).toContain("ROLLED BACK at 2026-11-25 03:12 UTC (rb-0001): Python does not answer its probes");
    expect(text).toContain("pulumi config set cutover:acknowledgeRollback rb-0001");
    expect(documentedScreens()).toContain(text);
  });

  it("compares the split from the release of a rollback on, in this process's time: before it Node had everything", async () => {
    const parameters = {
      "/cutover/prod/rollback/rb-0001": JSON.stringify(ROLLBACK),
      "/cutover/prod/rollback/rb-0001/released": "2026-11-25T11:00:00Z",
    };
    const metrics = { ...GOOD.metrics, "RequestCount Sum py-c": 0 };
    const justNow = await status({ parameters, metrics }, ["--stack", "prod", "--json"]);
    expect(JSON.parse(justNow.text)).toMatchObject({
      since: { phase: "2026-11-24T10:00:00.000Z", bake: "2026-11-25T12:00:00.000Z", share: "2026-11-25T12:00:00.000Z" },
      share: { outcome: "unknown" },
    });
    const known = fakeClients({ ...GOOD, parameters })();
    const early = { ...known, clock: { ...known.clock, fromReal: (ms: number) => ms - 3_600_000 } };
    const { io, text } = collect();
    await statusCommand(["--stack", "prod", "--json"], io, () => early);
    expect(JSON.parse(text())).toMatchObject({
      since: { share: "2026-11-25T11:00:00.000Z" },
      share: { outcome: "proved" },
    });
  });

  it("asks for no rollback where Python gets nothing", async () => {
    const world = { applied: { ...GOOD.applied, phase: "front-door", pythonShare: 0 }, weight: 0 } as const;
    const metrics = { ...GOOD.metrics, "RequestCount Sum py-c": 0 };
    const alarmStates = { "cutover-prod-hosts": "INSUFFICIENT_DATA" };
    expect((await status({ ...world, metrics, alarmStates })).code).toBe(0);
  });

  it("is one JSON object for programs", async () => {
    const { code, text } = await status({}, ["-s", "prod", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      stack: "prod",
      phase: "ramp-25",
      pythonShare: 25,
      since: { phase: "2026-11-24T10:00:00.000Z" },
      share: { outcome: "proved" },
      rollback: { armed: true, open: null },
      well: true,
    });
  });

  it("knows wrong arguments (2) from a stack that can't be read (3)", async () => {
    expect((await status({}, [])).code).toBe(2);
    expect((await status({}, ["--stack", "prod", "--verbose"])).code).toBe(2);
    expect((await status({}, ["--stack", "prod", "more"])).code).toBe(2);
    expect((await status({}, ["--help"])).code).toBe(0);
    const other = await status({}, ["--stack", "other"]);
    expect(other).toMatchObject({
      code: 3,
      text: expect.stringContaining('No applied phase of stack "other" in eu-central-1'),
    });
    const { io, text } = collect();
    expect(await statusCommand(["--stack", "prod"], { ...io, env: {} }, fakeClients(GOOD))).toBe(2);
    expect(text()).toContain("--region");
  });

  it("looks again and again with -w, until it is stopped", async () => {
    const stop = new AbortController();
    let written = "";
    const io = {
      env: { AWS_REGION: "eu-central-1", CUTOVER_CLOCK: `${Date.now()},600` },
      signal: stop.signal,
      write: (text: string) => {
        written += text;
        if (written.trimEnd().split("\n").length >= 3) stop.abort();
      },
    };
    await statusCommand(["--stack", "prod", "--json", "-w"], io, fakeClients(GOOD));
    const looks = written.trimEnd().split("\n");
    expect(looks).toHaveLength(3);
    for (const look of looks) expect(JSON.parse(look)).toMatchObject({ stack: "prod" });
  });
});
