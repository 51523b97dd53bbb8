// `make setup`: installs what the project needs, once. Runs on the machine's Node (18 or newer), without packages.
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanUp, explainFileError, withLock } from "./cache.mjs";
import { endChildren } from "./child.mjs";
import { installerEnv } from "./environment.mjs";
import { SetupError } from "./errors.mjs";
import { installNpmPackages, npmIsCurrent } from "./npm.mjs";
import { installPulumi, pulumiChoice } from "./pulumi.mjs";
import { pythonEnvironment } from "./python.mjs";
import { cacheDir, keyOf, problems, readRecord, writeRecord } from "./state.mjs";
import { step } from "./ui.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const APP_LOCK = "rehearsal/apps/python/requirements.lock";

function onWait(print) {
  return (pid) => print(`waiting for another setup${pid ? ` (process ${pid})` : ""} that is doing this already`);
}

/** A first setup needs space for Go's caches; better to hear it now than after five minutes. */
function checkSpace(folder) {
  if (!fs.statfsSync) return; // Node before 18.15
  const { bavail, bsize } = fs.statfsSync(folder);
  const freeGb = (bavail * bsize) / 1e9;
  if (freeGb < 1.5) {
    throw new SetupError(
      `${folder} has ${freeGb.toFixed(1)} GB left: a first setup takes about 4 GB (1 GB when Pulumi can be downloaded). Free some space, or set XDG_CACHE_HOME to another disk`,
    );
  }
}

async function nodeSide(env, logs) {
  const npm = await step(
    "npm packages",
    npmIsCurrent(root)
      ? "checking node_modules"
      : "installing Node 22 and the packages of package-lock.json (usually under a minute)",
    () => installNpmPackages(root, { env, log: join(logs, "npm.log") }),
  );
  const pulumi = await step(
    "Pulumi 3.250.0",
    "the engine (download under a minute; where that fails, a build of 5 to 10 minutes)",
    (report) =>
      installPulumi(root, {
        env,
        log: join(logs, "pulumi.log"),
        report,
        onWait: onWait(report),
        onOrigin: (why) => process.stdout.write(`  ${"Pulumi 3.250.0".padEnd(16)} building from Go modules: ${why}\n`),
      }),
  );
  return { npm, pulumi };
}

async function pythonSide(env, logs, python) {
  const make = (label, name, lock, what) =>
    step(label, what, (report) =>
      pythonEnvironment(name, join(root, lock), {
        env,
        log: join(logs, `python-${name}.log`),
        python,
        report,
        onWait: onWait(report),
      }),
    );
  const emulators = await make(
    "AWS emulators",
    "emulators",
    "tools/python/emulators/requirements.lock",
    "moto and ministack in a Python environment (usually under a minute)",
  );
  const app = fs.existsSync(join(root, APP_LOCK))
    ? await make("Python service", "app", APP_LOCK, "langgraph in a Python environment (usually under a minute)")
    : undefined;
  return { emulators, app };
}

async function setUp(env, python) {
  pulumiChoice(env); // a wrong setting is better heard now than after a minute
  const cache = cacheDir(env);
  fs.mkdirSync(cache, { recursive: true });
  checkSpace(cache);
  const logs = join(cache, "logs", keyOf([], root));
  // Both sides are let finish (or fail) before anything is said: a half-told failure hides the other half.
  const sides = await Promise.allSettled([nodeSide(env, logs), pythonSide(env, logs, python)]);
  const failures = sides.filter((side) => side.status === "rejected").map((side) => side.reason);
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  const [{ npm, pulumi }, { emulators, app }] = sides.map((side) => side.value);
  writeRecord(root, env, {
    node: npm.node,
    pulumi: { binDir: pulumi.binDir, version: pulumi.version, origin: pulumi.origin },
    emulatorsPython: emulators.python,
    ...(app ? { appPython: app.python } : {}),
    witnesses: [npm, pulumi, emulators, app].flatMap((part) => part?.witnesses ?? []),
  });
}

function report(error) {
  const list = error instanceof AggregateError ? error.errors : [error];
  for (const item of list) {
    const known = item instanceof SetupError ? item : explainFileError(item, cacheDir());
    const text = known instanceof SetupError ? known.message : `unexpected: ${known?.stack ?? known}`;
    process.stderr.write(`\nSetup failed: ${text}\n`);
  }
  process.stderr.write("\nWhat is whole is kept; the next `make setup` goes on from there.\n");
}

function endOnSignal(signal, code) {
  process.once(signal, () => {
    endChildren();
    cleanUp();
    process.stderr.write("\nSetup interrupted; what is whole is kept. Run `make setup` to go on.\n");
    process.exit(code);
  });
}

async function main() {
  const [mode, python = "python3"] = process.argv.slice(2);
  const why = problems(root, readRecord(root));
  if (mode === "--check") process.exit(why.length === 0 ? 0 : 1);
  if (why.length === 0) return;
  endOnSignal("SIGINT", 130);
  endOnSignal("SIGTERM", 143);
  endOnSignal("SIGHUP", 129);
  const env = installerEnv(root);
  const started = Date.now();
  process.stdout.write(`Setting up (${why[0]}). Tools go into node_modules and ${cacheDir()}.\n`);
  const lock = join(cacheDir(), "locks", `project-${keyOf([], root)}.lock`);
  const say = (text) => process.stdout.write(`  ${text}\n`);
  await withLock(lock, () => (problems(root, readRecord(root)).length > 0 ? setUp(env, python) : undefined), {
    onWait: onWait(say),
  });
  process.stdout.write(`Set up after ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

main().catch((error) => {
  report(error);
  endChildren();
  cleanUp();
  process.exit(1);
});
