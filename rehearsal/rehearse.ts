import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { resolveToolchain, type Toolchain, ToolchainError } from "../tools/toolchain";
import type { Arguments } from "./arguments";
import { Interrupted, messageOf, RehearsalError, UsageError } from "./errors";
import { orAborted, watchInterrupts } from "./interrupts";
import { keepRunning } from "./keep";
import { writeReport } from "./report/write";
import { endProcesses } from "./run/ending";
import { RunLock } from "./run/lock";
import { filesHolding } from "./run/planted";
import { requireFreeDisk, requireFreePort } from "./run/preflight";
import { processesMarked, RUN_MARKER } from "./run/processes";
import type { Terminal } from "./run/terminal";
import { type PlayedStory, playStory } from "./story/play";
import type { Chapter } from "./story/steps";
import { chooseChapters } from "./story/the-story";
import { printSummary } from "./summary";
import { World } from "./world/world";

export interface Rehearsal {
  readonly args: Arguments;
  readonly terminal: Terminal;
  /** The project's folder. */
  readonly root: string;
  /** Folder of lock and run folders; inside the project, so that its packages are found. */
  readonly base: string;
  /** Where the result is written. */
  readonly reportFolder: string;
  /** Told the text of report.json. */
  readonly onReport: (file: string) => void;
}

/** Plays a rehearsal from the lock to the last process. Returns the exit code; says everything on the terminal. */
export async function rehearse(rehearsal: Rehearsal): Promise<number> {
  const { args, terminal, root, base } = rehearsal;
  const chapters = chooseChapters(args);
  const toolchain = findTools(root);
  await requireFreeDisk(base);
  if (args.port !== undefined) await requireFreePort(args.port);
  const lock = await RunLock.acquire(base, (sentence) => terminal.line(sentence));
  process.env[RUN_MARKER] = lock.runFolder;
  const interrupts = watchInterrupts(() => endNow(lock));
  let ok = false;
  try {
    removeOldRuns(base, lock.runFolder);
    ok = await playAndReport(rehearsal, { chapters, toolchain, lock, interrupts });
    return ok ? 0 : 1;
  } catch (error) {
    return explain(error, terminal);
  } finally {
    await leaveNothing(lock, ok, terminal);
    interrupts.release();
    lock.release();
  }
}

interface Run {
  readonly chapters: readonly Chapter[];
  readonly toolchain: Toolchain;
  readonly lock: RunLock;
  readonly interrupts: ReturnType<typeof watchInterrupts>;
}

async function playAndReport(rehearsal: Rehearsal, run: Run): Promise<boolean> {
  const { args, terminal, reportFolder } = rehearsal;
  const { lock, interrupts, toolchain } = run;
  for (const name of ["report.json", "report.html", "details.json"]) rmSync(join(reportFolder, name), { force: true });
  const problems: string[] = [];
  const startedAtMs = Date.now();
  const starting = terminal.activity("start the world: AWS emulators, load balancer, PostgreSQL, GoHighLevel, Node");
  const { world, stage } = await World.start({
    toolchain,
    runFolder: lock.runFolder,
    terminal,
    startedAtMs,
    ...(args.port === undefined ? {} : { port: args.port }),
    signal: interrupts.signal,
    onBroken: (error) => interrupts.abort(error),
    onProblem: (sentence) => {
      problems.push(sentence);
      terminal.bad(sentence);
    },
  }).catch((error: unknown) => {
    starting.failed("failed");
    throw error;
  });
  starting.done(`Pulumi ${toolchain.pulumiVersion} (${toolchain.pulumiOrigin})`);
  try {
    const story = playStory(stage, { chapters: run.chapters, terminal });
    const told = await orAborted(story, interrupts.signal);
    const played = withProblems(told, [...problems, ...shownSecrets(told, stage.secrets(), lock.runFolder)]);
    const written = writeReport(reportFolder, played.report, played.details);
    printSummary(terminal, played.report, played.details, written);
    rehearsal.onReport(written.json);
    if (args.keep) {
      await keepRunning({
        stage,
        traffic: played.scene.traffic,
        terminal,
        runFolder: lock.runFolder,
        reportFile: written.html,
        phase: run.chapters.at(-1)?.steps.at(-1)?.phase ?? "prepare",
      });
    }
    return played.details.ok;
  } finally {
    const ending = terminal.activity("end the world");
    const resisted = await world.stop();
    if (resisted.length === 0) ending.done();
    else ending.failed(resisted.join("; "));
  }
}

/** Tokens and query strings may be in no log, state or report. */
function shownSecrets({ report, details }: PlayedStory, secrets: readonly string[], runFolder: string): string[] {
  const files = filesHolding(runFolder, secrets).map(
    (file) => `${file} holds a token, a webhook secret or a query string`,
  );
  const told = JSON.stringify([report, details]);
  return secrets.some((secret) => told.includes(secret)) ? [...files, "the report would show a secret"] : files;
}

/** What broke on the side fails the run too: an expectation can't have noticed everything. */
function withProblems(played: PlayedStory, problems: readonly string[]): PlayedStory {
  if (problems.length === 0) return played;
  const failures = [...played.details.failures, ...new Set(problems)];
  return { ...played, details: { ...played.details, ok: false, failures } };
}

function findTools(root: string): Toolchain {
  try {
    return resolveToolchain(root);
  } catch (error) {
    if (error instanceof ToolchainError) throw new UsageError(error.message);
    throw error;
  }
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof Interrupted) {
    terminal.line(`${error.message}: everything is ended, nothing is left.`);
    return error.exitCode;
  }
  if (error instanceof UsageError) throw error;
  const text = error instanceof RehearsalError ? error.message : `The rehearsal itself has a fault: ${stackOf(error)}`;
  terminal.line(terminal.paint(`✗ ${text}`, "bad"));
  terminal.line(terminal.paint("FAILED", "bad"));
  return 1;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

/** Processes that outlived their parent are ended; the folder goes, but after a failure its logs stay until the next run. */
async function leaveNothing(lock: RunLock, ok: boolean, terminal: Terminal): Promise<void> {
  const left = processesMarked(RUN_MARKER, lock.runFolder);
  await endProcesses(left);
  if (ok) {
    rmSync(lock.runFolder, { recursive: true, force: true });
    return;
  }
  for (const name of readdirSync(lock.runFolder)) {
    if (name !== "logs") rmSync(join(lock.runFolder, name), { recursive: true, force: true });
  }
  if (existsSync(join(lock.runFolder, "logs"))) terminal.line(`logs: ${join(lock.runFolder, "logs")}`);
}

/** Logs of earlier failures. The lock is held, so none of these folders is in use by a rehearsal. */
function removeOldRuns(base: string, own: string): void {
  for (const name of readdirSync(base)) {
    const folder = join(base, name);
    if (/^run-\d{4}-\d\d-\d\dT/.test(name) && folder !== own) rmSync(folder, { recursive: true, force: true });
  }
}

/** The second Ctrl-C: no grace for anybody. */
function endNow(lock: RunLock): never {
  for (const { pid } of processesMarked(RUN_MARKER, lock.runFolder)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // ended meanwhile
    }
  }
  rmSync(lock.runFolder, { recursive: true, force: true });
  lock.release();
  process.exit(130);
}
