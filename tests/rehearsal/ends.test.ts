import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { processesMarked, RUN_MARKER } from "../../rehearsal/run/processes";
import { waitFor } from "../../rehearsal/support/wait";
import { projectRoot } from "../../tools/toolchain";

const root = projectRoot(__dirname);
let folder: string;
const running: Rehearsal[] = [];

beforeAll(() => {
  mkdirSync(join(root, ".rehearsal"), { recursive: true });
  folder = mkdtempSync(join(root, ".rehearsal/ends-"));
});
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Rehearsal {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<number | null>;
}

function begin(env: Record<string, string> = {}): Rehearsal {
  const child = spawn(process.execPath, ["tools/run.mjs", "rehearsal/main.ts"], {
    cwd: root,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", CUTOVER_REHEARSAL_FOLDER: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const rehearsal = { child, said: () => text, exit };
  running.push(rehearsal);
  return rehearsal;
}

function runFolder(): string {
  return (JSON.parse(readFileSync(join(folder, "lock"), "utf8")) as { runFolder: string }).runFolder;
}

/** Until both emulators and the database run: in the middle of the start. */
async function worldStarts(rehearsal: Rehearsal): Promise<string> {
  await waitFor(() => existsSync(join(folder, "lock")) && processesMarked(RUN_MARKER, runFolder()).length >= 3, {
    what: `the world to start; it said: ${rehearsal.said()}`,
    deadlineMs: 60_000,
    everyMs: 100,
  });
  return runFolder();
}

describe("the end of a rehearsal", { timeout: 180_000 }, () => {
  it("refuses a second one, survives its own murder, and ends clean on Ctrl-C", async () => {
    const first = begin();
    const killed = await worldStarts(first);

    const second = begin();
    expect(await second.exit).toBe(2);
    expect(second.said()).toMatch(/^Another rehearsal runs in this checkout since .* \(process \d+/);

    first.child.kill("SIGKILL");
    await first.exit;
    expect(processesMarked(RUN_MARKER, killed).length).toBeGreaterThan(0);

    const third = begin();
    await waitFor(() => third.said().includes("was killed: ended"), {
      what: "the stale run to be cleared",
      deadlineMs: 60_000,
    });
    expect(processesMarked(RUN_MARKER, killed)).toEqual([]);
    expect(existsSync(killed)).toBe(false);

    const own = await worldStarts(third);
    third.child.kill("SIGINT");
    expect(await third.exit).toBe(130);
    expect(third.said()).toContain("ended by Ctrl-C");
    expect(processesMarked(RUN_MARKER, own)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name === "lock")).toEqual([]);
  });

  it("says that the port is taken, and starts nothing", async () => {
    const { createServer } = await import("node:net");
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
    const rehearsal = begin({ PORT: String(port) });
    expect(await rehearsal.exit).toBe(2);
    expect(rehearsal.said()).toContain(`Port ${port} is in use by another program`);
    await new Promise((resolve) => server.close(resolve));
  });
});
