import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asShellExports } from "../../rehearsal/engine/environment";
import { EngineError, StackRun } from "../../rehearsal/engine/stack";
import { resolveToolchain } from "../../tools/toolchain";

const project = join(__dirname, "fixtures/tiny-project");
const SECRET = "pl4nted-secret-value";
let runFolder: string;
let logFile: string;
let stack: StackRun;

beforeAll(async () => {
  runFolder = mkdtempSync(join(tmpdir(), "cutover-engine-"));
  logFile = join(runFolder, "pulumi.log");
  stack = new StackRun({ runFolder, stack: "t", project, logFile, path: resolveToolchain().pathDirs });
  await stack.init();
  await stack.configSet(
    { key: "tiny:phase", value: "one" },
    { key: "tiny:ghl.token", value: SECRET, secret: true },
    { key: "tiny:password", value: SECRET, secret: true },
  );
});
afterAll(() => rmSync(runFolder, { recursive: true, force: true }));

describe("StackRun on the real engine", { timeout: 180_000 }, () => {
  it("updates, sees no change, reports a refusal and destroys, without a trace in the project", async () => {
    process.env.PLANTED_BY_TEST = "1";
    const before = readdirSync(project);
    const first = await stack.up();
    expect(first.changes).toEqual({ create: 2 });
    expect(first.steps.map((s) => s.op)).toEqual(["create", "create"]);
    expect(await stack.outputs()).toMatchObject({ phase: "one", saw: "" });
    expect((await stack.outputs(true)).secret).toBe(SECRET);

    const again = await stack.up({ expectNoChanges: true });
    expect([again.exitCode, again.changed]).toEqual([0, 0]);
    const refresh = await stack.refresh({ previewOnly: true, expectNoChanges: true });
    expect([refresh.exitCode, refresh.changed]).toEqual([0, 0]);

    await stack.configSet({ key: "tiny:phase", value: "two" }, { key: "tiny:refuse", value: "true" });
    const refused = await stack.up().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EngineError);
    expect(String(refused)).toContain("Refused, nothing was changed.");
    expect(String(refused)).toContain(logFile);

    await stack.configRm("tiny:refuse");
    const changed = await stack.up({ expectNoChanges: true, allowFailure: true });
    expect(changed.exitCode).not.toBe(0);
    expect(changed.changed).toBeGreaterThan(0);

    await stack.destroy();
    expect((await stack.exportState()).deployment?.resources ?? []).toEqual([]);
    expect(readdirSync(project)).toEqual(before);
    expect(statSync(stack.stackFile).isFile()).toBe(true);
  });

  it("keeps secrets out of log and stack file", () => {
    expect(readFileSync(logFile, "utf8")).not.toContain(SECRET);
    expect(readFileSync(stack.stackFile, "utf8")).not.toContain(SECRET);
  });

  it("stops a run that takes too long, and says so", async () => {
    const slow = new StackRun({
      runFolder,
      stack: "t",
      project,
      logFile,
      path: resolveToolchain().pathDirs,
      deadlineMs: 300,
    });
    await expect(slow.preview()).rejects.toThrow("did not end in time");
  });

  it("ends at once when the rehearsal is aborted", async () => {
    const abort = new AbortController();
    const settings = { runFolder, stack: "t", project, logFile, path: resolveToolchain().pathDirs };
    const running = new StackRun({ ...settings, signal: abort.signal }).preview();
    abort.abort(new Error("a person pressed Ctrl-C"));
    await expect(running).rejects.toThrow("a person pressed Ctrl-C");
  });

  it("gives a person the same environment to source", () => {
    const text = asShellExports(stack.environment, "/usr/bin");
    expect(text).toContain(`export PULUMI_OPTION_CONFIG_FILE='${stack.stackFile}'`);
    expect(text).toMatch(/export PATH='.*:\/usr\/bin'/);
    expect(text).not.toMatch(/export HOME=/);
    expect(existsSync(stack.stackFile)).toBe(true);
  });
});
