import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node } from "libpg-query";
import type { CatalogCheck } from "./catalog";
import { facts, type Rewrite, type StatementFacts } from "./facts";
import { type LockMode, strongerLock } from "./locks";
import { formatType, nameParts, relationName } from "./syntax";

/** What one part of an ALTER TABLE does; parts share one lock, the strongest. */
interface Part {
  readonly text: string;
  readonly lock: LockMode;
  readonly rewrite?: Rewrite;
  readonly scan?: boolean;
  readonly destructive?: boolean;
  /** Afterwards the table takes fewer values, or shows fewer rows. */
  readonly narrows?: boolean;
  readonly requires?: readonly CatalogCheck[];
  readonly ensures?: readonly CatalogCheck[];
  readonly drops?: readonly string[];
  /** Another table that is locked too, by a foreign key. */
  readonly alsoLocks?: string;
  readonly skippable?: boolean;
}

/** Functions whose value is the same for every row of one statement, so that no row needs rewriting. */
const NOT_VOLATILE = [
  "now",
  "transaction_timestamp",
  "statement_timestamp",
  "current_setting",
  "lower",
  "upper",
  "coalesce",
];
const VOLATILE = [
  "gen_random_uuid",
  "uuid_generate_v4",
  "uuidv4",
  "uuidv7",
  "random",
  "clock_timestamp",
  "timeofday",
  "nextval",
];

/** Locks per https://www.postgresql.org/docs/current/sql-altertable.html; ACCESS EXCLUSIVE unless noted there. */
export function classifyAlterTable(statement: AlterTableStmt): StatementFacts {
  const table = relationName(statement.relation);
  if (statement.objtype === "OBJECT_VIEW") return alterView(statement, table);
  if (statement.objtype !== "OBJECT_TABLE") {
    // Locks the table behind an index or a partition; which, and how, is not in the text.
    return facts(`ALTER ${statement.objtype?.replace("OBJECT_", "")} ${table}`, { opaque: true });
  }
  const parts = (statement.cmds ?? []).flatMap((node) =>
    "AlterTableCmd" in node ? [classifyPart(table, node.AlterTableCmd)] : [],
  );
  const mode = parts.map((part) => part.lock).reduce(strongerLock, "ACCESS SHARE");
  const rewrites = parts.map((part) => part.rewrite ?? "no");
  const others = parts.flatMap((part) => (part.alsoLocks ? [part.alsoLocks] : []));
  return facts(`ALTER TABLE ${table} ${parts.map((part) => part.text).join(", ")}`, {
    locks: [{ table, mode }, ...others.map((other) => ({ table: other, mode: "SHARE ROW EXCLUSIVE" as const }))],
    rewrite: rewrites.includes("yes") ? "yes" : rewrites.includes("maybe") ? "maybe" : "no",
    scan: parts.some((part) => part.scan),
    destructive: parts.some((part) => part.destructive),
    narrows: parts.some((part) => part.narrows) ? [`table ${table}`] : [],
    requires: [{ kind: "table", table }, ...parts.flatMap((part) => part.requires ?? [])],
    ensures: parts.flatMap((part) => part.ensures ?? []),
    drops: parts.flatMap((part) => part.drops ?? []),
    skippable: parts.length > 0 && parts.every((part) => part.skippable),
  });
}

function alterView(statement: AlterTableStmt, view: string): StatementFacts {
  const off = (statement.cmds ?? []).some(
    (node) =>
      "AlterTableCmd" in node &&
      JSON.stringify(node.AlterTableCmd.def ?? {}).includes('"security_invoker"') &&
      !/"sval":"(?:true|on)"/.test(JSON.stringify(node.AlterTableCmd.def)),
  );
  return facts(`ALTER VIEW ${view}`, { ensures: off ? [{ kind: "view", view, securityInvoker: false }] : [] });
}

function classifyPart(table: string, cmd: AlterTableCmd): Part {
  const name = cmd.name ?? "";
  const requires: CatalogCheck[] = [{ kind: "column", table, column: name }];
  switch (cmd.subtype) {
    case "AT_AddColumn":
      return addColumn(table, cmd);
    case "AT_DropColumn":
      return {
        text: `DROP COLUMN ${name}`,
        lock: "ACCESS EXCLUSIVE",
        destructive: true,
        drops: [`column ${table}.${name}`],
        ...(cmd.missing_ok ? {} : { requires }),
      };
    case "AT_AlterColumnType":
      return {
        text: `ALTER COLUMN ${name} TYPE`,
        lock: "ACCESS EXCLUSIVE",
        rewrite: "maybe",
        scan: true,
        narrows: true,
        requires,
      };
    case "AT_SetNotNull":
      return {
        text: `ALTER COLUMN ${name} SET NOT NULL`,
        lock: "ACCESS EXCLUSIVE",
        scan: true,
        narrows: true,
        requires,
      };
    case "AT_ColumnDefault":
      return changeDefault(cmd, requires);
    case "AT_AddConstraint":
      return addConstraint(cmd.def);
    case "AT_ValidateConstraint":
      // The scan runs under a lock that writers don't notice.
      return { text: `VALIDATE CONSTRAINT ${name}`, lock: "SHARE UPDATE EXCLUSIVE" };
    case "AT_DropConstraint":
      return { text: `DROP CONSTRAINT ${name}`, lock: "ACCESS EXCLUSIVE", narrows: true };
    case "AT_SetStatistics":
    case "AT_SetOptions":
    case "AT_ResetOptions":
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
    case "AT_ClusterOn":
      return { text: word(cmd), lock: "SHARE UPDATE EXCLUSIVE" };
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetTableSpace":
    case "AT_SetAccessMethod":
    case "AT_AddIdentity":
    case "AT_SetExpression":
      return { text: word(cmd), lock: "ACCESS EXCLUSIVE", rewrite: "yes" };
    default:
      return classifyRowSecurity(table, cmd);
  }
}

/** What decides which rows are shown; anything else that is not known better. */
function classifyRowSecurity(table: string, cmd: AlterTableCmd): Part {
  switch (cmd.subtype) {
    case "AT_EnableRowSecurity":
      return {
        text: "ENABLE ROW LEVEL SECURITY",
        lock: "ACCESS EXCLUSIVE",
        narrows: true,
        ensures: [{ kind: "rowSecurity", table }],
      };
    case "AT_ForceRowSecurity":
      return { text: "FORCE ROW LEVEL SECURITY", lock: "ACCESS EXCLUSIVE", narrows: true };
    case "AT_DisableRowSecurity":
      return { text: "DISABLE ROW LEVEL SECURITY", lock: "ACCESS EXCLUSIVE", destructive: true };
    default:
      return { text: word(cmd), lock: "ACCESS EXCLUSIVE" };
  }
}

/** A new default is one more value; without one, whoever left the column out is refused or writes NULL. */
function changeDefault(cmd: AlterTableCmd, requires: readonly CatalogCheck[]): Part {
  const text = `ALTER COLUMN ${cmd.name ?? ""} ${cmd.def ? "SET" : "DROP"} DEFAULT`;
  return { text, lock: "ACCESS EXCLUSIVE", narrows: cmd.def === undefined, requires };
}

/** "AT_SetRelOptions" → "SET REL OPTIONS": enough for a summary. */
function word(cmd: AlterTableCmd): string {
  const words = (cmd.subtype ?? "AT_?").slice(3).replaceAll(/([a-z])([A-Z])/g, "$1 $2");
  return `${words.toUpperCase()}${cmd.name ? ` ${cmd.name}` : ""}`;
}

function addColumn(table: string, cmd: AlterTableCmd): Part {
  const column = cmd.def && "ColumnDef" in cmd.def ? cmd.def.ColumnDef : {};
  const name = column.colname ?? "?";
  const constraints = constraintsOf(column);
  const type = formatType(column.typeName);
  const foreign = constraints.find((c) => c.contype === "CONSTR_FOREIGN");
  const has = (...types: string[]) => constraints.some((c) => types.includes(c.contype ?? ""));
  const serial = isSerial(column);
  const filled = serial || has("CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED");
  return {
    text: `ADD COLUMN ${name}`,
    lock: "ACCESS EXCLUSIVE",
    rewrite: addColumnRewrite(column, constraints),
    // The old application does not name the column: a row of its own is refused.
    narrows: has("CONSTR_NOTNULL", "CONSTR_PRIMARY") && !filled,
    scan: constraints.some((c) => ["CONSTR_CHECK", "CONSTR_UNIQUE", "CONSTR_PRIMARY"].includes(c.contype ?? "")),
    ensures: [{ kind: "column", table, column: name, ...(type ? { type } : {}) }],
    skippable:
      (cmd.missing_ok ?? false) &&
      constraints.every((c) => c.contype === "CONSTR_NULL" || c.contype === "CONSTR_DEFAULT"),
    ...(foreign ? { alsoLocks: relationName(foreign.pktable) } : {}),
  };
}

function constraintsOf(column: ColumnDef): Constraint[] {
  return (column.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
}

function isSerial(column: ColumnDef): boolean {
  return ["serial", "bigserial", "smallserial"].includes(nameParts(column.typeName?.names).at(-1) ?? "");
}

/** Adding a column is a catalog change since PostgreSQL 11, unless its value differs from row to row. */
function addColumnRewrite(column: ColumnDef, constraints: readonly Constraint[]): Rewrite {
  if (isSerial(column)) return "yes";
  for (const constraint of constraints) {
    if (constraint.contype === "CONSTR_IDENTITY") return "yes";
    if (constraint.contype === "CONSTR_GENERATED" && constraint.generated_kind !== "v") return "yes";
    if (constraint.contype !== "CONSTR_DEFAULT") continue;
    const called = functionsIn(constraint.raw_expr);
    if (called.some((name) => VOLATILE.includes(name))) return "yes";
    if (called.some((name) => !NOT_VOLATILE.includes(name))) return "maybe";
  }
  return "no";
}

/** Names of all functions called anywhere in an expression. */
function functionsIn(node: Node | undefined): string[] {
  const found: string[] = [];
  JSON.stringify(node ?? null, (key, value: unknown) => {
    if (key === "funcname" && Array.isArray(value)) found.push(nameParts(value as Node[]).at(-1) ?? "");
    return value;
  });
  return found;
}

function addConstraint(def: Node | undefined): Part {
  const constraint = def && "Constraint" in def ? def.Constraint : {};
  const text = `ADD CONSTRAINT ${constraint.conname ?? ""}`.trim();
  const notValid = constraint.skip_validation ?? false;
  switch (constraint.contype) {
    case "CONSTR_FOREIGN":
      return {
        text,
        lock: "SHARE ROW EXCLUSIVE",
        scan: !notValid,
        narrows: true,
        alsoLocks: relationName(constraint.pktable),
      };
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
      // Over an index there is, it refuses nothing that was not refused before; a primary key also says NOT NULL.
      return {
        text,
        lock: "ACCESS EXCLUSIVE",
        scan: constraint.indexname === undefined,
        narrows: constraint.indexname === undefined || constraint.contype === "CONSTR_PRIMARY",
      };
    default:
      // NOT VALID spares the rows that are there, not the next one that is written.
      return { text, lock: "ACCESS EXCLUSIVE", scan: !notValid, narrows: true };
  }
}
