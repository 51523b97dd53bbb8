// Folders in the cache: built in a temporary folder, renamed into place when whole, one builder at a time.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { SetupError } from "./errors.mjs";
import { changed, readJson, witness, writeJson } from "./state.mjs";

const HEARTBEAT_MS = 5_000;
/** A lock that nobody touched for so long belongs to a process that is gone (or to a machine that is). */
const STALE_MS = 60_000;

const heldLocks = new Set();
const temporaryFolders = new Set();

/** Removes what an interrupted run would leave behind. Synchronous: it runs in signal handlers. */
export function cleanUp() {
  for (const folder of temporaryFolders) removeTree(folder);
  for (const lock of heldLocks) rmSync(lock, { force: true });
}

function removeTree(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function ownerIsGone(lock) {
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > STALE_MS) return true;
  const owner = readJson(lock);
  if (owner?.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/**
 * Runs `task` while holding the lock file. Losing a race for a stale lock is harmless: both build, in folders of their
 * own, and the first rename wins. `onWait` is told once who is being waited for.
 */
export async function withLock(lock, task, { onWait, pollMs = 500, staleAfter = ownerIsGone } = {}) {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (staleAfter(lock)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) onWait?.(readJson(lock)?.pid);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  heldLocks.add(lock);
  const heartbeat = setInterval(() => touch(lock), HEARTBEAT_MS);
  try {
    return await task();
  } finally {
    clearInterval(heartbeat);
    heldLocks.delete(lock);
    rmSync(lock, { force: true });
  }
}

function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // taken over as stale: see withLock
  }
}

const MARKER = "complete.json";

/** The facts stored with a whole, undamaged folder, or undefined. */
export function completeFacts(folder) {
  const marker = readJson(join(folder, MARKER));
  return marker && !marker.witnesses.some((item) => changed({ ...item, path: join(folder, item.path) }))
    ? marker.facts
    : undefined;
}

/** Absolute witnesses of a folder made by `buildOnce`. */
export function witnessesOf(folder) {
  return readJson(join(folder, MARKER)).witnesses.map((item) => ({ ...item, path: join(folder, item.path) }));
}

/**
 * Makes sure that `folder` is whole: uses what lies there, else calls `build(temporary)` and renames the result.
 * `build` returns `{ facts, watch }`: facts to keep, and the paths (relative) whose loss or damage means "build again".
 */
export async function buildOnce(folder, build, { onWait } = {}) {
  const ready = completeFacts(folder);
  if (ready) return { facts: ready, built: false };
  const cache = dirname(dirname(folder));
  const name = basename(folder);
  return withLock(
    join(cache, "locks", `${name}.lock`),
    async () => {
      const meanwhile = completeFacts(folder);
      if (meanwhile) return { facts: meanwhile, built: false };
      removeLeftovers(join(cache, "tmp"), name);
      const temporary = join(cache, "tmp", `${name}.${process.pid}`);
      temporaryFolders.add(temporary);
      try {
        mkdirSync(temporary, { recursive: true });
        const { facts, watch } = await build(temporary);
        const witnesses = watch.map((path) => ({ ...witness(join(temporary, path)), path }));
        writeJson(join(temporary, MARKER), { facts, witnesses });
        return { facts: putInPlace(temporary, folder) ?? facts, built: true };
      } finally {
        removeTree(temporary);
        temporaryFolders.delete(temporary);
      }
    },
    { onWait },
  );
}

function removeLeftovers(folder, name) {
  let entries = [];
  try {
    entries = readdirSync(folder);
  } catch {
    return;
  }
  for (const entry of entries) if (entry.startsWith(`${name}.`)) removeTree(join(folder, entry));
}

/** Renames; where somebody else was first and whole, theirs stays and its facts are returned. */
function putInPlace(temporary, folder) {
  mkdirSync(dirname(folder), { recursive: true });
  const other = completeFacts(folder);
  if (other) return other;
  removeTree(folder);
  renameSync(temporary, folder);
  return undefined;
}

/** A plain sentence for the file system's usual refusals; other errors come back as they are. */
export function explainFileError(error, folder) {
  const path = error.path ?? folder;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new SetupError(
      `no space left on the disk that holds ${path}: free some (a first setup takes about 4 GB), then run it again`,
    );
  }
  if (error.code === "EACCES" || error.code === "EROFS" || error.code === "EPERM") {
    return new SetupError(
      `${path} can't be written (${error.code}). Tools are installed into ${folder}: make it writable, or set XDG_CACHE_HOME to a folder that is`,
    );
  }
  return error;
}

/** Lines of a file, for reading small text files such as go.mod. */
export function lines(path) {
  return readFileSync(path, "utf8").split("\n");
}
