// `make check`, `make test` and `make proof`: `node tools/checks.mjs check|test|proof`. One line a step with its duration, the output of
// what failed in full, and at the end the test runners' own summary lines. Runs on the pinned Node 22.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readJson, readRecord } from "./setup/state.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const results = join(root, "node_modules/.cache/cutover/tests");
const VITEST_REPORT = join(results, "vitest.json");
const PYTHON_APP = "rehearsal/apps/python";

/** Folders and files whose imports are checked. */
const CRUISED =
  "index.ts config.ts domain clients world providers components functions cli rehearsal policy tests tools";

/** What `make check` runs; `make test` runs it first. */
export function staticSteps() {
  const migrations = readdirSync(join(root, "migrations"))
    .filter((file) => file.endsWith(".sql"))
    .map((file) => `migrations/${file}`);
  const cruised = CRUISED.split(" ").filter((path) => existsSync(join(root, path)));
  return [
    {
      name: "types",
      command: "tsc",
      args: [
        "-p",
        "tsconfig.json",
        "--incremental",
        "--tsBuildInfoFile",
        "node_modules/.cache/cutover/types.tsbuildinfo",
      ],
    },
    { name: "lint, format", command: "biome", args: ["check", ".", "--max-diagnostics=200", "--error-on-warnings"] },
    {
      name: "import rules",
      command: "depcruise",
      args: [
        "--config",
        ".dependency-cruiser.cjs",
        "--cache",
        "node_modules/.cache/cutover/depcruise",
        "--cache-strategy",
        "content",
        ...cruised,
      ],
    },
    { name: "squawk", command: "squawk", args: ["--config", "migrations/.squawk.toml", ...migrations] },
    { name: "workflows", command: "node", args: ["tools/lint-workflows.mjs"] },
    { name: "size, purity", command: "node", args: ["tools/run.mjs", "tools/rules/main.ts"] },
  ];
}

/** vitest with one of the projects of vitest.config.mts. */
function vitestStep(project) {
  return {
    name: project === "fast" ? "tests" : "real engine",
    command: "vitest",
    args: [
      "run",
      `--project=${project}`,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${VITEST_REPORT}`,
      `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`, // at least two: tests wait for processes and servers
    ],
    summary: (output) => vitestSummary(output, readJson(VITEST_REPORT)),
    // An hour of silence would look like a hang: each file's end, and the steps and rows of what a proof plays.
    ...(project === "real" ? { follow: /^( [✓❯] \|real\||» )/ } : {}),
  };
}

function testSteps() {
  const steps = [vitestStep("fast")];
  const python = readRecord(root)?.appPython;
  if (python && existsSync(join(root, PYTHON_APP, "tests"))) {
    steps.push({
      name: "Python tests",
      command: python,
      args: ["-B", "-W", "error::ResourceWarning", "-m", "unittest", "discover", "-t", ".", "-s", "tests"],
      cwd: join(root, PYTHON_APP),
      summary: unittestSummary,
    });
  }
  return steps;
}

/**
 * vitest's closing lines, and the numbers of its JSON report. A file that could not run counts as one failure: its tests
 * are "skipped" in vitest's own count, which would read as if nothing had failed.
 */
export function vitestSummary(output, report) {
  const lines = plain(output)
    .split("\n")
    .filter((line) => /^\s+(Test Files|Tests|Errors|Duration)\s{2}/.test(line));
  if (!report) return { lines };
  const failedTests = (file) => file.assertionResults.filter(({ status }) => status === "failed").length;
  const failed = report.testResults
    .filter(({ status }) => status === "failed")
    .reduce((total, file) => total + Math.max(1, failedTests(file)), 0);
  // Not green although no test failed, an unhandled error say: that is a failure too.
  return { lines, passed: report.numPassedTests, failed: report.success ? failed : Math.max(1, failed) };
}

/** unittest's closing lines and numbers: "Ran 12 tests in 0.4s", "FAILED (failures=1, errors=2, skipped=1)". */
export function unittestSummary(output) {
  const ran = /^Ran (\d+) tests? in .*$/m.exec(output);
  if (!ran) return { lines: [] };
  const verdict = /^(OK|FAILED|NO TESTS RAN)\b.*$/m.exec(output)?.[0] ?? "";
  const of = (word) => Number(new RegExp(`${word}=(\\d+)`).exec(verdict)?.[1] ?? 0);
  const failed = of("failures") + of("errors") + of("unexpected successes");
  return { lines: [`  Python: ${ran[0]}, ${verdict}`], passed: Number(ran[1]) - failed - of("skipped"), failed };
}

function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours start with the escape character
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}

function toolEnv() {
  const colour = process.stdout.isTTY && !process.env.CI && !process.env.NO_COLOR;
  const env = { ...process.env, PATH: [join(root, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter) };
  delete env.FORCE_COLOR;
  const tools = readRecord(root);
  if (tools) {
    env.CUTOVER_EMULATORS_VENV ??= join(tools.emulatorsPython, "../..");
    env.CUTOVER_PULUMI_BIN ??= tools.pulumi.binDir;
  }
  return colour ? { ...env, FORCE_COLOR: "1" } : { ...env, NO_COLOR: "1" };
}

const running = new Set();

function runStep(step, print) {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(step.command, step.args, {
      cwd: step.cwd ?? root,
      env: toolEnv(),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      const follow = step.follow ? lines((line) => step.follow.test(plain(line)) && print(line)) : () => {};
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        follow(text);
      });
    }
    const waiting = setInterval(() => print(`  ${step.name.padEnd(14)} … ${duration(started)}`), 20_000);
    const ended = (ok) => {
      clearInterval(waiting);
      running.delete(child);
      print(`  ${step.name.padEnd(14)} ${ok ? "ok" : "FAILED"} ${duration(started)}`);
      resolve({ step, ok, output });
    };
    child.once("error", (error) => {
      output += `${error.message}\n`;
      ended(false);
    });
    child.once("close", (code) => ended(code === 0));
  });
}

/** Takes text in pieces and hands on whole lines. */
function lines(tell) {
  let rest = "";
  return (text) => {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop();
    for (const line of parts) tell(line);
  };
}

function duration(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** Runs steps in their order, two at a time: more would only make them wait for each other on a small machine. */
export async function runSteps(steps, print = console.log, width = 2) {
  const waiting = [...steps];
  const done = [];
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) done.push(await runStep(step, print));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return done;
}

function tellFailures(done) {
  for (const { step, output } of done.filter(({ ok }) => !ok)) {
    console.log(`\n──── ${step.name}: ${step.command} ${step.args.join(" ")}\n${output.trimEnd()}`);
  }
}

/** Keeps the summary where `.ci/run` reads it, and returns its lines. */
function summarise(done) {
  const parts = done.filter(({ step }) => step.summary).map(({ step, output }) => step.summary(output));
  const known = parts.length > 0 && parts.every(({ passed, failed }) => passed !== undefined && failed !== undefined);
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  const lines = parts.flatMap((part) => part.lines);
  if (known) lines.push(`${sum("passed")} passed, ${sum("failed")} failed`);
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "summary.txt"), `${lines.join("\n")}\n`);
  return lines;
}

function endOnSignal(signal, code) {
  process.once(signal, () => {
    for (const child of running) {
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch {
        // already gone
      }
    }
    process.exit(code);
  });
}

async function main(mode) {
  if (!["check", "test", "proof"].includes(mode)) {
    console.error("usage: node tools/checks.mjs check|test|proof");
    return 2;
  }
  endOnSignal("SIGINT", 130);
  endOnSignal("SIGTERM", 143);
  const started = Date.now();
  rmSync(results, { recursive: true, force: true });
  const done = mode === "proof" ? [] : await runSteps(staticSteps());
  // After the static checks, not beside them: tests that wait for real servers want the processors for themselves.
  if (mode === "test") done.push(...(await runSteps(testSteps(), console.log, 1)));
  if (mode === "proof") done.push(...(await runSteps([vitestStep("real")], console.log, 1)));
  tellFailures(done);
  const failed = done.filter(({ ok }) => !ok).map(({ step }) => step.name);
  console.log(`\n${failed.length === 0 ? "All steps passed" : `Failed: ${failed.join(", ")}`} in ${duration(started)}`);
  if (mode !== "check") for (const line of summarise(done)) console.log(line);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main(process.argv[2]);
