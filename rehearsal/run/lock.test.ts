import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../errors";
import { waitFor } from "../support/wait";
import { RunLock } from "./lock";
import { identify, isAlive, processesMarked, processTree, RUN_MARKER } from "./processes";

let base: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cutover-lock-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(base, { recursive: true, force: true });
});

/** A process that stays until it is ended, with this marker in its environment. */
async function sleeper(mark?: string): Promise<ChildProcess & { pid: number }> {
  const env = { PATH: process.env.PATH ?? "", ...(mark ? { [RUN_MARKER]: mark } : {}) };
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { env, stdio: "ignore" });
  children.push(child);
  await waitFor(() => (mark ? processesMarked(RUN_MARKER, mark).length > 0 : child.pid !== undefined), {
    what: "the sleeper to show its environment",
    deadlineMs: 5000,
  });
  return child as ChildProcess & { pid: number };
}

function writeLock(holder: { pid: number; started: string; runFolder: string }): void {
  writeFileSync(join(base, "lock"), JSON.stringify({ ...holder, since: "2026-01-01T00:00:00.000Z" }));
}

describe("RunLock", () => {
  it("lets one rehearsal play at a time and names the one that does", async () => {
    const lock = await RunLock.acquire(base);
    expect(existsSync(lock.runFolder)).toBe(true);
    await expect(RunLock.acquire(base)).rejects.toThrow(UsageError);
    await expect(RunLock.acquire(base)).rejects.toThrow(`process ${process.pid}`);
    lock.release();
    expect(existsSync(join(base, "lock"))).toBe(false);
    (await RunLock.acquire(base)).release();
  });

  it("ends what a killed run left behind, and nobody else", async () => {
    const runFolder = join(base, "run-killed");
    mkdirSync(runFolder);
    const ours = await sleeper(runFolder);
    const other = await sleeper(join(base, "run-of-somebody-else"));
    writeLock({ pid: process.pid, started: "not the start time of this process", runFolder });

    const said: string[] = [];
    const lock = await RunLock.acquire(base, (sentence) => said.push(sentence));
    expect(identify(ours.pid)).toBeUndefined();
    expect(identify(other.pid)).toBeDefined();
    expect(existsSync(runFolder)).toBe(false);
    expect(said).toEqual([expect.stringContaining("ended 1 of its processes")]);
    lock.release();
  });

  it("never removes a folder outside its own base", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "cutover-elsewhere-"));
    writeLock({ pid: process.pid, started: "dead", runFolder: elsewhere });
    (await RunLock.acquire(base)).release();
    expect(existsSync(elsewhere)).toBe(true);
    rmSync(elsewhere, { recursive: true });
  });

  it("takes over a lock file that is no lock", async () => {
    writeFileSync(join(base, "lock"), "half a li");
    (await RunLock.acquire(base)).release();
  });

  it("releases only its own lock", async () => {
    const lock = await RunLock.acquire(base);
    const other = await sleeper();
    const identity = identify(other.pid);
    writeLock({ pid: other.pid, started: identity?.started ?? "", runFolder: join(base, "run-x") });
    lock.release();
    expect(JSON.parse(readFileSync(join(base, "lock"), "utf8")).pid).toBe(other.pid);
  });
});

describe("processes", () => {
  it("tells a process from its successor with the same number", async () => {
    const child = await sleeper();
    const seen = identify(child.pid);
    expect(seen && isAlive(seen)).toBe(true);
    expect(isAlive({ pid: child.pid, started: "earlier" })).toBe(false);
    child.kill("SIGKILL");
    await waitFor(() => seen && !isAlive(seen), { what: "the child's end", deadlineMs: 5000 });
  });

  it("finds children in the tree", async () => {
    const child = await sleeper();
    expect(processTree(process.pid)).toContain(child.pid);
  });
});
