import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runSteps, staticSteps, unittestSummary, vitestSummary } from "./checks.mjs";

const OUTPUT = `some test said: Tests  99 passed (99)

\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m
\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m31 passed\u001b[39m\u001b[22m
   Start at  20:48:20
   Duration  6.24s (transform 1s)
`;

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});
const good = file("passed", "passed", "passed");

it("keeps vitest's closing lines, without colours", () => {
  const { lines } = vitestSummary(OUTPUT, { success: true, numPassedTests: 2, testResults: [good] });
  expect(lines).toEqual([" Test Files  1 failed", "      Tests  31 passed", "   Duration  6.24s (transform 1s)"]);
});

it.each([
  ["all passed", true, [good], 0],
  ["two tests failed", false, [good, file("failed", "failed", "passed", "failed")], 2],
  ["a file could not run its tests", false, [good, file("failed", "skipped", "skipped")], 1],
  ["a file could not be loaded", false, [good, file("failed")], 1],
  ["an error outside the tests", false, [good], 1],
])("counts vitest's failures: %s", (_what, success, testResults, failed) => {
  expect(vitestSummary(OUTPUT, { success, numPassedTests: 2, testResults })).toMatchObject({ passed: 2, failed });
});

it("gives no numbers when a runner gave none", () => {
  expect(vitestSummary("Error: config not found\n", undefined).passed).toBeUndefined();
  expect(unittestSummary("ModuleNotFoundError\n").passed).toBeUndefined();
});

it.each([
  ["OK", 12, 0],
  ["OK (skipped=2)", 10, 0],
  ["FAILED (failures=1, errors=2)", 9, 3],
])("reads unittest's closing lines: %s", (verdict, passed, failed) => {
  expect(unittestSummary(`....\nRan 12 tests in 0.400s\n\n${verdict}\n`)).toMatchObject({ passed, failed });
});

it("runs every step, says how each went, and keeps the output of what failed", async () => {
  const printed: string[] = [];
  const steps = [
    { name: "good", command: "/bin/sh", args: ["-c", "echo fine"] },
    { name: "bad", command: "/bin/sh", args: ["-c", "echo the reason >&2; exit 1"] },
    { name: "missing", command: "/no/such/command", args: [] },
  ];
  const done = await runSteps(steps, (line) => printed.push(line.replace(/[\d.]+ s$/, "N s")), 1);
  expect(printed).toEqual(["  good           ok N s", "  bad            FAILED N s", "  missing        FAILED N s"]);
  expect(done.map(({ ok }) => ok)).toEqual([true, false, false]);
  expect(done[1]?.output).toBe("the reason\n");
  expect(done[2]?.output).toMatch(/ENOENT/);
});

it("has squawk look at every migration", () => {
  const squawk = staticSteps().find(({ command }) => command === "squawk");
  const files = readdirSync(join(__dirname, "../migrations")).filter((file) => file.endsWith(".sql"));
  expect(files.length).toBeGreaterThanOrEqual(6);
  expect(squawk?.args).toEqual(["--config", "migrations/.squawk.toml", ...files.map((file) => `migrations/${file}`)]);
});

it("passes on what a step is followed by, as whole lines and without waiting for its end", async () => {
  const printed: string[] = [];
  const command = { command: "/bin/sh", args: ["-c", "printf '» ro'; printf 'w 1\\nother\\n'; echo '» row 2' >&2"] };
  await runSteps([{ name: "proof", ...command, follow: /^» / }], (line) => printed.push(line), 1);
  expect(printed.slice(0, -1).sort()).toEqual(["» row 1", "» row 2"]);
});
