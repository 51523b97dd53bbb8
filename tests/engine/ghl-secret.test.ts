import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TOKENS } from "../../rehearsal/ghl/server";
import { GhlEngineWorld, NAME, OURS, PLANTED } from "./support/ghl-world";

const SECRET_NAME = "Cutover Webhook Secret";
const FIRST = "5ec2e7".repeat(8);
const SECOND = "5ec0ed".repeat(8);
const SECRETS = [...PLANTED, FIRST, SECOND, TOKENS.write];

/** One story on the real engine: a value that is there already, the secret beside it, and kills in the middle of each request. */
describe("the webhook's URL and its secret on the real Pulumi engine", { timeout: 300_000 }, () => {
  let world: GhlEngineWorld;
  const secret = () => world.ghl.valueOf(SECRET_NAME);
  const named = (name: string) => world.ghl.store.all().filter((stored) => stored.name === name).length;
  const set = (key: string, value: string) => world.stack.configSet({ key: `cutover:${key}`, value, secret: true });
  const resources = async () =>
    ((await world.stack.exportState()).deployment?.resources ?? []).filter(({ type }) => type.endsWith(":GhlValue"));

  beforeAll(async () => {
    world = new GhlEngineWorld();
    await world.start();
    world.ghl.seed(NAME, world.today);
  }, 120_000);
  afterAll(() => world?.stop(), 30_000);

  it("adopts a value that is there, and gives it back untouched", async () => {
    await world.stack.up();
    await world.stack.refresh({ expectNoChanges: true });
    expect(await resources()).toHaveLength(1);
    await world.stack.destroy();
    expect([world.holds, world.ghl.writes()]).toEqual([world.today, []]);
  });

  it("keeps what it adopted when the create fails at its write: the next up writes, and knows what was there", async () => {
    await set("url", OURS);
    world.ghl.fail({ method: "PUT" }, { kind: "echo-old" });
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(/answered with success, but 2 s later it still holds the old value/);
    expect(await resources()).toHaveLength(1);
    expect(world.holds).toBe(world.today);
    await world.stack.refresh();
    await world.stack.up();
    expect(world.holds).toBe(OURS);
    await world.stack.destroy();
    expect(world.holds).toBe(world.today);
  });

  it("destroys at once after a create that failed at its write", async () => {
    world.ghl.fail({ method: "PUT" }, { kind: "echo-old" });
    expect((await world.stack.up({ allowFailure: true })).exitCode).not.toBe(0);
    await world.stack.destroy();
    expect([world.holds, await resources()]).toEqual([world.today, []]);
  });

  it("makes the secret once after kill -9 before its POST was done", async () => {
    await set("secret", FIRST);
    await world.killDuring("POST", "up", "before");
    expect([named(SECRET_NAME), world.holds]).toEqual([0, world.today]);
    await world.stack.up();
    expect([named(SECRET_NAME), secret(), world.holds]).toEqual([1, FIRST, OURS]);
    await world.stack.up({ expectNoChanges: true });
  });

  it("rotates the secret after kill -9 before its PUT was done", async () => {
    await set("secret", SECOND);
    await world.killDuring("PUT", "up", "before");
    expect(secret()).toBe(FIRST);
    await world.stack.up();
    expect([named(SECRET_NAME), secret()]).toEqual([1, SECOND]);
  });

  it("shows a human's change of the secret without showing it, and does not write over it", async () => {
    world.ghl.editByHand(SECRET_NAME, FIRST);
    expect((await world.stack.preview()).text).toContain("somebody changed the secret in GHL by hand");
    await world.stack.refresh();
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toContain("changed the secret in GHL by hand. It is not overwritten");
    expect(secret()).toBe(FIRST);
    world.ghl.editByHand(SECRET_NAME, SECOND);
    await world.stack.up({ refresh: true });
  });

  it("showed neither secret, token nor query string, and stored them encrypted only", async () => {
    const stored = await world.everythingStored();
    const printed = world.everythingPrinted() + (await world.debug("refresh"));
    expect(stored.match(/GhlValue/g)?.length).toBeGreaterThan(1);
    for (const one of SECRETS) {
      expect(stored.includes(one), `${one} in the state`).toBe(false);
      expect(printed.includes(one), `${one} printed`).toBe(false);
    }
  });

  it("puts the URL back after kill -9 before the PUT of a destroy was done, the secret still being there", async () => {
    await world.killDuring("PUT", "destroy", "before");
    expect([world.holds, secret()]).toEqual([OURS, SECOND]);
  });

  it.each(["before", "after"] as const)("survives kill -9 %s the secret's DELETE was done", async (when) => {
    if (when === "after") await world.stack.up();
    expect(secret()).toBe(SECOND);
    await world.killDuring("DELETE", "destroy", when);
    expect([world.holds, named(SECRET_NAME)]).toEqual([world.today, when === "before" ? 1 : 0]);
    await world.stack.destroy();
    expect([world.holds, named(SECRET_NAME)]).toEqual([world.today, 0]);
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
  });
});
