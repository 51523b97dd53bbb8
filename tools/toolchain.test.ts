import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { projectRoot, resolveToolchain, withTools } from "./toolchain";

interface StateModule {
  writeRecord(root: string, env: NodeJS.ProcessEnv, tools: object): void;
  witness(path: string): object;
}

let root = "";
let env: NodeJS.ProcessEnv = {};
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "cutover-toolchain-"));
  env = { CUTOVER_CACHE: join(root, "cache"), PATH: "/bin" };
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/pulumi"), "binary");
  writeFileSync(join(root, "package-lock.json"), "{}");
  symlinkSync("/bin/sh", join(root, "bin/python"));
  const state: StateModule = await import(pathToFileURL(join(__dirname, "setup/state.mjs")).href);
  state.writeRecord(root, env, {
    node: "/n/node",
    pulumi: { binDir: join(root, "bin"), version: "3.250.0", origin: "built" },
    emulatorsPython: "/e/python",
    appPython: "/a/python",
    witnesses: ["bin/pulumi", "bin/python", "bin"].map((path) => state.witness(join(root, path))),
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("gives the paths that were set up", () => {
  const tools = resolveToolchain(root, env);
  expect(tools).toMatchObject({
    node: "/n/node",
    pulumiBinDir: join(root, "bin"),
    pulumiVersion: "3.250.0",
    pulumiOrigin: "built from Go modules",
    emulatorsPython: "/e/python",
    appPython: "/a/python",
    cacheDir: join(root, "cache"),
  });
  expect(withTools(tools, env).PATH).toBe(`${join(root, "bin")}:${join(root, "node_modules/.bin")}:/bin`);
});

it.each([
  [
    "nothing was set up",
    () => rmSync(join(root, "node_modules"), { recursive: true }),
    /nothing was set up in this folder yet/,
  ],
  [
    "the record is damaged",
    () => truncateSync(join(root, "node_modules/.cache/cutover/toolchain.json"), 9),
    /nothing was set up/,
  ],
  [
    "a lock file changed",
    () => writeFileSync(join(root, "package-lock.json"), "{ }"),
    /package-lock\.json changed since/,
  ],
  ["a lock file appeared", () => makeFile("tools/pulumi/cli/go.sum"), /tools\/pulumi\/cli\/go\.sum changed since/],
  ["a tool is gone", () => rmSync(join(root, "bin/pulumi")), /bin\/pulumi is missing/],
  ["a tool is cut short", () => truncateSync(join(root, "bin/pulumi"), 2), /pulumi is damaged: 2 bytes instead of 6/],
  ["the base of a link is gone", () => breakLink(), /bin\/python is missing/],
  [
    "the cache is elsewhere now",
    () => (env = { CUTOVER_CACHE: "/other" }),
    /the cache folder is now \/other, the tools are in/,
  ],
])("says what is wrong and what to run when %s", (_what, damage, message) => {
  damage();
  expect(() => resolveToolchain(root, env)).toThrow(message);
  expect(() => resolveToolchain(root, env)).toThrow(/Run `make setup`\.$/);
});

function makeFile(path: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), "");
}

function breakLink(): void {
  rmSync(join(root, "bin/python"));
  symlinkSync("/no/such/python", join(root, "bin/python"));
}

it("finds the project from any folder in it, and says so where there is none", () => {
  expect(projectRoot(join(__dirname, "pulumi/cli"))).toBe(join(__dirname, ".."));
  expect(() => projectRoot("/")).toThrow(/no package\.json named "cutover" at or above \//);
});
