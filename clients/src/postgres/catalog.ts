import {
  type Catalog,
  type CatalogCheck,
  type CatalogIndex,
  NOT_READ,
  type PolicyShape,
} from "@cutover/domain/migrations/catalog";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import type { SettledRow } from "@cutover/domain/migrations/settled";
import { indexShape, type SqlParser } from "@cutover/domain/migrations/syntax";
import type { Client, QueryResult } from "pg";
import { catalogSql, type RawCatalog, type RawIndex, type RawPolicy } from "./catalog-sql";
import { DatabaseError, HistoryUnreadableError } from "./target";

/** Our schema and, in it, the runner's history. */
export const OPS_SCHEMA = "langgraph_ops";
export const HISTORY_TABLE = "langgraph_ops.schema_migrations";

/** Catalog and history of one moment. */
export interface DatabaseState {
  readonly catalog: Catalog;
  readonly history: readonly SettledRow[];
  /** Whether the history's table exists. */
  readonly hasHistory: boolean;
}

/**
 * Reads what the planner needs. The history comes first: what another run applies in between then looks pending but
 * present, which is harmless; the other way round it would look applied but missing.
 * @throws HistoryUnreadableError when the history exists but this role may not read it
 */
export async function readState(
  client: Client,
  files: readonly MigrationFile[],
  parse: SqlParser,
): Promise<DatabaseState> {
  const history = await readHistory(client);
  const catalog = await readCatalog(client, checksOf(files), parse);
  return { catalog, history: history ?? [], hasHistory: history !== undefined };
}

/** The history's rows; undefined when there is no history yet. */
export async function readHistory(client: Client): Promise<SettledRow[] | undefined> {
  try {
    const rows = await client.query<SettledRow>(
      `SELECT version, name, checksum, mode, status, promises FROM ${HISTORY_TABLE}`,
    );
    return rows.rows;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "42P01" || code === "3F000") return undefined;
    if (code !== "42501") throw error;
    throw new HistoryUnreadableError(
      `This role may not read ${HISTORY_TABLE}. Make it a member of langgraph_ops_reader (GRANT langgraph_ops_reader TO …).`,
    );
  }
}

/**
 * The catalog as far as `checks` speak of it, in one query. Without a parser, an index's predicate is known to be there or
 * not, and expressions are not told apart.
 */
export async function readCatalog(
  client: Client,
  checks: readonly CatalogCheck[],
  parse: SqlParser | undefined,
): Promise<Catalog> {
  const quoted = (names: readonly string[]) => names.map((name) => client.escapeLiteral(name)).join(", ");
  const schemas = quoted(schemasOf(checks));
  const objects = quoted([...new Set(checks.flatMap((check) => (check.kind === "rights" ? [check.on] : [])))]);
  const sql = (definitions: boolean) => catalogSql(schemas, objects, definitions);
  const full = parse && (await queryCatalog(client, sql(true), true));
  const raw = full ?? (await queryCatalog(client, sql(false), false));
  if (!raw) throw new DatabaseError("The database's catalog could not be read.");
  return shapeCatalog(raw, parse);
}

/** All that files need and promise. */
export function checksOf(files: readonly MigrationFile[]): CatalogCheck[] {
  return files.flatMap((file) => [
    ...file.requires,
    ...file.ensures,
    ...file.statements.flatMap((s) => [...s.requires, ...s.ensures]),
  ]);
}

/** How long to wait for an index definition behind somebody's ACCESS EXCLUSIVE lock. */
const DEFINITION_WAIT_MS = 300;

/** One message and one transaction, so that the limit holds and goes with it. @returns undefined if that was too long */
async function queryCatalog(client: Client, sql: string, definitions: boolean): Promise<RawCatalog | undefined> {
  const limit = `BEGIN READ ONLY; SET LOCAL lock_timeout = ${DEFINITION_WAIT_MS}`;
  try {
    const results = (await client.query(`${limit}; ${sql}; COMMIT`)) as unknown;
    return (results as QueryResult<{ catalog: RawCatalog }>[])[2]?.rows[0]?.catalog;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    if (definitions && (error as { code?: string }).code === "55P03") return undefined;
    throw error;
  }
}

/** Only the schemas that migrations speak of: a project has a dozen others that are not ours to judge. */
function schemasOf(checks: readonly CatalogCheck[]): string[] {
  const names = new Set(["public", OPS_SCHEMA]);
  for (const check of checks) {
    if ("schema" in check) names.add(check.schema);
    if ("table" in check) names.add(check.table.split(".")[0] ?? "public");
    if ("view" in check) names.add(check.view.split(".")[0] ?? "public");
    if ("function" in check) names.add(check.function.split(".")[0] ?? "public");
    if (check.kind === "rights") names.add(check.on.replace(/^\w+ /, "").split(".")[0] ?? "public");
  }
  return [...names];
}

function shapeCatalog(raw: RawCatalog, parse: SqlParser | undefined): Catalog {
  const relations = raw.relations ?? [];
  const tables = relations.filter((r) => r.kind === "r" || r.kind === "p");
  const views = relations.filter((r) => r.kind === "v" || r.kind === "m");
  const invoker = (options: string[] | null) =>
    (options ?? []).some((o) => /^security_invoker=(?:true|on|1|yes)$/i.test(o));
  return {
    schemas: raw.schemas ?? [],
    tables: Object.fromEntries(
      tables.map((t) => [t.name, { rowSecurity: t.rls, rows: Math.round(t.rows), bytes: t.bytes }]),
    ),
    columns: Object.fromEntries((raw.columns ?? []).map((c) => [c.name, c.types])),
    indexes: Object.fromEntries((raw.indexes ?? []).map((i) => [i.name, shapeIndex(i, parse)])),
    views: Object.fromEntries(views.map((v) => [v.name, { securityInvoker: invoker(v.options) }])),
    functions: shapeFunctions(raw.functions ?? []),
    policies: grouped((raw.policies ?? []).map((p) => [p.table, p.name, shapePolicy(p)])),
    rights: grouped((raw.rights ?? []).map((r) => [r.on, r.role, r.privileges])),
    roles: raw.roles,
  };
}

/** [a, b, value] as value by a, then by b. */
function grouped<T>(entries: readonly (readonly [string, string, T])[]): Record<string, Record<string, T>> {
  const groups: Record<string, Record<string, T>> = {};
  for (const [outer, inner, value] of entries) groups[outer] = { ...groups[outer], [inner]: value };
  return groups;
}

/** Functions of one name and different arguments count as one, whose rights are those of the least careful. */
function shapeFunctions(functions: NonNullable<RawCatalog["functions"]>): Catalog["functions"] {
  const shaped: Record<string, Catalog["functions"][string]> = {};
  for (const { name, definer, path, body } of functions) {
    const before = shaped[name] ?? { securityDefiner: false, searchPathSet: true, bodies: [] };
    shaped[name] = {
      securityDefiner: before.securityDefiner || definer,
      searchPathSet: before.searchPathSet && path,
      bodies: [...before.bodies, body],
    };
  }
  return shaped;
}

const COMMANDS: Readonly<Record<string, string>> = { r: "SELECT", a: "INSERT", w: "UPDATE", d: "DELETE", "*": "ALL" };

function shapePolicy(policy: RawPolicy): PolicyShape {
  const inWords = (always: boolean) => (always ? "true" : "some");
  return {
    command: COMMANDS[policy.command] ?? policy.command,
    restrictive: !policy.permissive,
    roles: [...policy.roles].sort(),
    ...(policy.using === null ? {} : { using: inWords(policy.using) }),
    ...(policy.check === null ? {} : { check: inWords(policy.check) }),
  };
}

function shapeIndex(index: RawIndex, parse: SqlParser | undefined): CatalogIndex {
  const node = index.definition === null ? undefined : parse?.(index.definition).stmts?.[0]?.stmt;
  const shape = (node && indexShape(node)) ?? {
    unique: index.unique,
    method: index.method,
    keys: index.keys.map((key) => key ?? "(expression)"),
    ...(index.partial ? { predicate: NOT_READ } : {}),
  };
  return { table: index.table, valid: index.valid, shape };
}
