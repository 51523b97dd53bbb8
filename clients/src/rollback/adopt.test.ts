import { describe, expect, it } from "vitest";
import type { RollbackPorts } from "./ports";
import { runRollback } from "./run";
import { awsError, CONFIG, TestWorld } from "./testkit";

const down = () => awsError("ServiceUnavailable", "Service is unable to handle request");
const run = (world: TestWorld, payload: unknown) => runRollback(payload, CONFIG, world.ports);
const look = (world: TestWorld) => run(world, { source: "reconcile" });
const minute = (world: TestWorld) => {
  world.time += 60_000;
  return look(world);
};

/** What waits for `opened` goes on once `open` was called. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Rolled back to Node; or to the inbox, with both engines dead. */
async function rolledBack(to: "node" | "hold" = "node"): Promise<TestWorld> {
  const world = new TestWorld();
  if (to === "hold") world.health = { node: "dead", python: "dead" };
  await run(world, world.alarmEvent());
  world.time += 60_000;
  if (world.killSwitch !== to || world.notices.length !== 1)
    throw new Error("the rollback is not as the test wants it");
  return world;
}

describe("a switch that a person moves while a rollback is open", () => {
  it("to the inbox stays there, is proved, gets the webhook, is told once, and is watched until Node lives", async () => {
    const world = await rolledBack();
    world.health.node = "dead";
    world.killSwitch = "hold";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records).toMatchObject([
      {
        to: "hold",
        steps: {
          switch: { state: "done", detail: 'it stood at "hold" already' },
          verify: { state: "done", detail: expect.stringMatching(/inbox takes them/) },
          webhook: { state: "done" },
        },
      },
    ]);
    expect(world.records[0]).not.toHaveProperty("busyUntil");
    expect(world.webhook).toBe("front-door");
    expect(world.notices[1]).toMatchObject({
      subject: expect.stringMatching(/rb-0001: now to the inbox/),
      text: expect.stringMatching(/A person moved the kill switch from "node" to "hold".*once it answers the inbox/),
    });
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toHaveLength(2);
    expect(world.count("setSwitch")).toBe(1);
    world.health.node = "answers";
    expect(await minute(world)).toMatchObject({ outcome: "completed" });
    expect([world.killSwitch, world.webhook, world.records[0]?.to]).toEqual(["node", "node", "node"]);
  });

  it("to Node stays there and is watched: where Node dies messages are held again", async () => {
    const world = await rolledBack("hold");
    world.health.node = "answers";
    world.held = 5_000;
    world.killSwitch = "node";
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(world.records).toMatchObject([{ to: "node", steps: { verify: { state: "done" } } }]);
    expect([world.killSwitch, world.webhook]).toEqual(["node", "node"]);
    expect(world.notices[1]?.text).toMatch(/from "hold" to "node".*where it dies messages are kept/);
    world.health.node = "dead";
    await minute(world);
    expect([world.killSwitch, world.webhook, world.records[0]?.to]).toEqual(["hold", "front-door", "hold"]);
  });

  it("to a Node that is dead stays for one minute: its proof fails, and messages are held", async () => {
    const world = await rolledBack("hold");
    world.killSwitch = "node";
    await minute(world);
    expect(world.records[0]?.steps.verify).toMatchObject({ state: "failed" });
    expect(await minute(world)).toMatchObject({ outcome: "completed" });
    expect(world.killSwitch).toBe("hold");
  });

  it("to an inbox that takes nothing does not stay there once Node lives", async () => {
    const world = await rolledBack();
    world.health.node = "dead";
    world.inbox = "dead";
    world.killSwitch = "hold";
    await minute(world);
    expect(world.records[0]?.steps.verify).toMatchObject({ state: "failed" });
    world.health.node = "answers";
    await minute(world);
    expect(world.killSwitch).toBe("node");
  });

  it("is no proof of the place that the record names", async () => {
    const world = await rolledBack();
    world.records = world.records.map((r) => ({
      ...r,
      steps: { ...r.steps, verify: { ...r.steps.verify, state: "failed" } } as never,
    }));
    world.before.probe = () => {
      world.killSwitch = "hold";
    };
    await look(world);
    expect(world.records[0]?.steps.verify).toMatchObject({ state: "failed" });
    expect(world.killSwitch).toBe("hold");
  });

  it("is left to the reconciler by an alarm that joins: the webhook does not go back to where the record has it", async () => {
    const world = await rolledBack();
    world.records = world.records.map((r) => ({ ...r, steps: { ...r.steps, webhook: undefined } as never }));
    world.killSwitch = "hold";
    world.webhook = "front-door";
    expect(await run(world, world.alarmEvent())).toMatchObject({ outcome: "joined", id: "rb-0001" });
    expect([world.killSwitch, world.webhook]).toEqual(["hold", "front-door"]);
  });

  it.each(["readShelf", "readListener"] as const)("waits for the next minute where a second %s fails", async (port) => {
    const world = await rolledBack();
    world.killSwitch = "hold";
    let reads = 0;
    world.before[port] = () => {
      world.fail[port] = () => (reads++ === 1 ? down() : undefined) as Error;
    };
    expect(await minute(world)).toMatchObject({ outcome: "failed", sentence: expect.stringMatching(/next minute/) });
    expect(world.records[0]?.to).toBe("node");
    expect(await minute(world)).toMatchObject({ outcome: "completed" });
    expect(world.records[0]?.to).toBe("hold");
  });

  it("moves all the same where SSM does not take that somebody is at it", async () => {
    const world = await rolledBack();
    world.health.node = "dead";
    world.fail.updateRecord = down;
    await look(world);
    expect(world.killSwitch).toBe("hold");
    delete world.fail.updateRecord;
    await minute(world);
    expect(world.records[0]).toMatchObject({ to: "hold", steps: { verify: { state: "done" } } });
  });
});

it("a move to the inbox that fails is tried again and told as what it is", async () => {
  const world = await rolledBack();
  world.health.node = "dead";
  world.fail.setSwitch = down;
  await minute(world);
  await minute(world);
  expect(world.killSwitch).toBe("node");
  delete world.fail.setSwitch;
  await minute(world);
  expect([world.killSwitch, world.records[0]?.to]).toEqual(["hold", "hold"]);
  expect(world.notices.map(({ text }) => text).join()).not.toMatch(/A person moved/);
});

describe("two invocations that decide differently at the same time", () => {
  /** Each next look at Node says the other thing, as long as both are at it. */
  function flickering(world: TestWorld): void {
    world.before.probe = () => {
      world.health.node = world.health.node === "dead" ? "answers" : "dead";
    };
  }

  /** From then on nothing changes but the minutes. */
  async function settled(world: TestWorld, node: "answers" | "dead"): Promise<void> {
    delete world.before.probe;
    world.health.node = node;
    for (let n = 0; n < 4; n++) await minute(world);
    const [told, moved] = [world.notices.length, world.count("setSwitch")];
    for (let n = 0; n < 3; n++) expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    const to = node === "dead" ? "hold" : "node";
    expect([world.killSwitch, world.records.at(-1)?.to]).toEqual([to, to]);
    expect(world.webhook).toBe(to === "hold" ? "front-door" : "node");
    expect([world.notices.length, world.count("setSwitch")]).toEqual([told, moved]);
  }

  const pauses = Array.from({ length: 30 }, (_, pause) => pause);
  const after = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it.each(pauses)("about a new rollback agree within minutes, pause %i", async (pause) => {
    for (const node of ["answers", "dead"] as const) {
      const world = new TestWorld();
      flickering(world);
      const first = run(world, world.alarmEvent());
      await after(pause);
      await Promise.all([first, run(world, world.alarmEvent("soft"))]);
      expect(world.records).toHaveLength(1);
      await settled(world, node);
      // Twice at the beginning, and at most once more to the place that is right.
      expect(world.count("setSwitch")).toBeLessThanOrEqual(4);
    }
  });

  it.each(pauses)("about a switch that a person moved agree within minutes, pause %i", async (pause) => {
    for (const node of ["answers", "dead"] as const) {
      for (const to of ["node", "hold"] as const) {
        const world = await rolledBack(to);
        world.killSwitch = to === "hold" ? "node" : "hold";
        flickering(world);
        const first = look(world);
        await after(pause);
        await Promise.all([first, look(world)]);
        await settled(world, node);
        expect(world.count("setSwitch")).toBeLessThanOrEqual(4);
      }
    }
  });

  it("leave the webhook where the record has it, whichever of them writes it last", async () => {
    const world = new TestWorld();
    const [recorded, moved, done] = [gate(), gate(), gate()];
    const toNode: RollbackPorts = {
      ...world.ports,
      createRecord: (...given) => world.ports.createRecord(...given).finally(recorded.open),
      setSwitch: async (to) => moved.opened.then(() => world.ports.setSwitch(to)),
    };
    const toInbox: RollbackPorts = {
      ...world.ports,
      probe: async (engine) => (engine === "node" ? "dead" : world.ports.probe(engine)),
      createRecord: async (...given) => recorded.opened.then(() => world.ports.createRecord(...given)),
      setSwitch: (to) => world.ports.setSwitch(to).finally(moved.open),
      moveWebhook: async (to) => done.opened.then(() => world.ports.moveWebhook(to)),
    };
    const first = runRollback(world.alarmEvent(), CONFIG, toNode).finally(done.open);
    await Promise.all([first, runRollback(world.alarmEvent("soft"), CONFIG, toInbox)]);
    expect([world.killSwitch, world.webhook, world.records[0]?.to]).toEqual(["node", "node", "node"]);
    await settled(world, "answers");
    expect(world.notices).toHaveLength(1);
  });

  it("see the other's move and its record read at different times for what it is", async () => {
    const world = await rolledBack();
    let reads = 0;
    const readListener = async () => ({
      ...(await world.ports.readListener()),
      ...(reads++ ? {} : { killSwitch: "hold" as const }),
    });
    world.time += 60_000;
    const report = await runRollback({ source: "reconcile" }, CONFIG, { ...world.ports, readListener });
    expect(report).toMatchObject({ outcome: "nothing" });
    expect(world.records[0]?.to).toBe("node");
    expect(world.notices).toHaveLength(1);
  });

  it.each(pauses)("about one that the function moves take its move for no person's, pause %i", async (pause) => {
    const world = await rolledBack();
    world.health.node = "dead";
    const first = look(world);
    await after(pause);
    await Promise.all([first, look(world)]);
    expect(world.notices.map(({ text }) => text).join()).not.toMatch(/A person moved/);
    await settled(world, "dead");
  });
});
