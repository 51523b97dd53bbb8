import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { oldestBinaries } from "../postgres/binaries";
import { proofFolder } from "./folder";

export type OldestResult =
  | { readonly version: string; readonly passed: number; readonly failed: number }
  | { readonly notFound: string };

/** The tests that need a server of that version: what the migrations make, and every trap. */
const TESTS = ["migrations/migrations.test.ts", "migrations/drift.test.ts", "clients/src/postgres/traps"];

/**
 * Runs the migrations' own tests once more on PostgreSQL 15; where its programs are not installed, says so.
 * @throws when the tests could not be run at all
 */
export async function checkOldest(): Promise<OldestResult> {
  const bin = oldestBinaries();
  if (!bin)
    return { notFound: "PostgreSQL 15 is not installed; CUTOVER_POSTGRES_15_BIN names the folder of its initdb" };
  const version = execFileSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }).trim();
  const folder = mkdtempSync(join(tmpdir(), "cutover-oldest-"));
  const report = join(folder, "report.json");
  const root = join(proofFolder(), "../..");
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "fast", "--reporter=json"];
  const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", CUTOVER_POSTGRES_BIN: bin };
  try {
    // Failing tests end it with 1; what counts is the report.
    const ran = promisify(execFile)(process.execPath, [...args, `--outputFile=${report}`, ...TESTS], {
      cwd: root,
      env,
      maxBuffer: 1e8,
    });
    const output = await ran.catch((error: { stderr?: string }) => error);
    const seen = readReport(report, output.stderr ?? "");
    return { version, passed: seen.numPassedTests, failed: seen.numFailedTests };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string, stderr: string): { numPassedTests: number; numFailedTests: number } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { numPassedTests: number; numFailedTests: number };
  } catch {
    throw new Error(`The tests could not be run on PostgreSQL 15: ${stderr.trim().split("\n").at(-1) ?? "no report"}`);
  }
}
