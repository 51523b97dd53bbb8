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
  "GrantRoleStmt",
  "GrantStmt",
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
