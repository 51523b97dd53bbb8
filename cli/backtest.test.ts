import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backtestCommand } from "./backtest";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-backtest-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  let out = "";
  const code = await backtestCommand(args, (text) => {
    out += text;
  });
  return { code, out };
}

const QUICK = ["--rate", "600", "--days", "3", "--trials", "30"];

describe("backtest", () => {
  it("prints rows in the form that others read, the same for the same seed", async () => {
    const { code, out } = await run(...QUICK, "--json", "--seed", "9");
    expect(code).toBe(0);
    const rows: Record<string, unknown>[] = JSON.parse(out);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      "messagesPerHour",
      "trigger",
      "falseRollbacksPerDay",
      "detect100P50Min",
      "detect100P95Min",
      "detect20P50Min",
      "detect20P95Min",
    ]);
    const any = rows.find(({ trigger }) => trigger === "any");
    expect(any?.detect100P95Min).toBeGreaterThan(1);
    expect(any?.detect100P95Min).toBeLessThan(2.5);
    expect(any?.detect20P95Min).toBeGreaterThan(3);
    expect(any?.detect20P95Min).toBeLessThan(20);
    expect((await run(...QUICK, "--json", "--seed", "9")).out).toBe(out);
    expect((await run(...QUICK, "--json", "--seed", "10")).out).not.toBe(out);
  });

  it("takes a rate and share instead of the rate on Python, and another kind of fault", async () => {
    const { code, out } = await run(
      "--messages-per-hour",
      "6000",
      "--share",
      "10",
      ...QUICK.slice(2),
      "--fault",
      "slow",
    );
    expect(code).toBe(0);
    const line = (name: string) => out.split("\n").find((text) => text.includes(name)) ?? "";
    expect(line("python-slow-short")).toMatch(/^\s*600 .* \d/);
    // Errors don't see a slow Python, and nothing else does.
    expect(line("python-errors-short")).toMatch(/–\s+–\s+–\s+–$/);
    expect(line("any")).not.toContain("–");
  });

  it("refuses a rate that can't be simulated, by the rate", async () => {
    const { code, out } = await run("--rate", "40000", "--days", "1", "--trials", "1");
    expect(code).toBe(1);
    expect(out).toContain("40000 messages an hour can't be simulated: expected above 0, up to 30000");
  });

  it.each(["failed", "refused"])("sees messages that are %s, which no probe does", async (fault) => {
    const { out } = await run(...QUICK, "--fault", fault);
    const line = (name: string) => out.split("\n").find((text) => text.includes(name)) ?? "";
    expect(line("python-probes")).toMatch(/–\s+–\s+–\s+–$/);
    expect(line("python-errors-short")).not.toContain("–");
    expect(line("any")).not.toContain("–");
  });

  it("tells how far it is, apart from the answer", async () => {
    let told = "";
    let out = "";
    await backtestCommand(["--rate", "600,120", "--days", "1", "--trials", "5", "--json"], (text) => (out += text), {
      progress: (text) => (told += text),
    });
    expect(told).toBe(
      "600 messages an hour: 1 days, 5 faults of each size …\n120 messages an hour: 1 days, 5 faults of each size …\n",
    );
    expect(JSON.parse(out).map((row: { messagesPerHour: number }) => row.messagesPerHour)).toContain(120);
  });

  it("draws a picture", async () => {
    const file = join(folder, "plot.svg");
    expect((await run("--rate", "120,600", "--days", "2", "--trials", "20", "--plot", file)).code).toBe(0);
    const svg = readFileSync(file, "utf8");
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain("total outage, p95");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("replays recorded minutes: what went wrong then is a false rollback now", async () => {
    const file = join(folder, "record.csv");
    const minute = (i: number) => new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString();
    const lines = (errors: (i: number) => number) =>
      Array.from({ length: 1440 }, (_, i) => `${minute(i)},10,${errors(i)},0,10,0`);
    const head = "minute,requests,errors,slow,routings,routing_failures";
    const withFailed = (failed: (i: number) => number) =>
      ["minute,requests,failed", ...Array.from({ length: 1440 }, (_, i) => `${minute(i)},10,${failed(i)}`)].join("\n");
    writeFileSync(file, [head, ...lines(() => 0)].join("\n"));
    const args = ["--csv", file, "--trials", "20", "--json"];
    const any = async () => {
      const { code, out } = await run(...args);
      expect(out).not.toMatch(/Line|expected/);
      expect(code).toBe(0);
      return JSON.parse(out).find((row: { trigger: string }) => row.trigger === "any");
    };
    expect(await any()).toMatchObject({ messagesPerHour: 600, falseRollbacksPerDay: 0 });
    writeFileSync(file, [head, ...lines((i) => (i >= 700 && i < 720 ? 5 : 0))].join("\n"));
    expect((await any()).falseRollbacksPerDay).toBe(1);
    writeFileSync(
      file,
      withFailed((i) => (i >= 700 && i < 720 ? 5 : 0)),
    );
    expect((await any()).falseRollbacksPerDay).toBe(1);
  });

  it.each([
    ["minute,requests\n2026-01-01T00:00Z,ten", 'Line 2 has "ten" as requests'],
    ["minute,requests\nyesterday,1", 'Line 2 has the minute "yesterday"'],
    ["minute,errors\n2026-01-01T00:00Z,1", "Line 1 has the columns minute, errors"],
    ["minute,requests,errors\n2026-01-01T00:00Z,1,2", "more errors (2) than requests (1)"],
    ["minute,requests,refused\n2026-01-01T00:00Z,1,2", "more refused (2) than requests (1)"],
    ["minute,requests\n2026-01-01T00:01Z,1\n2026-01-01T00:00Z,1", "Line 3 is not later"],
    ["minute,requests", "has 0 minutes"],
    ["minute,requests\n2026-01-01T00:00Z,0", "no messages"],
  ])("refuses a recording by line: %s", async (csv, message) => {
    const file = join(folder, "bad.csv");
    writeFileSync(file, csv);
    const { code, out } = await run("--csv", file);
    expect(code).toBe(1);
    expect(out).toContain(message);
  });

  it.each([
    [["--rate", "x"], "above 0"],
    [["--size", "2"], "share above 0"],
    [["--fault", "rain"], "Allowed choices"],
    [["--delay", "61"], "Expected 0 to 60 seconds: with more, several minutes would be late at once"],
    [["--delay", "-1"], "Expected 0 to 60 seconds"],
    [["--nothing"], "unknown option"],
  ])("wrong arguments: %o", async (args, message) => {
    const { code, out } = await run(...args);
    expect(code).toBe(2);
    expect(out).toContain(message);
  });

  it("wants both percentiles or none, and explains itself", async () => {
    expect(await run("--latency-p50", "1")).toEqual({
      code: 1,
      out: "--latency-p50 and --latency-p99 go together.\n",
    });
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out).toContain("--csv");
  });
});
