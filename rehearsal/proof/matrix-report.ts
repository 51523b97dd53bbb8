import type { MatrixResult, MatrixRun } from "./fault-matrix";
import type { PlayedRow } from "./fault-row";
import { FAULT_ROWS, MATRIX_PHASES } from "./fault-rows";
import { addToProof, fromProof } from "./report";

/** Puts what was played into the report, in the place of what these rows had there: a whole matrix takes most of an hour. */
export function addMatrix({ rows, run }: Pick<MatrixResult, "rows" | "run">, file?: string): void {
  const before = {
    faultMatrix: fromProof("faultMatrix", file) as readonly PlayedRow[] | undefined,
    faultMatrixRuns: fromProof("faultMatrixRuns", file) as readonly MatrixRun[] | undefined,
  };
  const { faultMatrix, faultMatrixRuns } = mergeMatrix(before, { faultMatrix: rows, faultMatrixRuns: [run] });
  addToProof("faultMatrix", faultMatrix, file);
  addToProof("faultMatrixRuns", faultMatrixRuns, file);
}

/** Rows and the runs that they are from. */
export interface PlayedMatrix {
  readonly faultMatrix?: readonly PlayedRow[] | undefined;
  readonly faultMatrixRuns?: readonly MatrixRun[] | undefined;
}

/** The newest of each row, in the order in which they are played, and the runs of which a row is left. */
export function mergeMatrix(...parts: readonly PlayedMatrix[]): {
  readonly faultMatrix: readonly PlayedRow[];
  readonly faultMatrixRuns: readonly MatrixRun[];
} {
  const rows = newestRows(parts.flatMap(({ faultMatrix = [] }) => faultMatrix));
  const runs = new Map(
    parts.flatMap(({ faultMatrixRuns = [] }) => faultMatrixRuns.map((run) => [run.measuredAt, run])),
  );
  const inOrder = [...runs.values()].sort((a, b) => a.measuredAt.localeCompare(b.measuredAt));
  return { faultMatrix: rows, faultMatrixRuns: stillShown(inOrder, rows) };
}

function newestRows(rows: readonly PlayedRow[]): readonly PlayedRow[] {
  const newest = [...rows].sort((a, b) => a.playedAt.localeCompare(b.playedAt));
  return MATRIX_PHASES.flatMap((phase) =>
    FAULT_ROWS.flatMap(({ fault }) => newest.findLast((row) => row.fault === fault && row.phase === phase) ?? []),
  );
}

/** Runs of which a row is left; a row belongs to the first run that ended after it began. */
function stillShown(runs: readonly MatrixRun[], rows: readonly PlayedRow[]): readonly MatrixRun[] {
  const shown = rows.map(({ playedAt }) => runs.find(({ measuredAt }) => measuredAt >= playedAt));
  return runs.filter((run) => shown.includes(run));
}
