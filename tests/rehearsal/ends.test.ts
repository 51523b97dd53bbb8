import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nameOf, processesMarked, RUN_MARKER } from "../../rehearsal/run/processes";
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

/** Until the rehearsal has said this. A rehearsal that ends before is no reason to wait on. */
async function hasSaid(rehearsal: Rehearsal, text: string): Promise<void> {
  const { child, said } = rehearsal;
  await waitFor(() => said().includes(text) || child.exitCode !== null, {
    what: `"${text}"; it said: ${said()}`,
    deadlineMs: 90_000,
    everyMs: 50,
  });
  expect(said()).toContain(text);
}

/** The process of this run whose command line holds `text`. */
function processOf(run: string, text: string): number {
  const found = processesMarked(RUN_MARKER, run).find(({ pid }) => nameOf(pid).includes(text));
  if (!found) throw new Error(`no process of ${run} has "${text}" in its command line`);
  return found.pid;
}

/** No process and no lock; of the run folder the logs only. */
function expectNothingLeft(run: string): void {
  expect(processesMarked(RUN_MARKER, run)).toEqual([]);
  expect(readdirSync(folder).filter((name) => name === "lock")).toEqual([]);
  expect(readdirSync(run)).toEqual(["logs"]);
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

  it("ends clean on Ctrl-C in the middle of an update", async () => {
    const rehearsal = begin({ PHASES: "prepare" });
    const run = await worldStarts(rehearsal);
    const log = join(run, "logs/pulumi.log");
    await waitFor(() => existsSync(log) && /^ \+ {2}aws:\S+ \S+ creat/m.test(readFileSync(log, "utf8")), {
      what: `the update to create the first AWS resources; it said: ${rehearsal.said()}`,
      deadlineMs: 120_000,
      everyMs: 50,
    });
    rehearsal.child.kill("SIGINT");
    expect(await rehearsal.exit).toBe(130);
    expect(rehearsal.said()).toContain("ended by Ctrl-C");
    expectNothingLeft(run);
  });

  it("names the emulator that was killed, and leaves nothing", async () => {
    const rehearsal = begin({ PHASES: "prepare" });
    const run = await worldStarts(rehearsal);
    await hasSaid(rehearsal, "prepare: pulumi config set");
    process.kill(processOf(run, "moto.server"), "SIGKILL");
    expect(await rehearsal.exit).toBe(1);
    expect(rehearsal.said()).toMatch(/an AWS emulator died in mid-run; the rehearsal can't go on\.\nmoto \(pid \d+\)/);
    expectNothingLeft(run);
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
