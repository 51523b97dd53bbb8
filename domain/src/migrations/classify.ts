import type {
  CreateFunctionStmt,
  CreateStmt,
  CreateTrigStmt,
  DropStmt,
  IndexStmt,
  Node,
  RangeVar,
  RenameStmt,
  VacuumStmt,
  ViewStmt,
} from "libpg-query";
import { classifyAlterTable } from "./alter-table";
import type { CatalogCheck } from "./catalog";
import { facts, type Statement, type StatementFacts } from "./facts";
import { changesInWith, isHarmless, leavesRowsOut, setsLimits } from "./harmless";
import { bodyDigest } from "./identity";
import { LOCK_MODES, type LockMode } from "./locks";
import { classifyCreatePolicy, classifyGrant, classifyGrantRole } from "./rights";
import { formatType, indexShape, nameParts, type ParsedStatement, qualified, relationName } from "./syntax";

export function classify(statement: ParsedStatement): Statement {
  const { node, sql, line } = statement;
  return { ...classifyNode(node, sql), ownLimits: setsLimits(node), sql, line };
}

function classifyNode(node: Node, sql: string): StatementFacts {
  if ("AlterTableStmt" in node) return classifyAlterTable(node.AlterTableStmt);
  if ("IndexStmt" in node) return createIndex(node);
  if ("CreateStmt" in node) return createTable(node);
  if ("ViewStmt" in node) return createView(node);
  if ("CreateFunctionStmt" in node) return createFunction(node);
  if ("CreatePolicyStmt" in node) return classifyCreatePolicy(node.CreatePolicyStmt);
  if ("DropStmt" in node) return drop(node);
  if ("RenameStmt" in node) return rename(node);
  if ("CreateTrigStmt" in node) return createTrigger(node);
  return classifyRest(node, sql);
}

/** Words without which a DO block can lock no table of ours; what it does with them can't be told from its text. */
const TOUCHES_TABLES =
  /\b(?:alter|insert|update|delete|merge|truncate|drop|lock|index|policy|trigger|reindex|vacuum|cluster|execute|perform|call|references)\b/i;

function classifyRest(node: Node, sql: string): StatementFacts {
  const summary = sql.split(/\s+/).slice(0, 6).join(" ");
  if ("GrantStmt" in node) return classifyGrant(node.GrantStmt, summary);
  if ("GrantRoleStmt" in node) return classifyGrantRole(node.GrantRoleStmt, summary);
  if ("CreateSchemaStmt" in node) {
    const schema = node.CreateSchemaStmt.schemaname ?? "?";
    const skippable = node.CreateSchemaStmt.if_not_exists ?? false;
    return facts(`CREATE SCHEMA ${schema}`, { ensures: [{ kind: "schema", schema }], skippable });
  }
  if ("CreateRoleStmt" in node) {
    const role = node.CreateRoleStmt.role ?? "?";
    return facts(`CREATE ROLE ${role}`, { ensures: [{ kind: "role", role }] });
  }
  if ("TruncateStmt" in node) {
    const tables = tablesOf(node.TruncateStmt.relations);
    const locks = tables.map((table) => ({ table, mode: "ACCESS EXCLUSIVE" as const }));
    return facts(`TRUNCATE ${tables.join(", ")}`, { locks, destructive: true });
  }
  if ("DeleteStmt" in node) {
    const everyRow = !leavesRowsOut(node.DeleteStmt.whereClause);
    return change("DELETE FROM", node.DeleteStmt, { destructive: true, everyRow });
  }
  if ("UpdateStmt" in node) {
    const everyRow = !leavesRowsOut(node.UpdateStmt.whereClause);
    return change("UPDATE", node.UpdateStmt, { scan: everyRow, everyRow });
  }
  if ("InsertStmt" in node) return change("INSERT INTO", node.InsertStmt, {});
  if ("DoStmt" in node) return facts("DO block", { opaque: TOUCHES_TABLES.test(sql) });
  if ("ReindexStmt" in node) {
    const concurrently = isOn(node.ReindexStmt.params, "concurrently");
    if (!node.ReindexStmt.relation) return facts(summary, { needsNoTx: true, scan: true, opaque: true });
    const table = relationName(node.ReindexStmt.relation);
    const mode = concurrently ? "SHARE UPDATE EXCLUSIVE" : "SHARE";
    return facts(`REINDEX ${table}`, { locks: [{ table, mode }], needsNoTx: concurrently, scan: true });
  }
  if ("VacuumStmt" in node) return vacuum(node.VacuumStmt, summary);
  if ("ClusterStmt" in node) {
    if (!node.ClusterStmt.relation) return facts(summary, { needsNoTx: true, opaque: true });
    const table = relationName(node.ClusterStmt.relation);
    return facts(`CLUSTER ${table}`, { locks: [{ table, mode: "ACCESS EXCLUSIVE" }], rewrite: "yes" });
  }
  if ("LockStmt" in node) {
    const mode = LOCK_MODES[(node.LockStmt.mode ?? 0) - 1] ?? "ACCESS EXCLUSIVE";
    const tables = tablesOf(node.LockStmt.relations);
    return facts(`LOCK TABLE ${tables.join(", ")}`, { locks: tables.map((table) => ({ table, mode })) });
  }
  if ("AlterPolicyStmt" in node) {
    const table = relationName(node.AlterPolicyStmt.table);
    const locks = [{ table, mode: "ACCESS EXCLUSIVE" as const }];
    const policy = node.AlterPolicyStmt.policy_name ?? "?";
    return facts(`ALTER POLICY ${policy} ON ${table}`, {
      locks,
      narrows: [`policy ${policy} on ${table}`],
      drops: [`policy ${policy} on ${table}`], // what an earlier file promised of it no longer holds as it was
    });
  }
  if ("CreatedbStmt" in node || "DropdbStmt" in node || "AlterSystemStmt" in node)
    return facts(summary, { needsNoTx: true });
  return facts(summary, { opaque: !isHarmless(node) });
}

function tablesOf(relations: readonly Node[] | undefined): string[] {
  return (relations ?? []).map((node) => relationName("RangeVar" in node ? node.RangeVar : undefined));
}

/** Whether an option such as FULL is given and not switched off. */
function isOn(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname !== name) return false;
    return !/"(?:false|off|no)"|"Integer":\{\}|"boolval":\{\}/.test(JSON.stringify(option.DefElem.arg ?? null));
  });
}

/** VACUUM and ANALYZE; FULL writes the table again while nobody can use it. */
function vacuum(statement: VacuumStmt, summary: string): StatementFacts {
  const full = isOn(statement.options, "full");
  const needsNoTx = statement.is_vacuumcmd ?? false;
  const tables = (statement.rels ?? []).map((node) =>
    relationName("VacuumRelation" in node ? node.VacuumRelation.relation : undefined),
  );
  const mode: LockMode = full ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE";
  const locks = tables.map((table) => ({ table, mode }));
  return facts(summary, { locks, needsNoTx, rewrite: full ? "yes" : "no", opaque: full && tables.length === 0 });
}

function change(
  verb: string,
  statement: { relation?: RangeVar; withClause?: unknown },
  known: Partial<StatementFacts>,
): StatementFacts {
  const table = relationName(statement.relation);
  return facts(`${verb} ${table}`, {
    locks: [{ table, mode: "ROW EXCLUSIVE" }],
    requires: [{ kind: "table", table }],
    opaque: changesInWith(statement.withClause),
    ...known,
  });
}

function createIndex(node: { IndexStmt: IndexStmt }): StatementFacts {
  const statement = node.IndexStmt;
  const table = relationName(statement.relation);
  const shape = indexShape(node);
  const concurrently = statement.concurrent ?? false;
  const requires: CatalogCheck[] = [{ kind: "table", table }];
  for (const param of statement.indexParams ?? []) {
    if ("IndexElem" in param && param.IndexElem.name)
      requires.push({ kind: "column", table, column: param.IndexElem.name });
  }
  const index = `${statement.relation?.schemaname ?? "public"}.${statement.idxname ?? "?"}`;
  return facts(`CREATE INDEX${concurrently ? " CONCURRENTLY" : ""} ${statement.idxname ?? "(unnamed)"} ON ${table}`, {
    locks: [{ table, mode: concurrently ? "SHARE UPDATE EXCLUSIVE" : "SHARE" }],
    scan: true,
    needsNoTx: concurrently,
    requires,
    ensures: shape && statement.idxname ? [{ kind: "index", index, table, shape }] : [],
    skippable: (statement.if_not_exists ?? false) && statement.idxname !== undefined,
  });
}

function createTable(node: { CreateStmt: CreateStmt }): StatementFacts {
  const statement = node.CreateStmt;
  const table = relationName(statement.relation);
  const ensures: CatalogCheck[] = [{ kind: "table", table }];
  const locks: { table: string; mode: LockMode }[] = [];
  for (const element of statement.tableElts ?? []) {
    const constraints = "ColumnDef" in element ? (element.ColumnDef.constraints ?? []) : [element];
    if ("ColumnDef" in element) {
      const type = formatType(element.ColumnDef.typeName);
      ensures.push({ kind: "column", table, column: element.ColumnDef.colname ?? "?", ...(type ? { type } : {}) });
    }
    for (const constraint of constraints) {
      if ("Constraint" in constraint && constraint.Constraint.contype === "CONSTR_FOREIGN") {
        locks.push({ table: relationName(constraint.Constraint.pktable), mode: "SHARE ROW EXCLUSIVE" });
      }
    }
  }
  return facts(`CREATE TABLE ${table}`, { locks, ensures, skippable: statement.if_not_exists ?? false });
}

function createView(node: { ViewStmt: ViewStmt }): StatementFacts {
  const view = relationName(node.ViewStmt.view);
  const securityInvoker = (node.ViewStmt.options ?? []).some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname !== "security_invoker") return false;
    const value = option.DefElem.arg;
    if (value === undefined) return true;
    if ("Boolean" in value) return value.Boolean.boolval ?? false;
    return "String" in value && ["true", "on", "yes", "1"].includes(value.String.sval ?? "");
  });
  return facts(`CREATE VIEW ${view}`, { ensures: [{ kind: "view", view, securityInvoker }] });
}

function createFunction(node: { CreateFunctionStmt: CreateFunctionStmt }): StatementFacts {
  const name = qualified(nameParts(node.CreateFunctionStmt.funcname));
  const securityDefiner = (node.CreateFunctionStmt.options ?? []).some(
    (option) =>
      "DefElem" in option &&
      option.DefElem.defname === "security" &&
      option.DefElem.arg !== undefined &&
      "Boolean" in option.DefElem.arg &&
      (option.DefElem.arg.Boolean.boolval ?? false),
  );
  const body = bodyOf(node.CreateFunctionStmt);
  return facts(`CREATE FUNCTION ${name}`, {
    ensures: [{ kind: "function", function: name, securityDefiner, ...(body ? { body: bodyDigest(body) } : {}) }],
  });
}

/** The text of a function as the catalog keeps it; undefined for one written as SQL syntax or kept in a library. */
function bodyOf(statement: CreateFunctionStmt): string | undefined {
  for (const option of statement.options ?? []) {
    if (!("DefElem" in option) || option.DefElem.defname !== "as" || !option.DefElem.arg) continue;
    const parts = nameParts([option.DefElem.arg]);
    return parts.length === 1 ? parts[0] : undefined;
  }
  return undefined;
}

function createTrigger(node: { CreateTrigStmt: CreateTrigStmt }): StatementFacts {
  const table = relationName(node.CreateTrigStmt.relation);
  return facts(`CREATE TRIGGER ${node.CreateTrigStmt.trigname ?? "?"} ON ${table}`, {
    locks: [{ table, mode: "SHARE ROW EXCLUSIVE" }],
    requires: [{ kind: "table", table }],
  });
}

function rename(node: { RenameStmt: RenameStmt }): StatementFacts {
  const table = relationName(node.RenameStmt.relation);
  return facts(`RENAME ${node.RenameStmt.subname ?? table} TO ${node.RenameStmt.newname ?? "?"}`, {
    locks: node.RenameStmt.relation ? [{ table, mode: "ACCESS EXCLUSIVE" }] : [],
    destructive: true,
  });
}

function drop(node: { DropStmt: DropStmt }): StatementFacts {
  const { objects, removeType, concurrent } = node.DropStmt;
  const names = (objects ?? []).map((object) =>
    "ObjectWithArgs" in object ? nameParts(object.ObjectWithArgs.objname) : nameParts([object]),
  );
  const kind = (removeType ?? "OBJECT_?").replace("OBJECT_", "").replaceAll("_", " ");
  const summary = `DROP ${kind} ${names.map((n) => n.join(".")).join(", ")}`;
  if (kind === "POLICY" || kind === "TRIGGER") {
    const tables = names.map((parts) => qualified(parts.slice(0, -1)));
    const drops = names.map((parts, i) => `${kind.toLowerCase()} ${parts.at(-1)} on ${tables[i]}`);
    const on = names.map((parts, i) => `${parts.at(-1)} ON ${tables[i]}`).join(", ");
    return facts(`DROP ${kind} ${on}`, {
      locks: tables.map((table) => ({ table, mode: "ACCESS EXCLUSIVE" as const })),
      drops,
      narrows: drops,
    });
  }
  const relations = kind === "SCHEMA" ? names.map((parts) => parts.join(".")) : names.map(qualified);
  const drops = relations.map((name) => `${kind.toLowerCase()} ${name}`);
  if (kind === "INDEX") {
    // Which table is locked is not in the text: a plain DROP INDEX locks it whole, one of the reasons for CONCURRENTLY.
    const locks = concurrent ? [] : relations.map((table) => ({ table, mode: "ACCESS EXCLUSIVE" as const }));
    return facts(summary, { locks, drops, needsNoTx: concurrent ?? false, skippable: false });
  }
  // A view that is dropped and made again in one transaction takes nothing away; a table does.
  const remade = ["VIEW", "FUNCTION"].includes(kind);
  const locks = kind === "TABLE" ? relations.map((table) => ({ table, mode: "ACCESS EXCLUSIVE" as const })) : [];
  return facts(summary, { locks, drops, destructive: !remade, narrows: remade ? drops : [] });
}
