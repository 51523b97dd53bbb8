import { expect, it } from "vitest";
import type { MatrixResult } from "./fault-matrix";
import { FAULT_ROWS, MATRIX_PHASES } from "./fault-rows";
import { matrixGoals } from "./goals";
import { runProof } from "./run-proof";

it("every fault at ramp-50 and full ends as the table says, and nothing is lost after the switch", {
  timeout: 3_600_000,
}, async () => {
  const result = await runProof<MatrixResult>("faults.ts");
  const names = MATRIX_PHASES.flatMap((phase) => FAULT_ROWS.map(({ fault }) => `${fault} at ${phase}`));
  expect(names).toHaveLength(32);
  expect(result.rows.map(({ fault, phase }) => `${fault} at ${phase}`)).toEqual(names);
  expect(matrixGoals(result).filter(({ reached }) => !reached)).toEqual([]);
});
