import { describe, expect, it } from "vitest";
import { runRollback } from "./run";
import { awsError, CONFIG, TestWorld } from "./testkit";

const down = () => awsError("ServiceUnavailable", "Service is unable to handle request");
const run = (world: TestWorld, payload: unknown, config = CONFIG) => runRollback(payload, config, world.ports);
const minute = (world: TestWorld, minutes = 1, config = CONFIG) => {
  world.time += minutes * 60_000;
  return run(world, { source: "reconcile" }, config);
};
const WITHOUT_NODE = { ...CONFIG, killSwitch: { ruleArn: "arn:rule" } };

/** Both dead, an alarm, messages held. */
async function holding(): Promise<TestWorld> {
  const world = new TestWorld();
  world.health = { node: "dead", python: "dead" };
  await run(world, world.alarmEvent());
  if (world.killSwitch !== "hold") throw new Error("nothing is held");
  return world;
}

describe("both engines dead", () => {
  it("holds messages, proves that the inbox takes them, and tells people that one may not sleep on", async () => {
    const world = await holding();
    expect(world.records).toMatchObject([
      {
        to: "hold",
        steps: {
          switch: { state: "done" },
          verify: { state: "done", detail: expect.stringMatching(/inbox takes them/) },
          webhook: { state: "done" },
          notice: { state: "done" },
        },
      },
    ]);
    expect(world.notices[0]?.text).toMatch(/May I sleep on\?\n {2}No/);
  });

  it("answers whoever asks that messages are held, also who asks again", async () => {
    const manual = { source: "manual", reason: "wrong answers" };
    const world = new TestWorld();
    expect(await run(world, manual)).toMatchObject({ outcome: "rolled-back", to: "node" });
    world.health = { node: "dead", python: "dead" };
    expect(await minute(world)).toMatchObject({ outcome: "completed", to: "hold" });
    expect(await run(world, manual)).toMatchObject({ outcome: "joined", to: "hold" });
    expect(await run(await holding(), manual)).toMatchObject({ outcome: "joined", to: "hold" });
    const failing = new TestWorld();
    failing.fail.setSwitch = down;
    await expect(run(failing, manual)).rejects.toThrow(/has not moved/);
    expect(failing.lines.at(-1)).not.toHaveProperty("to");
  });

  it("points GoHighLevel back at the front door where an earlier rollback had sent it to Node's own URL", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    expect(world.webhook).toBe("node");
    world.health = { node: "dead", python: "dead" };
    await minute(world);
    expect(world.killSwitch).toBe("hold");
    expect(world.webhook).toBe("front-door");
  });

  it("with an inbox that takes nothing pages that messages are being lost, and moves nothing", async () => {
    const world = new TestWorld();
    world.health = { node: "dead", python: "dead" };
    world.inbox = "dead";
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "left" });
    expect(world.killSwitch).toBe("off");
    expect(world.notices[0]?.text).toMatch(/being lost/);
  });

  it("with an inbox that can't be probed holds all the same, says so, and proves it later", async () => {
    const world = new TestWorld();
    world.health = { node: "dead", python: "dead" };
    world.inbox = "unknown";
    await run(world, world.alarmEvent());
    expect(world.killSwitch).toBe("hold");
    expect(world.notices[0]?.text).toMatch(/not proved that the inbox takes messages/);
    world.inbox = "answers";
    await minute(world);
    expect(world.records[0]?.steps.verify?.state).toBe("done");
  });
});

describe("Node dead alone", () => {
  it("is held where Node has a share, because that share would be lost", async () => {
    const world = new TestWorld();
    world.health = { node: "dead", python: "answers" };
    expect(await run(world, world.alarmEvent("soft"))).toMatchObject({ outcome: "rolled-back" });
    expect(world.killSwitch).toBe("hold");
  });

  it.each([50, 0])("is seen by the minute at share %i, for Node's alarm goes to people only", async (share) => {
    const world = new TestWorld();
    world.share = share;
    world.health = { node: "dead", python: "answers" };
    world.ringNode();
    expect(await minute(world)).toMatchObject({ outcome: "rolled-back" });
    expect(world.killSwitch).toBe("hold");
  });

  it("before the front door concerns nobody", async () => {
    const world = new TestWorld();
    world.share = 0;
    world.health = { node: "dead", python: "answers" };
    world.ringNode();
    expect(await minute(world, 1, { ...CONFIG, frontDoor: false })).toMatchObject({ outcome: "left" });
    expect(world.killSwitch).toBe("off");
  });

  it("after a rollback to it is noticed within a minute, and told with the reason", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    world.health.node = "dead";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records).toMatchObject([
      { id: "rb-0001", to: "hold", first: "node", steps: { verify: { state: "done" } } },
    ]);
    expect(world.notices.at(-1)).toMatchObject({
      subject: expect.stringMatching(/now to the inbox/),
      text: expect.stringMatching(
        /Node does not answer its probes any more[\s\S]*wait for Node, because Python was rolled back: probes of Python failed/,
      ),
    });
    expect(world.killSwitch).toBe("hold");
  });

  it("that began the rollback keeps nothing from Python, however often Node comes and goes", async () => {
    const world = new TestWorld();
    world.health = { node: "dead", python: "answers" };
    world.ringNode();
    await minute(world);
    expect(world.notices[0]?.text).toMatch(/passed on each minute to Node, or else to Python/);
    world.health.node = "answers";
    await minute(world);
    expect(world.killSwitch).toBe("node");
    world.health.node = "dead";
    await minute(world);
    expect(world.records).toMatchObject([{ to: "hold", first: "hold" }]);
    expect(world.notices.at(-1)?.text).toMatch(/or else to Python/);
  });

  it("after a rollback to it stays there while the inbox is broken", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    world.health.node = "dead";
    world.inbox = "dead";
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.killSwitch).toBe("node");
  });
});

describe("the end of holding", () => {
  it("is Node, once it answers and the inbox is empty: live messages don't pass held ones", async () => {
    const world = await holding();
    world.held = 7;
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    world.health.node = "answers";
    expect(await minute(world)).toMatchObject({ sentence: expect.stringMatching(/being emptied/) });
    expect(world.killSwitch).toBe("hold");
    world.held = 0;
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.killSwitch).toBe("node");
    expect(world.webhook).toBe("node");
    expect(world.records).toMatchObject([{ to: "node", steps: { verify: { state: "done" } } }]);
    expect(world.records[0]).not.toHaveProperty("drainingSince");
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
  });

  it.each([
    ["with a handful that is on its way, after a few minutes", 5, 4],
    ["with a full inbox, after a quarter of an hour", 5_000, 16],
  ])("comes %s", async (_what, held, minutes) => {
    const world = await holding();
    world.held = held;
    world.health.node = "answers";
    await minute(world);
    await minute(world);
    expect(world.killSwitch).toBe("hold");
    await minute(world, minutes);
    expect(world.killSwitch).toBe("node");
  });

  it("waits anew where Node dies again meanwhile", async () => {
    const world = await holding();
    world.held = 5_000;
    world.health.node = "answers";
    await minute(world);
    world.health.node = "dead";
    await minute(world, 10);
    world.health.node = "answers";
    await minute(world, 10);
    expect(world.killSwitch).toBe("hold");
  });

  it("is not Python: it gets the messages from the inbox until a person releases the rollback", async () => {
    const world = await holding();
    world.health.python = "answers";
    for (let i = 0; i < 20; i++) await minute(world);
    expect(world.killSwitch).toBe("hold");
  });

  it("waits while the inbox can't be counted", async () => {
    const world = await holding();
    world.health.node = "answers";
    world.fail.countInbox = down;
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.killSwitch).toBe("hold");
  });
});

describe("once Node is removed", () => {
  it("a dead Python's messages are held, and stay held until a person releases them", async () => {
    const world = new TestWorld();
    world.share = 100;
    expect(await run(world, world.alarmEvent(), WITHOUT_NODE)).toMatchObject({ outcome: "rolled-back" });
    expect(world.killSwitch).toBe("hold");
    world.health.python = "answers";
    const probes = world.count("probe");
    expect(await minute(world, 1, WITHOUT_NODE)).toMatchObject({ outcome: "nothing" });
    expect(world.killSwitch).toBe("hold");
    expect(world.count("probe")).toBe(probes);
  });

  it.each(["soft", "suspicion"] as const)("a %s alarm pages and touches no rule", async (tier) => {
    const world = new TestWorld();
    world.share = 100;
    world.health.python = "answers";
    expect(await run(world, world.alarmEvent(tier), WITHOUT_NODE)).toMatchObject({ outcome: "left" });
    expect(world.count("setSwitch")).toBe(0);
  });
});

describe("a person at GoHighLevel", () => {
  it.each(["front-door", "theirs"] as const)(
    "who changes it to %s during a rollback is told of once",
    async (where) => {
      const world = new TestWorld();
      await run(world, world.alarmEvent());
      world.webhook = where;
      expect(await minute(world)).toMatchObject({ outcome: "left" });
      expect(await minute(world)).toMatchObject({ outcome: "nothing" });
      expect(world.webhook).toBe(where);
      expect(world.notices).toHaveLength(2);
      expect(world.notices[1]?.subject).toMatch(/somebody changed the webhook/);
      world.webhook = "node";
      await minute(world);
      world.webhook = where;
      await minute(world);
      expect(world.notices).toHaveLength(3);
    },
  );

  it("who changes it while messages are held is told that they don't reach the inbox", async () => {
    const world = await holding();
    world.webhook = "node";
    await minute(world);
    expect(world.notices[1]?.text).toMatch(/do not reach the inbox/);
  });

  it("whose own URL was left is told of it once, of another one again, and of the end", async () => {
    const world = new TestWorld();
    const found = "https://elsewhere.example.org/";
    const byHand = { why: "foreign", found } as const;
    world.webhook = "theirs";
    const moveWebhook = async () => ({ state: "skipped", byHand, detail: "left" }) as const;
    await runRollback(world.alarmEvent(), CONFIG, { ...world.ports, moveWebhook });
    expect(world.notices[0]?.text).toMatch(/By hand\n {2}webhook[\s\S]*May I sleep on\?\n {2}No/);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    world.webhook = "front-door";
    expect(await minute(world)).toMatchObject({ outcome: "left" });
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    world.webhook = "node";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records[0]?.steps.webhook).toMatchObject({ state: "done", detail: expect.stringMatching(/by hand/) });
    expect(world.notices.at(-1)?.text).toMatch(/moved it by hand to https:\/\/node.example.com/);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toHaveLength(3);
  });

  it("who points it at Node without a rollback has rolled back: switch and record follow", async () => {
    const world = new TestWorld();
    world.webhook = "node";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.killSwitch).toBe("node");
    expect(world.records[0]).toMatchObject({
      trigger: { kind: "by-hand", text: expect.stringMatching(/pointed GoHighLevel at Node/) },
      phase: "ramp-50",
    });
    expect(world.notices).toHaveLength(1);
  });

  it.each<[string, (world: TestWorld) => void]>([
    [
      "the share is 0: an update may be on its way down",
      (world) => {
        world.share = 0;
      },
    ],
    [
      "a rollback was released a moment ago: an update is about to write it",
      (world) => {
        const at = new Date(world.time).toISOString();
        const trigger = { kind: "hard", text: "x" } as const;
        const released = { version: 1, id: "rb-0001", at, trigger, to: "node", steps: {}, releasedAt: at } as const;
        world.records = [{ ...released, resumedTold: at }];
      },
    ],
    [
      "no phase is on record: a destroy is under way",
      (world) => {
        world.applied = undefined;
      },
    ],
    [
      "GoHighLevel does not answer",
      (world) => {
        world.fail.readWebhook = down;
      },
    ],
  ])("is no reason where %s", async (_what, happen) => {
    const world = new TestWorld();
    world.webhook = "node";
    happen(world);
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.killSwitch).toBe("off");
  });
});
