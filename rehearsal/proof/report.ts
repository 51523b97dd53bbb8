import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { proofFolder } from "./folder";

/** After this long a lock is taken for that of a process that was ended while it had it. */
const STALE_LOCK_MS = 10_000;

/** Where the proofs' results are gathered: `rehearsal-report/proof.json`, an object with one key a proof. */
export function proofReport(): string {
  return join(proofFolder(), "../../rehearsal-report/proof.json");
}

/**
 * Puts one proof's result into the report, beside those of the others. Whole or not at all: a reader never sees half of it,
 * and of two proofs that end at the same time none loses its result.
 * @param key Which proof, such as "migrations".
 * @param value Its result, as JSON can hold it; replaces what an earlier run left under the key.
 * @param file Default: `proofReport()`.
 * @throws Error when the file there is no JSON object: it is not ours to throw away
 */
export function addToProof(key: string, value: unknown, file: string = proofReport()): void {
  mkdirSync(join(file, ".."), { recursive: true });
  const lock = `${file}.lock`;
  takeLock(lock);
  try {
    const merged = { ...readReport(file), [key]: value };
    const draft = `${file}.${process.pid}.new`;
    writeFileSync(draft, `${JSON.stringify(merged, undefined, 2)}\n`);
    renameSync(draft, file);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * What the report holds under a key.
 * @returns undefined where that proof was not played, or there is no report yet
 * @throws Error when the file there is no JSON object
 */
export function fromProof(key: string, file: string = proofReport()): unknown {
  return readReport(file)[key];
}

function readReport(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return {};
    throw error;
  }
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  throw new Error(`${file} is no JSON object, as a proof's report is. Move it away, then run the proof again.`);
}

/** A folder can be made by one process only. Waits for another proof, for as long as that could still be alive. */
function takeLock(lock: string): void {
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
    }
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_LOCK_MS) rmSync(lock, { recursive: true, force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}
