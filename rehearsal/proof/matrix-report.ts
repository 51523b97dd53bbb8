import type { MatrixResult, MatrixRun } from "./fault-matrix";
import type { PlayedRow } from "./fault-row";
import { FAULT_ROWS, MATRIX_PHASES } from "./fault-rows";
import { addToProof, fromProof } from "./report";

/** Puts what was played into the report, in the place of what these rows had there: a whole matrix takes most of an hour. */
export function addMatrix({ rows, run }: Pick<MatrixResult, "rows" | "run">, file?: string): void {
  const merged = mergeRows((fromProof("faultMatrix", file) ?? []) as readonly PlayedRow[], rows);
  const runs = [...((fromProof("faultMatrixRuns", file) ?? []) as readonly MatrixRun[]), run];
  addToProof("faultMatrix", merged, file);
  addToProof("faultMatrixRuns", stillShown(runs, merged), file);
}

/** The newest of each row, in the order in which they are played. */
export function mergeRows(before: readonly PlayedRow[], played: readonly PlayedRow[]): readonly PlayedRow[] {
  const newest = [...before, ...played];
  return MATRIX_PHASES.flatMap((phase) =>
    FAULT_ROWS.flatMap(({ fault }) => newest.findLast((row) => row.fault === fault && row.phase === phase) ?? []),
  );
}

/** Runs of which a row is left; a row belongs to the first run that ended after it began. */
function stillShown(runs: readonly MatrixRun[], rows: readonly PlayedRow[]): readonly MatrixRun[] {
  const shown = rows.map(({ playedAt }) => runs.find(({ measuredAt }) => measuredAt >= playedAt));
  return runs.filter((run) => shown.includes(run));
}
