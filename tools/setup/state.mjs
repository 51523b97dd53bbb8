// What `make setup` left behind, and whether it is still whole. Node built-ins only: it also runs on the machine's own Node.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { SetupError } from "./errors.mjs";

/** Raised when the record's meaning changes; older records are then rebuilt from the cache. */
const FORMAT = 1;

/** Version of the Pulumi command line, as pinned in package.json. */
export const PULUMI_VERSION = "3.250.0";

/** Files that decide what has to be installed. A missing one is left out. */
const INPUTS = [
  "package-lock.json",
  "tools/python/emulators/requirements.lock",
  "rehearsal/apps/python/requirements.lock",
  "tools/pulumi/cli/go.mod",
  "tools/pulumi/cli/go.sum",
  "tools/pulumi/language-nodejs/go.mod",
  "tools/pulumi/language-nodejs/go.sum",
  "tools/pulumi/language-nodejs/launcher.sh",
];

/** Folder of everything installed outside the project: CUTOVER_CACHE, else `cutover` in XDG_CACHE_HOME or ~/.cache. */
export function cacheDir(env = process.env) {
  if (env.CUTOVER_CACHE) {
    if (!isAbsolute(env.CUTOVER_CACHE)) {
      throw new SetupError(`CUTOVER_CACHE is "${env.CUTOVER_CACHE}": expected an absolute path`);
    }
    return env.CUTOVER_CACHE;
  }
  // The XDG base directory specification: a relative path is invalid and is ignored.
  const xdg = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : undefined;
  return join(xdg ?? join(homeDir(env), ".cache"), "cutover");
}

/** HOME, else what the system's user list says. */
export function homeDir(env) {
  if (env.HOME) return env.HOME;
  try {
    return homedir();
  } catch {
    throw new SetupError("HOME is not set and this user has no entry in the system's user list: set HOME");
  }
}

/** SHA-256 of a file, hex. */
export function fileHash(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Hash of several files together, first 12 hex digits: names a folder in the cache. */
export function keyOf(paths, ...more) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(fileHash(path));
  for (const text of more) hash.update(`\n${text}`);
  return hash.digest("hex").slice(0, 12);
}

/** Hashes of the files in INPUTS that exist. */
export function inputHashes(root) {
  return Object.fromEntries(
    INPUTS.filter((name) => existsSync(join(root, name))).map((name) => [name, fileHash(join(root, name))]),
  );
}

export function recordFile(root) {
  return join(root, "node_modules/.cache/cutover/toolchain.json");
}

/** The record `make setup` wrote last, or undefined. */
export function readRecord(root) {
  return readJson(recordFile(root));
}

/** A JSON file's value, or undefined where it is missing or damaged. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes a file so that a reader sees the old or the new text, never a part. */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(temporary, path);
}

export function writeRecord(root, env, tools) {
  writeJson(recordFile(root), { format: FORMAT, cacheDir: cacheDir(env), inputs: inputHashes(root), ...tools });
}

/** What one file or folder looks like now; compared later by `changed`. */
export function witness(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? { path, entries: readdirSync(path).length } : { path, size: stat.size };
}

/** How a file or folder differs from its witness, or undefined. A folder may have grown: Python adds bytecode. */
export function changed({ path, size, entries }) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return `${path} is missing`;
  if (size !== undefined && stat.size !== size) return `${path} is damaged: ${stat.size} bytes instead of ${size}`;
  if (entries !== undefined && readdirSync(path).length < entries) return `${path} is damaged: entries are missing`;
  return undefined;
}

/** Why the installed tools can't be used as they are; empty when all is well. Takes a few milliseconds. */
export function problems(root, record, env = process.env) {
  if (!record) return ["nothing was set up in this folder yet"];
  if (record.format !== FORMAT) return ["the tools were set up by another version of this project"];
  const found = [];
  if (record.cacheDir !== cacheDir(env)) {
    found.push(`the cache folder is now ${cacheDir(env)}, the tools are in ${record.cacheDir}`);
  }
  const inputs = inputHashes(root);
  for (const name of new Set([...Object.keys(inputs), ...Object.keys(record.inputs)])) {
    if (inputs[name] !== record.inputs[name]) found.push(`${name} changed since the tools were set up`);
  }
  for (const item of record.witnesses) {
    const difference = changed(item);
    if (difference) found.push(difference);
  }
  return found;
}
