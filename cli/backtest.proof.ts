import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MEASURED } from "@cutover/domain/backtest/measured";
import { afterAll, expect, it } from "vitest";
import { backtestCommand } from "./backtest";

const ROOT = join(__dirname, "..");
const FILES = [
  "domain/src/backtest/measured.ts",
  "domain/src/backtest/measured-promises.ts",
  "docs/measured/backtest.json",
  "docs/measured/backtest.svg",
  "docs/measured/backtest.md",
];
const folder = mkdtempSync(join(tmpdir(), "cutover-backtest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Modules are committed in the formatter's form. */
function formatted(path: string, text: string): string {
  if (!path.endsWith(".ts")) return text;
  const biome = join(ROOT, "node_modules/.bin/biome");
  return execFileSync(biome, ["format", `--stdin-file-path=${path}`], { cwd: ROOT, input: text, encoding: "utf8" });
}

it(
  "the committed table is what the command writes, byte for byte",
  async () => {
    for (const path of FILES) mkdirSync(dirname(join(folder, path)), { recursive: true });
    // The first call begins the table, the second ends it; how long that took is no part of the proof.
    const clock = [0, MEASURED.seconds];
    let out = "";
    const code = await backtestCommand(["--write", "--seed", String(MEASURED.options.seed)], (text) => (out += text), {
      root: folder,
      seconds: () => clock.shift() ?? Number.NaN,
    });
    expect([code, out]).toEqual([0, expect.stringContaining("600 messages an hour")]);
    for (const path of FILES) {
      const written = formatted(path, readFileSync(join(folder, path), "utf8"));
      expect([path, written === readFileSync(join(ROOT, path), "utf8")]).toEqual([path, true]);
    }
  },
  60 * 60_000,
);
