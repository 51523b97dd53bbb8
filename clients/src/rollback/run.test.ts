import { RELEASE_COUNTS_MS } from "@cutover/domain/rollback/record";
import { describe, expect, it } from "vitest";
import { RollbackIncomplete, runRollback } from "./run";
import { awsError, CONFIG, TestWorld } from "./testkit";

const throttled = () => awsError("ThrottlingException", "Rate exceeded");
const down = () => awsError("ServiceUnavailable", "Service is unable to handle request");
const run = (world: TestWorld, payload: unknown, config = CONFIG) => runRollback(payload, config, world.ports);
const minute = (world: TestWorld) => {
  world.time += 60_000;
  return run(world, { source: "reconcile" });
};

describe("an alarm", () => {
  it("moves the switch, records, proves, moves the webhook and tells people", async () => {
    const world = new TestWorld();
    const report = await run(world, world.alarmEvent());
    expect(report).toMatchObject({ outcome: "rolled-back", id: "rb-0001" });
    expect(world.killSwitch).toBe("node");
    expect(world.records).toMatchObject([
      {
        id: "rb-0001",
        trigger: { kind: "hard", alarm: "cutover-prod-rollback-hard", text: "probes of Python failed" },
        phase: "ramp-50",
        share: 50,
        to: "node",
        steps: {
          switch: { state: "done" },
          verify: { state: "done" },
          webhook: { state: "done" },
          notice: { state: "done" },
        },
      },
    ]);
    expect(world.records[0]).not.toHaveProperty("busyUntil");
    expect(world.notices).toHaveLength(1);
    expect(world.notices[0]?.text).toMatch(/May I sleep on\?\n {2}Yes/);
    expect(world.notices[0]?.text).toContain("msg-7");
  });

  it("does not wait for Python's probe where Node answers", async () => {
    const world = new TestWorld();
    const probes: string[] = [];
    const ports = {
      ...world.ports,
      probe: (engine: "node" | "python") => {
        probes.push(engine);
        return engine === "node" ? world.ports.probe("node") : new Promise<never>(() => {});
      },
    };
    expect(await runRollback(world.alarmEvent(), CONFIG, ports)).toMatchObject({ outcome: "rolled-back" });
    expect(probes).toContain("node");
  });

  it("that comes twice makes one rollback and one notice", async () => {
    const world = new TestWorld();
    const event = world.alarmEvent();
    await run(world, event);
    const second = await run(world, event);
    expect(second).toMatchObject({ outcome: "joined", id: "rb-0001" });
    expect(world.records).toHaveLength(1);
    expect(world.notices).toHaveLength(1);
    expect(world.count("setSwitch")).toBe(1);
  });

  it("that comes twice at the same moment makes one record and one notice", async () => {
    const world = new TestWorld();
    const event = world.alarmEvent();
    const reports = await Promise.all([run(world, event), run(world, world.alarmEvent("soft"))]);
    expect(reports.map(({ id }) => id)).toEqual(["rb-0001", "rb-0001"]);
    expect(world.killSwitch).toBe("node");
    expect(world.records).toHaveLength(1);
    expect(world.notices).toHaveLength(1);
  });

  it("that joined and ends last does not say that somebody is still at it", async () => {
    const world = new TestWorld();
    world.fail.moveWebhook = down;
    let ended: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const last = {
      ...world.ports,
      moveWebhook: async (...args: Parameters<typeof world.ports.moveWebhook>) => {
        await first;
        return world.ports.moveWebhook(...args);
      },
    };
    const runs = [run(world, world.alarmEvent()), runRollback(world.alarmEvent("soft"), CONFIG, last)];
    await runs[0];
    expect(world.records[0]).not.toHaveProperty("busyUntil");
    ended();
    await Promise.all(runs);
    expect(world.records).toMatchObject([{ steps: { webhook: { state: "failed" } } }]);
    expect(world.records[0]).not.toHaveProperty("busyUntil");
  });

  it("from before the release is ignored, one after it is a new rollback", async () => {
    const world = new TestWorld();
    const early = world.alarmEvent();
    await run(world, early);
    world.time += 60_000;
    await world.ports.markReleased("rb-0001");
    world.killSwitch = "off";
    expect(await run(world, early)).toMatchObject({ outcome: "ignored" });
    expect(world.killSwitch).toBe("off");
    world.time += 60_000;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "rolled-back", id: "rb-0002" });
    expect(world.killSwitch).toBe("node");
  });

  it.each([
    ["an OK", { AlarmName: CONFIG.alarms.hard, NewStateValue: "OK", StateChangeTime: "2026-11-22T10:00:00.000+0000" }],
    ["a foreign alarm", { AlarmName: "billing", NewStateValue: "ALARM" }],
  ])("that is %s touches nothing, not even to read", async (_what, message) => {
    const world = new TestWorld();
    const report = await run(world, { Records: [{ Sns: { Message: JSON.stringify(message) } }] });
    expect(report.outcome).toBe("ignored");
    expect(world.calls).toEqual([]);
  });

  it("while no customer reaches Python tells people, once", async () => {
    const world = new TestWorld();
    world.share = 0;
    const event = world.alarmEvent();
    expect(await run(world, event)).toMatchObject({ outcome: "left" });
    expect(await run(world, event)).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toHaveLength(1);
    expect(world.notices[0]?.subject).toMatch(/nothing to move/);
    expect(world.records).toEqual([]);
  });

  it("with Node dead and everything at an answering Python pages and leaves traffic", async () => {
    const world = new TestWorld();
    world.share = 100;
    world.health = { node: "dead", python: "answers" };
    expect(await run(world, world.alarmEvent("soft"))).toMatchObject({ outcome: "left" });
    expect(world.killSwitch).toBe("off");
    expect(world.notices[0]?.text).toMatch(/has to look now/);
  });

  it("with Node equally bad pages", async () => {
    const world = new TestWorld();
    world.health.python = "answers";
    world.sharedOutage = true;
    expect(await run(world, world.alarmEvent("soft"))).toMatchObject({ outcome: "left" });
    expect(world.killSwitch).toBe("off");
  });

  it("of suspicion moves traffic only where Python is dead", async () => {
    const world = new TestWorld();
    world.health.python = "answers";
    expect(await run(world, world.alarmEvent("suspicion"))).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toEqual([]);
    world.health.python = "dead";
    expect(await run(world, world.alarmEvent("suspicion"))).toMatchObject({ outcome: "rolled-back" });
  });
});

describe("a person", () => {
  it("rolls back with a reason, and not twice", async () => {
    const world = new TestWorld();
    world.health.python = "answers";
    const payload = { source: "manual", reason: "answers are wrong" };
    expect(await run(world, payload)).toMatchObject({ outcome: "rolled-back", id: "rb-0001" });
    expect(world.records[0]?.trigger).toEqual({ kind: "manual", text: "answers are wrong" });
    expect(await run(world, payload)).toMatchObject({ outcome: "joined" });
  });
});

describe("while something is down, everything else is done", () => {
  it("ELB: throws after the notice, and the reconciler moves traffic later", async () => {
    const world = new TestWorld();
    world.fail.setSwitch = throttled;
    await expect(run(world, world.alarmEvent())).rejects.toThrow(RollbackIncomplete);
    expect(world.records[0]?.steps).toMatchObject({ switch: { state: "failed" }, webhook: { state: "done" } });
    expect(world.notices[0]?.subject).toMatch(/ROLLBACK FAILED/);
    delete world.fail.setSwitch;
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.killSwitch).toBe("node");
    expect(world.records[0]?.steps).toMatchObject({ switch: { state: "done" }, verify: { state: "done" } });
    expect(world.notices).toHaveLength(2);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
  });

  it("reading ELB: an unknown share does not stop the rollback", async () => {
    const world = new TestWorld();
    world.fail.readListener = throttled;
    await run(world, world.alarmEvent());
    expect(world.killSwitch).toBe("node");
    expect(world.records[0]).not.toHaveProperty("share");
  });

  it("GoHighLevel: tried again each minute, told once", async () => {
    const world = new TestWorld();
    world.fail.moveWebhook = down;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "rolled-back" });
    expect(world.notices[0]?.text).toMatch(/GoHighLevel still points/);
    await minute(world);
    await minute(world);
    expect(world.notices).toHaveLength(1);
    delete world.fail.moveWebhook;
    await minute(world);
    expect(world.notices).toHaveLength(2);
    expect(world.notices[1]?.text).toMatch(/webhook in GoHighLevel: moved/);
    expect(world.records[0]?.steps.webhook?.state).toBe("done");
    expect(world.count("setSwitch")).toBe(1);
  });

  it("SSM: traffic moves and people hear it; the reconciler writes the record with its cause", async () => {
    const world = new TestWorld();
    for (const port of ["readShelf", "createRecord", "updateRecord", "readApplied"] as const) world.fail[port] = down;
    const report = await run(world, world.alarmEvent());
    expect(report).toMatchObject({ outcome: "rolled-back", sentence: expect.stringMatching(/not on record/) });
    expect(world.killSwitch).toBe("node");
    expect(world.notices[0]?.text).toMatch(/not on record yet/);
    expect(await minute(world)).toMatchObject({ outcome: "failed" });
    for (const port of ["readShelf", "createRecord", "updateRecord", "readApplied"] as const) delete world.fail[port];
    world.ring();
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records[0]).toMatchObject({ trigger: { kind: "hard" }, to: "node", phase: "ramp-50" });
    expect(world.count("setSwitch")).toBe(1);
  });

  it("SSM hangs: traffic does not wait for it", async () => {
    const world = new TestWorld();
    const never = () => new Promise<never>(() => {});
    const ports = { ...world.ports, readShelf: never, readApplied: never };
    const report = await runRollback(world.alarmEvent(), CONFIG, ports);
    expect(report).toMatchObject({ outcome: "rolled-back" });
  }, 10_000);

  it("SNS: the reconciler tells people", async () => {
    const world = new TestWorld();
    world.fail.tellPeople = down;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "rolled-back" });
    expect(world.records[0]?.steps.notice?.state).toBe("failed");
    delete world.fail.tellPeople;
    await minute(world);
    expect(world.notices[0]?.subject).toMatch(/Rolled back to Node/);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
  });

  it("the probe key: Node counts as usable, and the proof is tried again", async () => {
    const world = new TestWorld();
    world.fail.probe = down;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "rolled-back" });
    expect(world.records[0]?.steps.verify?.state).toBe("failed");
    delete world.fail.probe;
    await minute(world);
    expect(world.records[0]?.steps.verify?.state).toBe("done");
  });

  it("Python's log: the notice says that the lost messages are not known", async () => {
    const world = new TestWorld();
    world.fail.lostMessages = down;
    await run(world, world.alarmEvent());
    expect(world.notices[0]?.text).toMatch(/not known: ServiceUnavailable/);
  });
});

describe("killed half-way", () => {
  /** Lets the invocation come no further than `port`, as a kill does. */
  async function killedAt(
    world: TestWorld,
    port: "setSwitch" | "createRecord" | "probe" | "moveWebhook" | "tellPeople" | "updateRecord",
    calls = 1,
  ) {
    const never = () => new Promise<never>(() => {});
    let reached = () => {};
    const there = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let called = 0;
    const ports = {
      ...world.ports,
      [port]: (...given: never[]) => {
        called++;
        if (called < calls) return (world.ports[port] as (...given: never[]) => Promise<unknown>)(...given);
        reached();
        return never();
      },
    };
    void runRollback(world.alarmEvent(), CONFIG, ports);
    await there;
    // What runs beside the step gets its turns before the kill.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  // Probes: Node and Python before the decision, then the proof.
  it.each([
    ["setSwitch", 1],
    ["createRecord", 1],
    ["probe", 1],
    ["probe", 3],
    ["moveWebhook", 1],
    ["tellPeople", 1],
    ["updateRecord", 1],
  ] as const)("at %s (call %i): the reconciler finishes", async (port, calls) => {
    const world = new TestWorld();
    world.ring();
    await killedAt(world, port, calls);
    await minute(world);
    await minute(world);
    expect(world.killSwitch).toBe("node");
    expect(world.records).toMatchObject([
      {
        id: "rb-0001",
        steps: {
          switch: { state: "done" },
          verify: { state: "done" },
          webhook: { state: "done" },
          notice: { state: "done" },
        },
      },
    ]);
    expect(world.notices.length).toBeGreaterThan(0);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
  });

  it("before anything: the reconciler responds to the alarm, whose event will not come again", async () => {
    const world = new TestWorld();
    world.ring();
    expect(await minute(world)).toMatchObject({ outcome: "rolled-back", id: "rb-0001" });
  });
});

describe("the reconciler", () => {
  it("reads four things and no more where nothing is missing", async () => {
    const world = new TestWorld();
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.calls.sort()).toEqual(["readAlarms", "readListener", "readShelf", "readWebhook"]);
  });

  it("records a switch that a person moved, with the webhook and a notice", async () => {
    const world = new TestWorld();
    world.killSwitch = "node";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records[0]).toMatchObject({ trigger: { kind: "by-hand" }, steps: { webhook: { state: "done" } } });
    expect(world.count("setSwitch")).toBe(0);
    expect(world.notices).toHaveLength(1);
  });

  it("pages once for an alarm that it can't act on, however long it rings", async () => {
    const world = new TestWorld();
    world.share = 100;
    world.health = { node: "dead", python: "answers" };
    world.ring("soft");
    for (let i = 0; i < 3; i++) await minute(world);
    expect(world.notices).toHaveLength(1);
    world.health.node = "answers";
    expect(await minute(world)).toMatchObject({ outcome: "rolled-back" });
  });

  it("tells people of a switch put off by hand, once, and leaves it", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.killSwitch = "off";
    expect(await minute(world)).toMatchObject({ outcome: "left" });
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toHaveLength(2);
    expect(world.killSwitch).toBe("off");
    world.time += 60_000;
    world.ring();
    expect(await minute(world)).toMatchObject({ outcome: "joined", id: "rb-0001" });
    expect(world.killSwitch).toBe("node");
  });

  it.each<[string, (world: TestWorld) => void]>([
    ["a mere suspicion, though Python is dead", (world) => world.ring("suspicion")],
    [
      "Node being dead while Python answers everything",
      (world) => {
        world.share = 100;
        world.ring("soft");
        world.health = { node: "dead", python: "answers" };
      },
    ],
    [
      "an outage of what both depend on",
      (world) => {
        world.ring("soft");
        world.health.python = "answers";
        world.sharedOutage = true;
      },
    ],
  ])("leaves a switch put off by hand where it is at %s, by event and by minute", async (_what, happen) => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.killSwitch = "off";
    await minute(world);
    world.time += 60_000;
    happen(world);
    const [{ tier, since } = { tier: "hard" as const, since: 0 }] = world.alarms;
    await run(world, world.alarmEvent(tier, since));
    await minute(world);
    await minute(world);
    expect(world.killSwitch).toBe("off");
    expect(world.count("setSwitch")).toBe(1);
    // Rolled back, put off by hand, and at most one page for the alarm.
    expect(world.notices.length).toBe(tier === "suspicion" ? 2 : 3);
  });

  it("holds messages where the switch was put off by hand and both engines died since", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.killSwitch = "off";
    await minute(world);
    world.time += 60_000;
    world.health = { node: "dead", python: "dead" };
    world.ring();
    expect(await minute(world)).toMatchObject({ outcome: "joined", id: "rb-0001" });
    expect(world.killSwitch).toBe("hold");
    expect(world.records[0]).toMatchObject({ to: "hold", steps: { webhook: { state: "done" } } });
    expect(world.notices.at(-1)?.text).toMatch(/wait for Node, because Python was rolled back/);
    expect(world.webhook).toBe("front-door");
  });

  it("finishes a release that died between the switch and the record", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.records = world.records.map((r) => ({ ...r, releasingAt: new Date(world.time).toISOString() }));
    world.killSwitch = "off";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records[0]?.releasedAt).toBeDefined();
    expect(world.killSwitch).toBe("off");
  });

  it("says once that the rule is unclear", async () => {
    const world = new TestWorld();
    world.killSwitch = "unclear";
    expect(await minute(world)).toMatchObject({ outcome: "left" });
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
  });

  it.each(["readShelf", "readListener"] as const)("that can't %s says so and does not throw", async (port) => {
    const world = new TestWorld();
    world.fail[port] = down;
    if (port === "readListener") world.fail.readAlarms = down;
    expect(await minute(world)).toMatchObject({ outcome: "failed" });
  });
});

describe("a release in flight", () => {
  it("is seen even where the records were read before it began", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.time += 60_000;
    const event = world.alarmEvent("hard", world.time + 1_000);
    world.killSwitch = "off";
    const releasingAt = new Date(world.time).toISOString();
    let reads = 0;
    world.before.readShelf = () => {
      if (reads++ === 1) world.records = world.records.map((r) => ({ ...r, releasingAt }));
    };
    expect(await run(world, event)).toMatchObject({ outcome: "rolled-back", id: "rb-0002" });
  });

  it("that is long over is none: a later alarm joins the record, without a second notice", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.records = world.records.map((r) => ({ ...r, releasingAt: new Date(world.time).toISOString() }));
    world.time += RELEASE_COUNTS_MS + 60_000;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "joined", id: "rb-0001" });
    expect(world.records).toHaveLength(1);
    expect(world.notices).toHaveLength(1);
  });

  it("does not swallow an alarm that goes off during it: a new rollback, not the old record", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.time += 60_000;
    world.records = world.records.map((r) => ({ ...r, releasingAt: new Date(world.time).toISOString() }));
    world.killSwitch = "off";
    world.time += 1_000;
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "rolled-back", id: "rb-0002" });
    expect(world.killSwitch).toBe("node");
  });
});

it("writes no line that is no JSON and none with a whole notice", async () => {
  const world = new TestWorld();
  await run(world, world.alarmEvent());
  expect(world.lines.map(({ event }) => event)).toEqual([
    "rollback_decision",
    ...Array.from({ length: 4 }, () => "rollback_step"),
    "rollback_report",
  ]);
  for (const line of world.lines) expect(JSON.parse(JSON.stringify(line))).toEqual(line);
});
