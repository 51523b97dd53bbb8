import type { CatalogCheck } from "./catalog";
import { classify } from "./classify";
import type { Statement } from "./facts";
import { checksum, type FileRef, parseFileName } from "./identity";
import { type SqlParser, splitStatements } from "./syntax";

/** `tx`: all statements in one transaction. `no-tx`: one statement that can't be in one, such as CONCURRENTLY. */
export type MigrationMode = "tx" | "no-tx";

/** `expand`: the old application doesn't notice. `contract`: takes something away; held back until `decommission`. */
export type MigrationKind = "expand" | "contract";

export interface MigrationFile extends FileRef {
  readonly version: string;
  readonly name: string;
  readonly mode: MigrationMode;
  readonly kind: MigrationKind;
  readonly statements: readonly Statement[];
  /** From the header: must be true before, beyond what the statements tell. */
  readonly requires: readonly CatalogCheck[];
  /** From the header: is true afterwards, beyond what the statements tell. */
  readonly ensures: readonly CatalogCheck[];
}

/** A migration file that can't be used as it is. The message names file and line and says what to do. */
export class MigrationFileError extends Error {
  override readonly name = "MigrationFileError";
}

/**
 * Reads one migration.
 * @throws MigrationFileError for a wrong name, header or syntax
 */
export function parseMigration(file: string, text: string, parse: SqlParser): MigrationFile {
  const named = parseFileName(file);
  if (!named)
    throw new MigrationFileError(`${file}: a migration is named <digits>_<name>.sql, as the Supabase CLI does`);
  const sql = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const header = parseHeader(file, sql);
  return { ...named, ...header, file, sha256: checksum(text), statements: parseStatements(file, sql, parse) };
}

function parseStatements(file: string, sql: string, parse: SqlParser): Statement[] {
  try {
    return splitStatements(sql, parse).map(classify);
  } catch (error) {
    const position = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition ?? 0;
    const line = sql.slice(0, position).split("\n").length;
    throw new MigrationFileError(`${file}, line ${line}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Header = Pick<MigrationFile, "mode" | "kind" | "requires" | "ensures">;

/** The comment lines at the top of a file may say `-- mode:`, `-- kind:`, `-- requires:` and `-- ensures:`. */
function parseHeader(file: string, sql: string): Header {
  let mode: MigrationMode = "tx";
  let kind: MigrationKind = "expand";
  const requires: CatalogCheck[] = [];
  const ensures: CatalogCheck[] = [];
  for (const [index, line] of sql.split("\n").entries()) {
    if (line.trim() !== "" && !line.startsWith("--")) break;
    const [, key, value] = /^--\s*(mode|kind|requires|ensures):\s*(.*?)\s*$/.exec(line) ?? [];
    const where = `${file}, line ${index + 1}`;
    if (key === "mode") mode = oneOf(where, key, value, ["tx", "no-tx"] as const);
    if (key === "kind") kind = oneOf(where, key, value, ["expand", "contract"] as const);
    if (key === "requires") requires.push(...parseChecks(where, value ?? ""));
    if (key === "ensures") ensures.push(...parseChecks(where, value ?? ""));
  }
  return { mode, kind, requires, ensures };
}

function oneOf<T extends string>(where: string, key: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value);
  if (found) return found;
  throw new MigrationFileError(`${where}: ${key} is "${value}", allowed: ${allowed.join(", ")}`);
}

/** `role anon`, `schema x`, or `public.message_queue(id, status)` for a table with columns. */
function parseChecks(where: string, text: string): CatalogCheck[] {
  const single = /^(role|schema)\s+(\w+)$/.exec(text);
  if (single?.[2])
    return single[1] === "role" ? [{ kind: "role", role: single[2] }] : [{ kind: "schema", schema: single[2] }];
  const [, table, columns] = /^(\w+\.\w+)(?:\(([\w\s,]+)\))?$/.exec(text) ?? [];
  if (!table)
    throw new MigrationFileError(`${where}: expected "schema.table(column, …)", "role NAME" or "schema NAME"`);
  const names = (columns ?? "").split(",").map((name) => name.trim());
  return [
    { kind: "table", table },
    ...names.filter(Boolean).map((column) => ({ kind: "column" as const, table, column })),
  ];
}
