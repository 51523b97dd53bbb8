import { type Catalog, type CatalogCheck, judge, subjectOf } from "./catalog";
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
    const later = new Set(
      rows.slice(i + 1).flatMap((r) => [...(r.promises?.drops ?? []), ...(r.promises?.ensures ?? []).map(subjectOf)]),
    );
    return (row.promises?.ensures ?? []).every(
      (check) => later.has(subjectOf(check)) || judge(check, catalog).is === "met",
    );
  });
}
