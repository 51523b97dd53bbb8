import { describe, expect, it } from "vitest";
import { RollbackIncomplete, runRollback } from "./run";
import { awsError, CONFIG, TestWorld } from "./testkit";

const run = (world: TestWorld, payload: unknown) => runRollback(payload, CONFIG, world.ports);
const notice = (name: string) => ({ source: "notice", notice: name });
const minute = (world: TestWorld) => {
  world.time += 60_000;
  return run(world, { source: "reconcile" });
};

describe("a notice whose date has come", () => {
  it("is sent to everybody, moves nothing and probes nothing", async () => {
    const world = new TestWorld();
    expect(await run(world, notice("progress"))).toMatchObject({ outcome: "completed" });
    expect(world.notices).toMatchObject([{ subject: expect.stringContaining("50 %"), audience: "everyone" }]);
    expect(world.calls.sort()).toEqual(["readApplied", "readShelf", "tellPeople"]);
  });

  it("is dropped while a rollback is in force", async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    expect(await run(world, notice("progress"))).toMatchObject({
      outcome: "ignored",
      sentence: "Notice progress is not sent: rollback rb-0001 is not over.",
    });
    expect(world.notices).toHaveLength(1);
  });

  it("is tried again by Lambda where it could not be sent", async () => {
    const world = new TestWorld();
    world.fail.tellPeople = () => awsError("ServiceUnavailable", "no");
    await expect(run(world, notice("progress"))).rejects.toThrow(RollbackIncomplete);
  });

  it("of no known name is ignored", async () => {
    expect(await run(new TestWorld(), notice("later"))).toMatchObject({ outcome: "ignored" });
  });
});

describe("a rollback that is over", () => {
  const released = async () => {
    const world = new TestWorld();
    await run(world, world.alarmEvent());
    await world.ports.markReleased("rb-0001");
    world.killSwitch = "off";
    world.webhook = "front-door";
    world.share = 10;
    return world;
  };

  it("is told once, within a minute, with the share as it is", async () => {
    const world = await released();
    expect(await minute(world)).toMatchObject({ outcome: "completed", id: "rb-0001" });
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.notices.slice(1)).toMatchObject([
      { subject: expect.stringContaining("rb-0001 is over: the new service gets 10 %"), audience: "everyone" },
    ]);
  });

  it("is told in a later minute where people could not be told", async () => {
    const world = await released();
    world.fail.tellPeople = () => awsError("ServiceUnavailable", "no");
    await expect(minute(world)).rejects.toThrow("no");
    delete world.fail.tellPeople;
    await minute(world);
    expect(world.notices).toHaveLength(2);
  });

  it("is no news after an hour: a version before this one told nobody", async () => {
    const world = await released();
    world.time += 61 * 60_000;
    expect(await minute(world)).toMatchObject({ outcome: "nothing" });
    expect(world.notices).toHaveLength(1);
  });
});
