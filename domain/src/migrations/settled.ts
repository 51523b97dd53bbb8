import { type Catalog, type CatalogCheck, judge, subjectOf } from "./catalog";
import type { MigrationFile } from "./files";
import type { FileRef } from "./identity";
import type { HistoryRow } from "./plan";

/** What an applied file made, kept in the history, so that drift can be seen without reading the file again. */
export interface Promises {
  readonly ensures: readonly CatalogCheck[];
  /** Names, as `subjectOf` writes them, of what the file took away. */
  readonly drops: readonly string[];
}

export interface SettledRow extends HistoryRow {
  readonly promises: Promises | null;
}

/** What a file leaves behind: of what it makes and unmakes, or says twice about the same thing, the last word. */
export function promisesOf(file: MigrationFile): Promises {
  const last = new Map<string, CatalogCheck>();
  for (const statement of file.statements) {
    for (const drop of statement.drops) last.delete(drop);
    for (const check of statement.ensures) last.set(subjectOf(check), check);
  }
  return {
    ensures: [...last.values(), ...file.ensures],
    drops: file.statements.flatMap((statement) => statement.drops),
  };
}

/** Whether a later file took back or renewed what an earlier one promised: itself, or what it is on. */
export function isOvertaken(check: CatalogCheck, later: ReadonlySet<string>): boolean {
  if (later.has(subjectOf(check))) return true;
  const on = check.kind === "rights" ? check.on : "table" in check ? `table ${check.table}` : "";
  const table = on.replace(/^column (.*)\.[^.]*$/, "table $1");
  const gone = [on, table, table.replace(/^table /, "view ")];
  return gone.some((subject) => later.has(`dropped ${subject}`));
}

/** What files take back or renew, for `isOvertaken`. */
export function overtaking(files: readonly (Promises | null)[]): Set<string> {
  return new Set(
    files.flatMap((file) => [
      ...(file?.drops ?? []).flatMap((drop) => [drop, `dropped ${drop}`]),
      ...(file?.ensures ?? []).map(subjectOf),
    ]),
  );
}

/**
 * Whether there is surely nothing to do: every file is applied as it is now, nothing else is in the history, and what the
 * files made is there. Anything else, problems included, is left to the planner. Needs no syntax tree, so it is cheap.
 */
export function isSettled(files: readonly FileRef[], history: readonly SettledRow[], catalog: Catalog): boolean {
  if (history.length !== files.length) return false;
  const rows = [...history].sort((a, b) => (BigInt(a.version) < BigInt(b.version) ? -1 : 1));
  const listed = new Set(files.map((file) => `${file.file} ${file.sha256}`));
  for (const row of rows) {
    if (row.status !== "applied" || row.promises === null) return false;
    if (!listed.has(`${row.version}_${row.name}.sql ${row.checksum}`)) return false;
  }
  return rows.every((row, i) => {
    const later = overtaking(rows.slice(i + 1).map((r) => r.promises));
    return (row.promises?.ensures ?? []).every(
      (check) => isOvertaken(check, later) || judge(check, catalog).is === "met",
    );
  });
}
