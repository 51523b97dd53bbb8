import { type Catalog, type CatalogCheck, judge, subjectOf } from "./catalog";
import type { Statement } from "./facts";
import type { MigrationFile, MigrationMode } from "./files";
import { compareVersions, type FileRef } from "./identity";
import { lintMigration } from "./lint";
import { isOvertaken, overtaking, promisesOf } from "./settled";

/** `pending`: a no-tx statement began and its end was never noted. `failed`: the database refused it. */
export type MigrationStatus = "pending" | "applied" | "failed";

/** One row of the history in the database. */
export interface HistoryRow {
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
  readonly mode: MigrationMode;
  readonly status: MigrationStatus;
}

export interface PlanInput {
  readonly files: readonly MigrationFile[];
  readonly history: readonly HistoryRow[];
  readonly catalog: Catalog;
  /** Whether `contract` migrations may run: in `decommission` only. Before it they are held back, nothing else is. */
  readonly allowContract: boolean;
  /** Version of the one file that may still run although a newer one is applied; default none. */
  readonly allowOutOfOrder?: string | undefined;
}

/** What to do with one file. */
export interface PlanStep {
  readonly file: MigrationFile;
  /** `adopt`: everything is there already, only the history is written. `resume`: an earlier run was cut off in it. */
  readonly action: "run" | "adopt" | "resume";
  /** The statements to send, in order; those whose effect is already there are left out. */
  readonly statements: readonly Statement[];
}

export type ProblemCode =
  | "duplicate"
  | "changed"
  | "unknown"
  | "out-of-order"
  | "missing"
  | "conflict"
  | "drift"
  | "lint";

/** Why nothing will run. */
export interface PlanProblem {
  readonly code: ProblemCode;
  /** Which file or table, what was expected, and the way out. */
  readonly message: string;
}

export interface MigrationPlan {
  /** What an up would do, in order. Nothing of it is done while there are problems. */
  readonly steps: readonly PlanStep[];
  readonly problems: readonly PlanProblem[];
  /** `contract` files that are not applied and wait for `decommission`; no other file waits for them. */
  readonly waiting: readonly MigrationFile[];
  readonly warnings: readonly string[];
  /** Files the history calls applied, in order. */
  readonly applied: readonly FileRef[];
}

/** The one planner: preview shows what it returns, up does it. */
export function planMigrations(input: PlanInput): MigrationPlan {
  const files = [...input.files].sort((a, b) => compareVersions(a.version, b.version));
  const rows = new Map(input.history.map((row) => [row.version, row]));
  const applied = files.filter((file) => rows.get(file.version)?.status === "applied");
  const unapplied = files.filter((file) => rows.get(file.version)?.status !== "applied");
  const waiting = unapplied.filter((file) => file.kind === "contract" && !input.allowContract);
  const pending = unapplied.filter((file) => !waiting.includes(file));
  const lint = pending.flatMap(lintMigration);
  const problems = [
    ...duplicates(files),
    ...changed(files, rows),
    ...unknown(files, input.history),
    ...outOfOrder(
      // What once began, or is to run again, keeps its place; a contract is late by its nature.
      pending.filter((file) => !rows.has(file.version) && file.kind === "expand"),
      applied,
      input.allowOutOfOrder,
    ),
    ...lint.filter((f) => f.severity === "error").map((f): PlanProblem => ({ code: "lint", message: f.message })),
    ...unmetNeeds(pending, input.catalog),
    ...drifted(files, applied, input.catalog),
  ];
  const warnings = [...lint.filter((f) => f.severity === "warning"), ...waiting.flatMap(lintMigration)].map(
    (finding) => finding.message,
  );
  const steps = pending.map((file) => planStep(file, rows.get(file.version), input.catalog));
  return { steps, problems, waiting, warnings, applied };
}

function planStep(file: MigrationFile, row: HistoryRow | undefined, catalog: Catalog): PlanStep {
  const there = (check: CatalogCheck) => judge(check, catalog).is === "met";
  const statements = file.statements.filter((s) => !(s.skippable && s.ensures.every(there)));
  if (statements.length === 0 && file.ensures.every(there)) return { file, action: "adopt", statements };
  return { file, action: row?.status === "pending" ? "resume" : "run", statements };
}

function duplicates(files: readonly MigrationFile[]): PlanProblem[] {
  return files.flatMap((file, i) => {
    const before = files[i - 1];
    if (!before || compareVersions(before.version, file.version) !== 0) return [];
    return [
      { code: "duplicate", message: `${before.file} and ${file.file} have the same version; rename the newer one` },
    ];
  });
}

function changed(files: readonly MigrationFile[], rows: ReadonlyMap<string, HistoryRow>): PlanProblem[] {
  return files.flatMap((file) => {
    const row = rows.get(file.version);
    if (row?.status !== "applied" || row.checksum === file.sha256) return [];
    const message =
      `${file.file} was changed after it was applied (applied ${row.checksum.slice(0, 12)}, now ${file.sha256.slice(0, 12)}). ` +
      `Restore the file and put the change into a new migration; if the change means nothing to the database (a comment), accept it: repair accept ${file.version} (docs/migrations.md)`;
    return [{ code: "changed", message }];
  });
}

function unknown(files: readonly MigrationFile[], history: readonly HistoryRow[]): PlanProblem[] {
  const known = new Set(files.map((file) => file.version));
  return history
    .filter((row) => !known.has(row.version))
    .map((row) => ({
      code: "unknown",
      message:
        `The database has ${row.status} migration ${row.version}_${row.name}, which is not in migrations/. ` +
        `Use the version of this repository that has it, or, if it was removed on purpose: repair forget ${row.version} (docs/migrations.md)`,
    }));
}

function outOfOrder(
  pending: readonly MigrationFile[],
  applied: readonly MigrationFile[],
  allowed: string | undefined,
): PlanProblem[] {
  const newest = applied.at(-1);
  if (!newest) return [];
  return pending
    .filter((file) => compareVersions(file.version, newest.version) < 0)
    .filter((file) => allowed === undefined || compareVersions(file.version, allowed) !== 0)
    .map((file) => ({
      code: "out-of-order",
      message: `${file.file} is older than ${newest.file}, which is applied. Give it a newer version number, or let this one run late: pulumi config set --path cutover:database.allowOutOfOrder ${file.version}`,
    }));
}

/** What pending files need and nobody provides, and what stands in their way, before anything runs. */
function unmetNeeds(pending: readonly MigrationFile[], catalog: Catalog): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const coming = new Set<string>();
  const going = new Set<string>();
  const need = (file: MigrationFile, check: CatalogCheck) => {
    const verdict = judge(check, catalog);
    if (verdict.is === "met" || coming.has(subjectOf(check))) return;
    const message = `${file.file} needs what the database does not have: ${verdict.why}`;
    if (!problems.some((problem) => problem.message === message)) problems.push({ code: "missing", message });
  };
  const provide = (file: MigrationFile, check: CatalogCheck) => {
    const verdict = judge(check, catalog);
    if (verdict.is === "conflict" && !going.has(subjectOf(check))) {
      const message = `${file.file} would leave things as they are: ${verdict.why}. Rename or remove what is in the way, then run again`;
      problems.push({ code: "conflict", message });
    }
    coming.add(subjectOf(check));
  };
  for (const file of pending) {
    for (const check of file.requires) need(file, check);
    for (const statement of file.statements) {
      for (const check of statement.requires) need(file, check);
      for (const drop of statement.drops) going.add(drop);
      for (const check of statement.ensures) provide(file, check);
    }
    for (const check of file.ensures) coming.add(subjectOf(check));
  }
  return problems;
}

/** What applied files made and someone took away again by hand. */
function drifted(files: readonly MigrationFile[], applied: readonly MigrationFile[], catalog: Catalog): PlanProblem[] {
  const names = new Set(applied.map((file) => file.file));
  return applied.flatMap((file) => {
    const later = files.filter((other) => names.has(other.file) && compareVersions(other.version, file.version) > 0);
    const unmet = unmetPromises(file, catalog, later);
    if (unmet.length === 0) return [];
    const message = `${file.file} is applied, but ${unmet.join("; ")}. Someone changed the database by hand; put it back, or run the file again: repair rerun ${file.version} (docs/migrations.md)`;
    return [{ code: "drift", message }];
  });
}

/** What a file promises and the catalog does not show; promises that a later file takes back or renews don't count. */
export function unmetPromises(file: MigrationFile, catalog: Catalog, later: readonly MigrationFile[] = []): string[] {
  const replaced = overtaking(later.map(promisesOf));
  return promisesOf(file).ensures.flatMap((check) => {
    if (isOvertaken(check, replaced)) return [];
    const verdict = judge(check, catalog);
    return verdict.is === "met" ? [] : [verdict.why];
  });
}
