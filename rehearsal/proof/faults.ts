import type { PhaseName } from "@cutover/domain/phases";
import { messageOf } from "../errors";
import { playMatrix } from "./fault-matrix";
import { FAULT_ROWS, MATRIX_PHASES } from "./fault-rows";
import { writeFaultsPage } from "./faults-page";
import { matrixGoals } from "./goals";
import { addMatrix } from "./matrix-report";

const USAGE = `usage: npm run -s proof:faults [-- --phase ramp-50|full] [--rows "5xx,late event at full"]
What is played goes into rehearsal-report/proof.json and docs/measured/faults.md, in the place of what these rows had there. Rows: ${FAULT_ROWS.map(({ fault }) => fault).join(", ")}`;

/** Plays the fault matrix. Exit code 1 where a goal is missed. */
async function main(args: readonly string[]): Promise<number> {
  const phase = optionOf(args, "--phase");
  const rows = optionOf(args, "--rows")?.split(",");
  const faults = FAULT_ROWS.map(({ fault }) => fault);
  const known = new Set([...faults, ...MATRIX_PHASES.flatMap((at) => faults.map((fault) => `${fault} at ${at}`))]);
  const unknown = rows?.filter((name) => !known.has(name)) ?? [];
  const wanted: readonly PhaseName[] = MATRIX_PHASES.filter((name) => phase === undefined || name === phase);
  if (unknown.length > 0 || wanted.length === 0 || args.length !== 2 * [phase, rows].filter(Boolean).length) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const result = await playMatrix({ phases: wanted, ...(rows ? { rows } : {}) });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  addMatrix(result);
  writeFaultsPage();
  const goals = matrixGoals(result);
  for (const { goal, reached } of goals) process.stderr.write(`${reached ? "reached" : "MISSED"}: ${goal}\n`);
  return goals.every(({ reached }) => reached) ? 0 : 1;
}

function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
