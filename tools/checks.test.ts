import { expect, it } from "vitest";
import { runSteps, unittestSummary, vitestSummary } from "./checks.mjs";

const vitest = (files: string, tests: string) =>
  `some test said: Tests  99 passed (99)\n\n Test Files  ${files}\n      Tests  ${tests}\n   Start at  20:48:20\n   Duration  6.24s (transform 1s)\n`;

it.each([
  ["31 passed (31)", 31, 0],
  ["1 failed | 31 passed (32)", 31, 1],
  ["2 failed (2)", 0, 2],
])("reads vitest's closing lines: %s", (tests, passed, failed) => {
  const summary = vitestSummary(vitest("3 passed (3)", tests));
  expect(summary).toMatchObject({ passed, failed });
  expect(summary.lines).toHaveLength(3);
});

it("reads vitest's closing lines through colours", () => {
  const coloured =
    "\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m31 passed\u001b[39m\u001b[22m\u001b[90m (32)\u001b[39m";
  expect(vitestSummary(coloured)).toMatchObject({ passed: 31, failed: 1 });
});

it("gives no numbers when a runner gave none", () => {
  expect(vitestSummary("Error: config not found\n").passed).toBeUndefined();
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
