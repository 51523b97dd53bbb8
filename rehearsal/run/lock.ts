import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors";
import { endProcesses } from "./ending";
import { identify, isAlive, type ProcessIdentity, processesMarked, RUN_MARKER } from "./processes";

/** Content of `.rehearsal/lock`: who plays, since when, and where its files lie. */
export interface LockHolder extends ProcessIdentity {
  /** ISO time, for people. */
  readonly since: string;
  readonly runFolder: string;
}

/** One rehearsal at a time in a checkout: held from before the first process starts until after the last has ended. */
export class RunLock {
  readonly #file: string;
  readonly runFolder: string;

  private constructor(file: string, runFolder: string) {
    this.#file = file;
    this.runFolder = runFolder;
  }

  /**
   * Takes the lock and makes the run folder. A lock whose holder is dead is cleared first: its processes, recognised by
   * the run folder in their environment, are ended and its folder removed.
   * @param base the checkout's `.rehearsal` folder
   * @param onStale told what was cleared, one sentence
   * @throws UsageError while another rehearsal runs
   */
  static async acquire(base: string, onStale: (sentence: string) => void = () => {}): Promise<RunLock> {
    const file = join(base, "lock");
    const runFolder = join(base, `run-${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}`);
    mkdirSync(base, { recursive: true });
    for (let attempt = 0; attempt < 5; attempt++) {
      if (create(file, runFolder)) {
        mkdirSync(runFolder, { recursive: true });
        return new RunLock(file, runFolder);
      }
      const holder = read(file);
      if (holder && isAlive(holder)) throw new UsageError(alreadyRunning(holder, base));
      await clear(file, holder, base, onStale);
    }
    throw new UsageError(`${file} could not be taken: other rehearsals keep starting. Try again when they have ended.`);
  }

  /** Gives the lock back; call it last. */
  release(): void {
    const holder = read(this.#file);
    if (holder?.pid === process.pid) rmSync(this.#file, { force: true });
  }
}

/** Writes the lock whole or not at all: the text first, then a hard link, which fails where the name exists. */
function create(file: string, runFolder: string): boolean {
  const me = identify(process.pid);
  if (!me) throw new Error("cannot read the start time of this process");
  const holder: LockHolder = { ...me, since: new Date().toISOString(), runFolder };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(holder, null, 2)}\n`);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): LockHolder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isHolder(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== "object" || value === null) return false;
  const { pid, started, since, runFolder } = value as Record<string, unknown>;
  return [started, since, runFolder].every((text) => typeof text === "string") && Number.isInteger(pid);
}

function alreadyRunning(holder: LockHolder, base: string): string {
  return (
    `Another rehearsal runs in this checkout since ${holder.since} (process ${holder.pid}, ${holder.runFolder}). ` +
    `Wait until it has ended, or end it with: kill ${holder.pid}   (the lock is ${join(base, "lock")})`
  );
}

/** Takes a dead holder's lock out of the way. Two starters may try: only the one that moved *that* lock clears up. */
async function clear(
  file: string,
  dead: LockHolder | undefined,
  base: string,
  onStale: (sentence: string) => void,
): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else was quicker
  }
  const moved = read(aside);
  if (moved && isAlive(moved)) {
    try {
      linkSync(aside, file); // it was a fresh lock after all: put it back
    } catch {
      // its holder's place was taken meanwhile; the next look tells
    }
    rmSync(aside, { force: true });
    return;
  }
  rmSync(aside, { force: true });
  if (dead) onStale(await clearRun(dead, base));
}

async function clearRun(dead: LockHolder, base: string): Promise<string> {
  const left = processesMarked(RUN_MARKER, dead.runFolder);
  await endProcesses(left);
  if (dead.runFolder.startsWith(join(base, "run-"))) rmSync(dead.runFolder, { recursive: true, force: true });
  return `The rehearsal of ${dead.since} was killed: ended ${left.length} of its processes and removed ${dead.runFolder}.`;
}
