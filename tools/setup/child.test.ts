import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "./child.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-child-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string, more: { deadlineMs?: number; failure?: string } = {}) =>
  run("/bin/sh", ["-c", script], { cwd: folder, env: {}, log: join(folder, "logs/x.log"), ...more });

it("gives the output and keeps it in the log", async () => {
  expect(await shell("echo out; echo err >&2")).toBe("out\nerr\n");
  expect(readFileSync(join(folder, "logs/x.log"), "utf8")).toContain("out\nerr\n");
});

it("fails with what failed, how, and the end of the log", async () => {
  await expect(shell("echo the reason >&2; exit 3", { failure: "building x failed" })).rejects.toThrow(
    /^building x failed: exit code 3\nThe last lines of .*x\.log:\n[\s\S]*the reason$/,
  );
});

it("says so when the command does not exist", async () => {
  const missing = run("/no/such/command", [], { cwd: folder, env: {}, log: join(folder, "x.log") });
  await expect(missing).rejects.toThrow(/\/no\/such\/command: .*ENOENT/);
});

it("ends a command, and what it started, after the deadline", async () => {
  // `run` ends when nobody holds the output any more, so this would time out if the grandchild survived.
  await expect(shell("sleep 600 & wait", { deadlineMs: 300 })).rejects.toThrow(/took longer than 0\.3 s/);
});
