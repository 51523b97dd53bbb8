import type { Catalog } from "./catalog";
import type { Statement } from "./facts";
import { blocksWriters } from "./locks";
import type { MigrationPlan, PlanStep } from "./plan";

/** The plan in plain words, a line each, for preview and pull requests. No line holds anything secret. */
export function describePlan(plan: MigrationPlan, catalog?: Catalog): string[] {
  const total = plan.applied.length + plan.steps.length;
  const lines =
    plan.steps.length === 0
      ? [`All ${total} database migrations are applied.`]
      : [`${plan.steps.length} of ${total} database migrations to apply:`];
  for (const step of plan.steps) lines.push(...describeStep(step, catalog).map((line) => `  ${line}`));
  for (const warning of plan.warnings) lines.push(`  warning: ${warning}`);
  for (const problem of plan.problems) lines.push(`  refused: ${problem.message}`);
  return lines;
}

/** One line for the file, one per statement with its locks. */
export function describeStep(step: PlanStep, catalog?: Catalog): string[] {
  const { file } = step;
  const how = {
    run: file.mode === "tx" ? "one transaction" : "outside a transaction",
    resume: "an earlier run was cut off in it: checked, cleaned up, run again",
    adopt: "everything is there already: only noted, no statement runs",
  }[step.action];
  return [`${file.file} (${file.kind}): ${how}`, ...step.statements.map((s) => `  ${describeStatement(s, catalog)}`)];
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
  const effect = locks.length > 0 ? `${locks.join("; ")}; ${rewrite}` : "no lock on an existing table";
  return `${statement.summary}: ${effect}`;
}
