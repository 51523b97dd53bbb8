import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TOKENS } from "../../rehearsal/ghl/server";
import { GhlEngineWorld, NAME, OURS, PLANTED } from "./support/ghl-world";

const ROTATED = "pit-7b7b7b7b-0000-4000-8000-000000rotated";
const AGAIN = "pit-9c9c9c9c-0000-4000-8000-00rotatedagain";
const BY_HAND = "https://elsewhere.example.com/by-hand";
const SECRETS = [...PLANTED, TOKENS.write, TOKENS.readonly, ROTATED, AGAIN];

/** One story on the real engine; each step begins where the one before it ended. */
describe("a GHL custom value on the real Pulumi engine", { timeout: 300_000 }, () => {
  let world: GhlEngineWorld;
  const read: string[] = [];

  beforeAll(async () => {
    world = new GhlEngineWorld();
    await world.start();
  }, 120_000);
  afterAll(() => world?.stop(), 30_000);
  /** After each step, while the state still holds something: a destroy empties it. */
  afterEach(async () => {
    const stored = await world.everythingStored();
    expect(stored).toContain("GhlValue");
    expect(stored).toContain('"ciphertext"');
    const printed = world.everythingPrinted();
    for (const secret of SECRETS) {
      expect(stored.includes(secret), `${secret} in the state`).toBe(false);
      expect(printed.includes(secret), `${secret} printed`).toBe(false);
    }
  }, 60_000);

  it("survives kill -9 in create: one value only, holding today's URL", async () => {
    await world.killDuring("POST", "up");
    expect(world.holds).toBe(world.today);
    await world.stack.up();
    expect(world.count).toBe(1);
    expect(world.holds).toBe(world.today);
    expect(world.ghl.writes().map((w) => w.method)).toEqual(["POST"]);
  });

  it("moves the webhook, and shows no change after that in up and refresh", async () => {
    await world.stack.configSet({ key: "cutover:url", value: OURS, secret: true });
    const preview = await world.stack.preview();
    expect(preview.text).toMatch(
      /pointsAt: "http:\/\/127[^"]*\/hook\?…" => "https:\/\/hooks\.example\.com\/webhooks\/ghl\?…"/,
    );
    await world.stack.up();
    expect(world.holds).toBe(OURS);
    expect(world.ghl.writes()).toHaveLength(2);
    await world.stack.refresh({ expectNoChanges: true });
    await world.stack.up({ expectNoChanges: true });
    expect(world.ghl.writes()).toHaveLength(2);
  });

  it("shows a human's move back to Node in preview and refresh, and does not flip it back", async () => {
    world.ghl.editByHand(NAME, world.today);
    const preview = await world.stack.preview();
    expect(preview.text).toContain("somebody moved GHL back to");
    expect(preview.changed).toBe(0);
    const refresh = await world.stack.refresh();
    expect(refresh.changes.update).toBe(1);
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(
      /changed the value in GHL by hand.*the address from before the cutover.*It is not overwritten/,
    );
    expect(world.holds).toBe(world.today);
    const fingerprint = /cutover:ghl\.overwrite' ([0-9a-f]{12})/.exec(up.text)?.[1] ?? "";
    await world.stack.configSet({ key: "cutover:ghl.overwrite", value: fingerprint });
    await world.stack.up();
    expect(world.holds).toBe(OURS);
  });

  it("survives kill -9 in update: the next up finds its own write", async () => {
    const next = `${OURS}&v=2`;
    await world.stack.configSet({ key: "cutover:url", value: next, secret: true });
    await world.killDuring("PUT", "up");
    expect(world.holds).toBe(next);
    const writes = world.ghl.writes().length;
    await world.stack.up();
    await world.stack.up({ expectNoChanges: true });
    expect(world.ghl.writes()).toHaveLength(writes);
  });

  it.each([400, 404] as const)("gets over GHL's bad moments in one up (a missing id is %i)", async (missing) => {
    world.ghl.missing = missing;
    const made = `${OURS}&made=${missing}`;
    await world.stack.configSet({ key: "cutover:url", value: made, secret: true });
    world.ghl.deleteByHand(NAME);
    world.ghl.fail({ method: "POST" }, { kind: "reset", when: "after", lists: 2 });
    await world.stack.up();
    expect([world.count, world.holds]).toEqual([1, made]);
    const asked = world.ghl.journal.filter((entry) => entry.method === "GET" && entry.status === missing);
    expect(asked.length).toBeGreaterThan(0);
    const next = `${OURS}&bad=${missing}`;
    await world.stack.configSet({ key: "cutover:url", value: next, secret: true });
    const writes = world.ghl.writes().length;
    world.ghl.fail({ method: "PUT" }, { kind: "status", status: 429, retryAfter: "1", html: true });
    world.ghl.fail({ method: "PUT" }, { kind: "status", status: 502, html: true });
    world.ghl.fail({ method: "PUT" }, { kind: "reset", when: "after" });
    await world.stack.up();
    expect(world.holds).toBe(next);
    expect(world.ghl.writes().slice(writes)).toHaveLength(3); // the third was done before its answer was lost
  });

  it("fails on a write that is accepted and not done, keeps what it knows, and the next up writes it", async () => {
    const before = world.holds;
    const next = `${OURS}&kept=1`;
    await world.stack.configSet({ key: "cutover:url", value: next, secret: true });
    world.ghl.fail({ method: "PUT" }, { kind: "echo-old" });
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(/answered with success, but 2 s later it still holds the old value/);
    expect(world.holds).toBe(before);
    await world.stack.up();
    expect(world.holds).toBe(next);
  });

  it("says that there are two of the name in preview and refresh, and writes neither", async () => {
    const second = world.ghl.seed(NAME, BY_HAND);
    const before = world.holds;
    expect((await world.stack.preview()).text).toContain('2 custom values named "Cutover Webhook URL"');
    expect((await world.stack.refresh()).text).toContain('2 custom values named "Cutover Webhook URL"');
    await world.stack.configSet({ key: "cutover:url", value: `${OURS}&two=1`, secret: true });
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(/2 custom values named.*Which of them the workflow step gets is not known/);
    expect([world.holds, world.ghl.store.byId(second)?.value]).toEqual([before, BY_HAND]);
    world.ghl.store.delete(second);
    await world.stack.up();
    expect(world.holds).toBe(`${OURS}&two=1`);
  });

  it("does not leave its value for another one that the configuration names", async () => {
    world.ghl.seed("Another Webhook URL", BY_HAND);
    await world.stack.configSet({ key: "cutover:ghl.webhookValue", value: "Another Webhook URL" });
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(
      /names another custom value than "Cutover Webhook URL" \(id \w+\), which holds what Cutover wrote/,
    );
    expect([world.holds, world.ghl.valueOf("Another Webhook URL")]).toEqual([`${OURS}&two=1`, BY_HAND]);
    await world.stack.configRm("cutover:ghl.webhookValue");
    const writes = world.ghl.writes().length;
    await world.stack.up(); // takes the name back into the state
    await world.stack.up({ expectNoChanges: true });
    expect(world.ghl.writes()).toHaveLength(writes);
    world.ghl.deleteByHand("Another Webhook URL");
  });

  it("tells an API version that GHL retired from a bad token", async () => {
    await world.stack.configSet({ key: "cutover:url", value: `${OURS}&version=1`, secret: true });
    const retired = { kind: "status", status: 401, message: "version header is invalid" } as const;
    world.ghl.fail({ times: Number.POSITIVE_INFINITY }, retired);
    const up = await world.stack.up({ allowFailure: true });
    world.ghl.heal();
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toContain("refused the API version, not the token");
    expect(world.holds).toBe(`${OURS}&two=1`);
  });

  it("names the scope a token lacks, and changes nothing", async () => {
    const before = world.holds;
    await world.stack.configSet(
      { key: "cutover:url", value: `${OURS}&scope=1`, secret: true },
      { key: "cutover:ghl.token", value: TOKENS.readonly, secret: true },
    );
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toContain("the token lacks the scope locations/customValues.write");
    expect(world.holds).toBe(before);
    await world.stack.configSet({ key: "cutover:ghl.token", value: TOKENS.write, secret: true });
    await world.stack.up();
  });

  it("shows in refresh that somebody deleted the value, makes it again, and still knows what was there before", async () => {
    world.ghl.deleteByHand(NAME);
    expect((await world.stack.refresh()).changes.update).toBe(1);
    expect((await world.stack.preview()).changes.update).toBe(1);
    await world.stack.up();
    expect(world.holds).toBe(`${OURS}&scope=1`);
  });

  it("keeps tokens and query strings out of debug output of preview, up and refresh", async () => {
    await world.stack.configSet({ key: "cutover:url", value: `${OURS}&v=3`, secret: true });
    for (const command of ["preview", "up", "refresh"] as const) {
      const printed = await world.debug(command);
      expect(printed).toContain("GhlValue");
      for (const secret of [...PLANTED, TOKENS.write]) expect(printed.includes(secret), secret).toBe(false);
    }
    expect(world.holds).toBe(`${OURS}&v=3`);
  });

  it("tells what to do when the token was rotated, and takes today's with --run-program", async () => {
    world.ghl.rotateToken(TOKENS.write, ROTATED);
    await world.stack.configSet({ key: "cutover:ghl.token", value: ROTATED, secret: true });
    const refresh = await world.stack.refresh({ allowFailure: true });
    read.push(refresh.text);
    expect(refresh.exitCode).not.toBe(0);
    expect(refresh.text).toMatch(/does not know the token.*add --run-program there, or set CUTOVER_GHL_TOKEN/);
    expect(refresh.text).not.toContain("errors.js");
    await world.withEnvironment({ PULUMI_RUN_PROGRAM: "true" }).refresh();
  });

  it("survives kill -9 in delete, and destroys from another shell with the rotated token", async () => {
    await world.killDuring("PUT", "destroy");
    expect(world.holds).toBe(world.today);
    const destroy = await world.withEnvironment({ CUTOVER_GHL_TOKEN: ROTATED }).destroy();
    expect(destroy.text).toContain("it already holds the value from before the cutover");
    expect(world.holds).toBe(world.today);
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
  });

  it("destroys with today's token by --run-program, and keeps it out of debug output", async () => {
    await world.stack.up();
    expect(world.holds).toBe(`${OURS}&v=3`);
    world.ghl.rotateToken(ROTATED, AGAIN);
    await world.stack.configSet({ key: "cutover:ghl.token", value: AGAIN, secret: true });
    const without = await world.debug("destroy");
    expect(without).toMatch(/does not know the token.*add --run-program there, or set CUTOVER_GHL_TOKEN/);
    expect(world.holds).toBe(`${OURS}&v=3`);
    const printed = await world.debug("destroy", "--run-program");
    expect(world.holds).toBe(world.today);
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
    for (const secret of [...PLANTED, ROTATED, AGAIN]) expect((without + printed).includes(secret), secret).toBe(false);
  });

  it("survives kill -9 between POST and PUT of a create", async () => {
    world.ghl.deleteByHand(NAME);
    await world.killDuring("POST", "up");
    expect(world.holds).toBe(world.today);
    await world.stack.up();
    expect([world.count, world.holds]).toEqual([1, `${OURS}&v=3`]);
  });

  it("does not write over a human's edit between read and write of a destroy", async () => {
    const edit = () => world.ghl.editByHand(NAME, BY_HAND);
    world.ghl.fail({ method: "GET", on: "item", skip: 1 }, { kind: "meanwhile", run: edit });
    const destroy = await world.stack.destroy({ allowFailure: true });
    expect(destroy.exitCode).not.toBe(0);
    expect(destroy.text).toContain("was changed by somebody else a moment ago. Nothing was written");
    expect(world.holds).toBe(BY_HAND);
    world.ghl.editByHand(NAME, `${OURS}&v=3`);
  });

  it("refuses to destroy while GHL is down, with the way out", async () => {
    world.ghl.fail({ times: Number.POSITIVE_INFINITY }, { kind: "status", status: 401, html: true });
    const destroy = await world.stack.destroy({ allowFailure: true });
    world.ghl.heal();
    expect(destroy.exitCode).not.toBe(0);
    expect(destroy.text).toMatch(/a web page answered \(401\), not GHL's API.*cutover:destroy lose-traffic/);
    expect(world.holds).toBe(`${OURS}&v=3`);
  });

  it("refuses to destroy when the old service is gone, unless CUTOVER_DESTROY accepts the loss", async () => {
    await world.stack.up();
    await world.stopOldService();
    const refused = await world.stack.destroy({ allowFailure: true });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.text).toMatch(
      /the address from before, http:\/\/127[^ ]*, does not answer.*cutover:destroy lose-traffic/,
    );
    expect(world.holds).toBe(`${OURS}&v=3`);
    const destroy = await world.withEnvironment({ CUTOVER_DESTROY: "lose-traffic" }).destroy();
    expect(destroy.text).toContain("left as it is because of cutover:destroy lose-traffic");
    expect(world.holds).toBe(`${OURS}&v=3`);
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
  });

  it("never renamed a value", () => {
    expect(world.ghl.renames).toEqual([]);
  });
});
