import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TOKENS } from "../../rehearsal/ghl/server";
import { copyProject } from "../../rehearsal/proof/mutations";
import { projectRoot } from "../../tools/toolchain";
import { GhlEngineWorld, NAME, OURS, PLANTED } from "./support/ghl-world";

const ROTATED = "pit-7b7b7b7b-0000-4000-8000-000000rotated";
const BUILT = ["domain/dist", "clients/dist", "functions/dist", "dist"];

/** The checkout of the last up is gone, and so is its token: a colleague clones, runs `npm ci`, and destroys. */
describe("a destroy from a fresh checkout on the real Pulumi engine", { timeout: 300_000 }, () => {
  const root = projectRoot(__dirname);
  let folder: string;
  let world: GhlEngineWorld;

  beforeAll(async () => {
    mkdirSync(join(root, ".rehearsal"), { recursive: true });
    folder = mkdtempSync(join(root, ".rehearsal/checkout-"));
    copyProject(root, join(folder, "first"));
    world = new GhlEngineWorld();
    await world.start();
    world.ghl.seed(NAME, world.today);
  }, 300_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** What `npm ci` does once the packages are there. */
  function prepare(checkout: string): void {
    const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
      scripts: { prepare: string };
    };
    execFileSync("sh", ["-c", scripts.prepare], { cwd: checkout, env: { PATH: world.path, HOME: folder } });
  }

  it("moves the webhook from the first checkout, whose folder the state does not name", async () => {
    const first = join(folder, "first");
    expect(BUILT.filter((built) => existsSync(join(first, built)))).toEqual([]);
    prepare(first);
    await world.stack.configSet({ key: "cutover:url", value: OURS, secret: true });
    await world.fromCheckout(first).up();
    expect(world.holds).toBe(OURS);
    expect(await world.everythingStored()).not.toContain(folder);
  });

  it("says what to do where only the old token is known, and destroys with the rotated one", async () => {
    const fresh = join(folder, "fresh");
    renameSync(join(folder, "first"), fresh);
    for (const built of BUILT) rmSync(join(fresh, built), { recursive: true, force: true });
    prepare(fresh);
    world.ghl.rotateToken(TOKENS.write, ROTATED);
    const refused = await world.fromCheckout(fresh).destroy({ allowFailure: true });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.text).toMatch(/does not know the token.*set CUTOVER_GHL_TOKEN/);
    expect(world.holds).toBe(OURS);
    const destroyed = await world.fromCheckout(fresh, { CUTOVER_GHL_TOKEN: ROTATED }).destroy();
    expect(destroyed.text).toContain("put back to");
    expect(world.holds).toBe(world.today);
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
  });

  it("showed no token and no query string", () => {
    const printed = world.everythingPrinted();
    for (const secret of [...PLANTED, TOKENS.write, ROTATED]) expect(printed.includes(secret), secret).toBe(false);
  });
});
