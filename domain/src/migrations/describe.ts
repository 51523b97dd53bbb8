import type { Catalog } from "./catalog";
import type { Statement } from "./facts";
import { blocksWriters } from "./locks";
import type { MigrationPlan, PlanStep } from "./plan";

/** The plan in plain words, a line each, for preview and pull requests. No line holds anything secret. */
export function describePlan(plan: MigrationPlan, catalog?: Catalog): string[] {
  const total = plan.applied.length + plan.steps.length;
  const lines =
    plan.steps.length === 0
      ? [`All ${total} database migrations ${plan.waiting.length > 0 ? "that may run now " : ""}are applied.`]
      : [`${plan.steps.length} of ${total} database migrations to apply:`];
  for (const step of plan.steps) lines.push(...describeStep(step, catalog).map((line) => `  ${line}`));
  for (const file of plan.waiting) {
    const what = file.statements.map((statement) => statement.summary).join("; ");
    lines.push(`  ${file.file} (contract) waits for phase decommission to be applied, and the next update: ${what}`);
  }
  for (const warning of plan.warnings) lines.push(`  warning: ${warning}`);
  for (const problem of plan.problems) lines.push(`  refused: ${problem.message}`);
  return lines;
}

/** One line for the file, one for each statement that locks a table there is, and how many others. */
export function describeStep(step: PlanStep, catalog?: Catalog): string[] {
  const { file } = step;
  const how = {
    run: file.mode === "tx" ? "one transaction" : "outside a transaction",
    resume: "an earlier run was cut off in it: checked, cleaned up, run again",
    adopt: "everything is there already: only noted, no statement runs",
  }[step.action];
  const existing = ({ table }: { table: string }) => catalog === undefined || catalog.tables[table] !== undefined;
  const touching = step.statements.filter((statement) => statement.opaque || statement.locks.some(existing));
  const others = step.statements.length - touching.length;
  const lines = touching.map((statement) => `  ${describeStatement(statement, catalog)}`);
  if (others > 0)
    lines.push(`  ${others === 1 ? "1 statement" : `${others} statements`} without a lock on an existing table`);
  return [`${file.file} (${file.kind}): ${how}`, ...lines];
}

function describeStatement(statement: Statement, catalog: Catalog | undefined): string {
  const locks = statement.locks.map((lock) => {
    const size = catalog?.tables[lock.table];
    const rows = size && statement.scan ? `, reads ${size.rows.toLocaleString("en")} rows` : "";
    return `${lock.mode} on ${lock.table} (${blocksWriters(lock.mode) ? "waits for and blocks writers" : "writers go on"}${rows})`;
  });
  if (statement.opaque) locks.push("locks not known");
  const rewrite = { no: "no table rewrite", maybe: "may rewrite the table", yes: "REWRITES THE TABLE" }[
    statement.rewrite
  ];
  return `${statement.summary}: ${locks.join("; ")}; ${rewrite}`;
}
