import type { Node, ParseResult, RangeVar, TypeName } from "libpg-query";
import type { IndexShape } from "./catalog";

/** PostgreSQL's own grammar, handed in by the caller because loading it is not pure. @throws on a syntax error */
export type SqlParser = (sql: string) => ParseResult;

/** One statement of a file: its text without the comments around it, its line in the file, its syntax tree. */
export interface ParsedStatement {
  readonly sql: string;
  /** Line of the statement's first word, counted from 1. */
  readonly line: number;
  readonly node: Node;
}

/** Splits a file into its statements. Offsets of the parser are bytes of UTF-8, hence the buffer. */
export function splitStatements(sql: string, parse: SqlParser): ParsedStatement[] {
  const bytes = new TextEncoder().encode(sql);
  const decoder = new TextDecoder();
  const statements: ParsedStatement[] = [];
  for (const raw of parse(sql).stmts ?? []) {
    if (!raw.stmt) continue;
    const start = raw.stmt_location ?? 0;
    const end = raw.stmt_len ? start + raw.stmt_len : bytes.length;
    const text = decoder.decode(bytes.subarray(start, end));
    const lead = leadingBlank(text);
    const line = decoder.decode(bytes.subarray(0, start)).split("\n").length + lead.split("\n").length - 1;
    statements.push({ sql: text.slice(lead.length).trimEnd().replace(/;$/, ""), line, node: raw.stmt });
  }
  return statements;
}

/** Blanks and comments before the first word of a statement. */
function leadingBlank(text: string): string {
  return /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(text)?.[0] ?? "";
}

/** "schema.name" of a relation; "public" where the migration names no schema. */
export function relationName(relation: RangeVar | undefined): string {
  return `${relation?.schemaname ?? "public"}.${relation?.relname ?? "?"}`;
}

/** The parts of a name given as a list of strings, such as ["public", "t", "x"]. */
export function nameParts(nodes: readonly Node[] | undefined): string[] {
  const parts: string[] = [];
  for (const node of nodes ?? []) {
    if ("String" in node) parts.push(node.String.sval ?? "");
    else if ("List" in node) parts.push(...nameParts(node.List.items));
  }
  return parts;
}

/** "schema.name" from such a list; "public" where there is only one part. */
export function qualified(parts: readonly string[]): string {
  return parts.length > 1 ? parts.slice(-2).join(".") : `public.${parts[0] ?? "?"}`;
}

/** The grammar's names of built-in types as `format_type` writes them; others are written as in the migration. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  varchar: "character varying",
  bpchar: "character",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
  decimal: "numeric",
  serial: "integer",
  bigserial: "bigint",
};

/** A column's type as `format_type` writes it, or undefined where that can't be told from the text alone. */
export function formatType(type: TypeName | undefined): string | undefined {
  const parts = nameParts(type?.names);
  const last = parts.at(-1);
  if (!type || !last || (parts.length > 1 && parts[0] !== "pg_catalog")) return undefined;
  const modifiers: number[] = [];
  for (const node of type.typmods ?? []) {
    if (!("A_Const" in node) || !node.A_Const.ival) return undefined;
    modifiers.push(node.A_Const.ival.ival ?? 0);
  }
  if (modifiers.length > 0 && !["varchar", "bpchar", "numeric", "decimal"].includes(last)) return undefined;
  const name = TYPE_NAMES[last] ?? last;
  // The grammar gives "character" its implied length of 1; format_type writes it too.
  const suffix = modifiers.length > 0 ? `(${modifiers.join(",")})` : "";
  return `${name}${suffix}${"[]".repeat(type.arrayBounds?.length ?? 0)}`;
}

/** A syntax tree as comparable text: positions in the source don't count. */
export function canonical(node: unknown): string {
  return JSON.stringify(node, (key, value) => (key === "location" ? undefined : value));
}

/** What an index covers, from `CREATE INDEX`; also used on what `pg_get_indexdef` writes, so that both compare. */
export function indexShape(node: Node): IndexShape | undefined {
  if (!("IndexStmt" in node)) return undefined;
  const statement = node.IndexStmt;
  const keys = (statement.indexParams ?? []).map((param) => {
    if (!("IndexElem" in param)) return canonical(param);
    const { name, expr, ordering } = param.IndexElem;
    return `${name ?? canonical(expr)}${ordering === "SORTBY_DESC" ? " DESC" : ""}`;
  });
  return {
    unique: statement.unique ?? false,
    method: statement.accessMethod ?? "btree",
    keys,
    ...(statement.whereClause ? { predicate: canonical(statement.whereClause) } : {}),
  };
}
