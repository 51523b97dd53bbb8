import { subjectOf } from "./catalog";
import type { Statement } from "./facts";
import type { MigrationFile } from "./files";
import { blocksWriters } from "./locks";

/** `error` stops preview and up; `warning` is shown. */
export interface LintFinding {
  readonly rule: LintRule;
  readonly severity: "error" | "warning";
  /** File, line and what to write instead. */
  readonly message: string;
}

export type LintRule =
  | "no-tx-is-one-statement"
  | "needs-no-tx"
  | "no-tx-not-needed"
  | "no-tx-blocks-writers"
  | "own-transaction"
  | "blocks-writers"
  | "table-rewrite"
  | "scan-under-lock"
  | "contract-marked"
  | "own-limits"
  | "view-security-invoker"
  | "definer-search-path"
  | "public-row-security"
  | "lock-held-while-working"
  | "unfiltered-change"
  | "opaque"
  | "unknown-statement";

/** The rules on top of squawk's: what a live table, row level security and our two modes ask for. */
export function lintMigration(file: MigrationFile): LintFinding[] {
  const created = new Set(
    file.statements.flatMap((s) => s.ensures.flatMap((c) => (c.kind === "table" ? [c.table] : []))),
  );
  const findings = [...lintShape(file), ...lintRowSecurity(file, created)];
  for (const statement of file.statements) {
    const report = (rule: LintRule, text: string, severity: LintFinding["severity"] = "error") =>
      findings.push({ rule, severity, message: `${file.file}, line ${statement.line}: ${text}` });
    lintLocks(file, statement, created, report);
    lintRights(statement, report);
    if (file.kind === "expand") lintExpand(file, statement, report);
    if (statement.ownLimits) {
      report(
        "own-limits",
        `"${statement.summary}" changes a time limit, which would no longer bound what a writer feels; the limits are the runner's, leave it out`,
      );
    }
    if (statement.opaque) lintOpaque(file, statement, report);
  }
  return findings;
}

type Report = (rule: LintRule, text: string, severity?: LintFinding["severity"]) => void;

/** What an old application would notice belongs into a contract. */
function lintExpand(file: MigrationFile, statement: Statement, report: Report): void {
  const narrowed = statement.narrows.filter((subject) => !isOurs(subject) && !isMadeIn(file, subject));
  if (!statement.destructive && narrowed.length === 0) return;
  const of = statement.destructive ? "" : ` of ${narrowed.join(", ")}`;
  report(
    "contract-marked",
    `${statement.summary} takes something away${of}; say "-- kind: contract" (runs when Node is gone, see docs/migrations.md)`,
  );
}

/** Whether a thing is in our own schema, of which no application knows. */
function isOurs(subject: string): boolean {
  return /(?:^schema | on | )langgraph_ops(?:\.|$)|^role langgraph_ops/.test(subject);
}

/** Whether a file itself makes a thing, or the table it is on, so that nobody can miss it. */
function isMadeIn(file: MigrationFile, subject: string): boolean {
  const made = new Set(file.statements.flatMap((s) => s.ensures.map(subjectOf)));
  if (made.has(subject) || made.has(subject.replace(/^table /, "view "))) return true;
  const [, kind, name, table] = /^(policy|trigger) (.*) on (\S+)$/.exec(subject) ?? [];
  if (!kind) return false;
  return made.has(`table ${table}`) || file.statements.some((s) => s.summary === `CREATE TRIGGER ${name} ON ${table}`);
}

function lintOpaque(file: MigrationFile, statement: Statement, report: Report): void {
  if (/^do\b/i.test(statement.sql)) {
    report("opaque", "a DO block's locks can't be foreseen; prefer plain statements", "warning");
    return;
  }
  report(
    "unknown-statement",
    `what "${statement.summary}" locks and changes can't be told; use statements whose locks are known, or do it outside migrations`,
    file.kind === "expand" ? "error" : "warning",
  );
}

/** Without a transaction there is neither the short lock attempts of a tx file nor a way back: only what needs it may. */
function lintNoTx(file: MigrationFile, statement: Statement): LintFinding[] {
  const at = `${file.file}, line ${statement.line}`;
  if (!statement.needsNoTx) {
    const message = `${at}: ${statement.summary} can run in a transaction; leave out "-- mode: no-tx"`;
    return [{ rule: "no-tx-not-needed", severity: "error", message }];
  }
  const blocking = statement.locks.find((lock) => blocksWriters(lock.mode));
  if (!blocking) return [];
  const message = `${at}: ${statement.summary} stops writers of ${blocking.table} for as long as it runs; do it outside migrations, in a window`;
  return [{ rule: "no-tx-blocks-writers", severity: "error", message }];
}

function lintShape(file: MigrationFile): LintFinding[] {
  const findings: LintFinding[] = [];
  const count = file.statements.length;
  if (file.mode === "no-tx" && count !== 1) {
    const message = `${file.file}: a no-tx file holds exactly one statement, this one ${count}; give each its own file`;
    findings.push({ rule: "no-tx-is-one-statement", severity: "error", message });
  } else if (file.mode === "no-tx") {
    findings.push(...file.statements.flatMap((statement) => lintNoTx(file, statement)));
  }
  for (const statement of file.statements) {
    const at = `${file.file}, line ${statement.line}`;
    if (statement.needsNoTx && file.mode === "tx") {
      const message = `${at}: ${statement.summary} can't run in a transaction; give it a file of its own with "-- mode: no-tx"`;
      findings.push({ rule: "needs-no-tx", severity: "error", message });
    }
    if (/^(?:begin|start|commit|end|rollback|savepoint|release)\b/i.test(statement.sql)) {
      findings.push({
        rule: "own-transaction",
        severity: "error",
        message: `${at}: the runner opens and ends the transaction`,
      });
    }
  }
  return findings;
}

function lintLocks(file: MigrationFile, statement: Statement, created: ReadonlySet<string>, report: Report): void {
  const live = statement.locks.filter((lock) => !created.has(lock.table));
  const blocking = live.find((lock) => blocksWriters(lock.mode));
  if (blocking && /^CREATE INDEX|^REINDEX/.test(statement.summary)) {
    report(
      "blocks-writers",
      `${statement.summary} stops writers of ${blocking.table} while it builds; use CONCURRENTLY`,
    );
  } else if (blocking && statement.rewrite === "yes") {
    report("table-rewrite", `${statement.summary} writes all rows of ${blocking.table} again while nobody can use it`);
  } else if (blocking && statement.scan) {
    report(
      "scan-under-lock",
      `${statement.summary} reads all rows of ${blocking.table} while nobody can use it; add NOT VALID, validate in a later file`,
    );
  } else if (blocking && statement.rewrite === "maybe") {
    report("table-rewrite", `${statement.summary} may write all rows of ${blocking.table} again`, "warning");
  }
  if (blocking && file.statements.some((other) => other !== statement && takesTime(other))) {
    report(
      "lock-held-while-working",
      `the lock on ${blocking.table} would be held while other statements work on rows; split the file`,
    );
  }
  if (statement.everyRow) {
    report(
      "unfiltered-change",
      `${statement.summary} changes every row in one transaction; do it in batches, outside migrations`,
    );
  }
}

function takesTime(statement: Statement): boolean {
  return statement.scan || statement.rewrite === "yes" || statement.locks.some((lock) => lock.mode === "ROW EXCLUSIVE");
}

function lintRights(statement: Statement, report: Report): void {
  for (const check of statement.ensures) {
    if (check.kind === "view" && !check.securityInvoker) {
      report(
        "view-security-invoker",
        `${check.view} would show every row to whoever may read it; add WITH (security_invoker = true), also when replacing`,
      );
    }
    if (check.kind === "function" && check.securityDefiner && !/\bset\s+search_path\b/i.test(statement.sql)) {
      report("definer-search-path", `${check.function} runs with its owner's rights; add SET search_path = ''`);
    }
  }
}

/** PostgREST serves the schema public to anyone with the anon key. */
function lintRowSecurity(file: MigrationFile, created: ReadonlySet<string>): LintFinding[] {
  const guarded = new Set(
    file.statements.flatMap((s) => s.ensures.flatMap((c) => (c.kind === "rowSecurity" ? [c.table] : []))),
  );
  return [...created]
    .filter((table) => table.startsWith("public.") && !guarded.has(table))
    .map((table) => ({
      rule: "public-row-security",
      severity: "error",
      message: `${file.file}: ${table} is reachable with the anon key; add ALTER TABLE … ENABLE ROW LEVEL SECURITY`,
    }));
}
