// node_modules exactly as package-lock.json says, with the pinned Node 22.
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { run } from "./child.mjs";
import { SetupError } from "./errors.mjs";
import { fileHash, readJson, witness, writeJson } from "./state.mjs";

const stampFile = (root) => join(root, "node_modules/.cache/cutover/npm.json");

/** The Node that the lock file pins. */
export const pinnedNode = (root) => join(root, "node_modules/node/bin/node");

/** Whether npm's own record of what lies in node_modules agrees with package-lock.json. */
export function installedMatchesLock(root) {
  const wanted = readJson(join(root, "package-lock.json"))?.packages;
  const installed = readJson(join(root, "node_modules/.package-lock.json"))?.packages;
  if (!wanted || !installed) return false;
  const same = (a, b) => a.version === b.version && a.integrity === b.integrity && Boolean(a.link) === Boolean(b.link);
  for (const [path, entry] of Object.entries(installed)) {
    if (!wanted[path] || !same(wanted[path], entry)) return false;
  }
  return Object.entries(wanted).every(
    ([path, entry]) => installed[path] || entry.optional || entry.peer || !path.startsWith("node_modules/"),
  );
}

/** Whether node_modules is as `npm ci` would make it. */
export function npmIsCurrent(root) {
  if (!existsSync(pinnedNode(root))) return false;
  const stamp = readJson(stampFile(root));
  return stamp?.lock === fileHash(join(root, "package-lock.json")) || installedMatchesLock(root);
}

/** Runs `npm ci` where needed. npm's words (engine warnings of the machine's older Node among them) go to `log`. */
export async function installNpmPackages(root, { env, log }) {
  if (!npmIsCurrent(root)) {
    await run("npm", ["ci", "--no-audit", "--no-fund", "--no-progress"], {
      cwd: root,
      env,
      log,
      deadlineMs: 20 * 60_000,
      failure: "`npm ci` failed",
    });
  }
  await checkPinnedNode(root, env, log);
  writeJson(stampFile(root), { lock: fileHash(join(root, "package-lock.json")) });
  const node = realpathSync(pinnedNode(root));
  return { node, witnesses: [witness(node)] };
}

async function checkPinnedNode(root, env, log) {
  const node = pinnedNode(root);
  const wanted = readJson(join(root, "package-lock.json")).packages["node_modules/node"].version;
  const hint = `Remove ${join(root, "node_modules")} and run \`make setup\` again; npm's log is ${log}.`;
  if (!existsSync(node)) {
    throw new SetupError(
      `npm finished, but Node ${wanted} is not at ${node}: its package puts it there with an install script, which npm may have been told not to run (ignore-scripts). ${hint}`,
    );
  }
  const said = (await run(node, ["--version"], { cwd: root, env, log, failure: `${node} can't be run` })).trim();
  if (said !== `v${wanted}`) throw new SetupError(`${node} says it is ${said}, expected v${wanted}. ${hint}`);
}
