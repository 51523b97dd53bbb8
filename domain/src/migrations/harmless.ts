import type { Node } from "libpg-query";
import { canonical } from "./syntax";

/**
 * Statements that touch no row and no lock that an application's statements wait for. Whatever is neither here nor
 * classified counts as unknown.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  "AlterDefaultPrivilegesStmt",
  "AlterEnumStmt",
  "AlterFunctionStmt",
  "AlterRoleSetStmt",
  "AlterRoleStmt",
  "CommentStmt",
  "CompositeTypeStmt",
  "CreateDomainStmt",
  "CreateEnumStmt",
  "CreateExtensionStmt",
  "CreateSeqStmt",
  "NotifyStmt",
  "TransactionStmt", // has a lint rule of its own
  "VariableSetStmt",
]);

/** A SELECT may call, write and lock: harmless is one that does nothing of it. */
const ACTS = /"(?:FuncCall|IntoClause|LockingClause|InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":|"intoClause":/;

export function isHarmless(node: Node): boolean {
  if ("SelectStmt" in node) return !ACTS.test(JSON.stringify(node));
  return Object.keys(node).every((kind) => HARMLESS.has(kind));
}

/** The limits that bound what a writer feels, and how long the session may go on. */
const LIMITS =
  /^(?:lock_timeout|statement_timeout|idle_in_transaction_session_timeout|transaction_timeout|idle_session_timeout)$/i;
const LIMITS_IN_TEXT = new RegExp(
  `${LIMITS.source.slice(1, -1)}|set_config\\s*\\(|\\b(?:reset|discard)\\s+all\\b`,
  "i",
);

/** Whether a statement changes a time limit of the session, or might. A DO block is told by its words. */
export function setsLimits(node: Node): boolean {
  if ("VariableSetStmt" in node) {
    return node.VariableSetStmt.kind === "VAR_RESET_ALL" || LIMITS.test(node.VariableSetStmt.name ?? "");
  }
  if ("DiscardStmt" in node) return true;
  if ("DoStmt" in node) return LIMITS_IN_TEXT.test(JSON.stringify(node));
  if ("CreateFunctionStmt" in node) return false; // only made, not called
  return /"funcname":\[[^\]]*"set_config"/.test(JSON.stringify(node));
}

/** Whether a WITH in front of a statement changes rows by itself. */
export function changesInWith(withClause: unknown): boolean {
  return /"(?:InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":/.test(JSON.stringify(withClause ?? null));
}

/** Whether a WHERE can leave rows out: it looks at a column, and not in a way that `true` could stand for. */
export function leavesRowsOut(where: Node | undefined): boolean {
  if (where === undefined) return false;
  if ("BoolExpr" in where) {
    const args = where.BoolExpr.args ?? [];
    return where.BoolExpr.boolop === "AND_EXPR" ? args.some(leavesRowsOut) : args.every(leavesRowsOut);
  }
  if ("A_Expr" in where && canonical(where.A_Expr.lexpr) === canonical(where.A_Expr.rexpr)) return false;
  return /"(?:ColumnRef|CurrentOfExpr)":/.test(JSON.stringify(where));
}
