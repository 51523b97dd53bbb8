import { type Catalog, type CatalogCheck, type CatalogIndex, NOT_READ } from "@cutover/domain/migrations/catalog";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import type { SettledRow } from "@cutover/domain/migrations/settled";
import { indexShape, type SqlParser } from "@cutover/domain/migrations/syntax";
import type { Client, QueryResult } from "pg";
import { DatabaseError } from "./target";

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

interface RawIndex {
  name: string;
  table: string;
  valid: boolean;
  /** Null when it could not be read without waiting. */
  definition: string | null;
  unique: boolean;
  method: string;
  /** Null for an expression. */
  keys: (string | null)[];
  partial: boolean;
}

interface RawCatalog {
  schemas: string[] | null;
  relations:
    | { name: string; kind: string; rls: boolean; rows: number; bytes: number; options: string[] | null }[]
    | null;
  columns: { name: string; types: Record<string, string> }[] | null;
  indexes: RawIndex[] | null;
  functions: { name: string; definer: boolean; path: boolean }[] | null;
  policies: { table: string; names: string[] }[] | null;
  roles: string[];
}

/**
 * Reads the system catalog only, so nobody waits behind it. One function in it does look at the tables themselves:
 * pg_get_indexdef waits while somebody holds ACCESS EXCLUSIVE, hence `definitions`.
 */
const catalogSql = (schemas: string, definitions: boolean) => `
  WITH space AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN (${schemas})),
  relation AS (SELECT c.*, s.nspname || '.' || c.relname AS name FROM pg_class c JOIN space s ON s.oid = c.relnamespace)
  SELECT json_build_object(
    'schemas', (SELECT json_agg(nspname) FROM space),
    'relations', (SELECT json_agg(json_build_object('name', name, 'kind', relkind, 'rls', relrowsecurity,
        'rows', greatest(reltuples, 0), 'bytes', relpages::bigint * 8192, 'options', reloptions))
      FROM relation WHERE relkind IN ('r', 'p', 'v', 'm')),
    'columns', (SELECT json_agg(json_build_object('name', name, 'types', types)) FROM (
      SELECT r.name, json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) AS types
        FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE r.relkind IN ('r', 'p', 'v', 'm') GROUP BY r.name) t),
    'indexes', (SELECT json_agg(json_build_object('name', i.name, 'table', t.name, 'valid', x.indisvalid AND x.indisready,
        'definition', ${definitions ? "pg_get_indexdef(i.oid)" : "NULL"}, 'unique', x.indisunique, 'partial', x.indpred IS NOT NULL,
        'method', (SELECT amname FROM pg_am WHERE oid = i.relam),
        'keys', (SELECT json_agg(a.attname || CASE WHEN (x.indoption[k.n - 1] & 1) = 1 THEN ' DESC' ELSE '' END ORDER BY k.n)
          FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, n)
          LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum > 0
         WHERE k.n <= x.indnkeyatts)))
      FROM pg_index x JOIN relation i ON i.oid = x.indexrelid JOIN relation t ON t.oid = x.indrelid),
    'functions', (SELECT json_agg(json_build_object('name', s.nspname || '.' || p.proname, 'definer', p.prosecdef,
        'path', EXISTS (SELECT FROM unnest(p.proconfig) o WHERE o LIKE 'search_path=%')))
      FROM pg_proc p JOIN space s ON s.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')),
    'policies', (SELECT json_agg(json_build_object('table', name, 'names', names)) FROM (
      SELECT r.name, json_agg(p.polname) AS names FROM pg_policy p JOIN relation r ON r.oid = p.polrelid GROUP BY r.name) t),
    'roles', (SELECT json_agg(rolname) FROM pg_roles WHERE rolname !~ '^pg_')
  ) AS catalog`;

/**
 * Reads what the planner needs. The history comes first: what another run applies in between then looks pending but
 * present, which is harmless; the other way round it would look applied but missing.
 * @throws DatabaseError when the history exists but this role may not read it
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
    throw new DatabaseError(
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
  const schemas = schemasOf(checks)
    .map((name) => client.escapeLiteral(name))
    .join(", ");
  const full = parse && (await queryCatalog(client, schemas, true));
  const raw = full ?? (await queryCatalog(client, schemas, false));
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
async function queryCatalog(client: Client, schemas: string, definitions: boolean): Promise<RawCatalog | undefined> {
  const limit = `BEGIN READ ONLY; SET LOCAL lock_timeout = ${DEFINITION_WAIT_MS}`;
  try {
    const results = (await client.query(`${limit}; ${catalogSql(schemas, definitions)}; COMMIT`)) as unknown;
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
    functions: Object.fromEntries(
      (raw.functions ?? []).map((f) => [f.name, { securityDefiner: f.definer, searchPathSet: f.path }]),
    ),
    policies: Object.fromEntries((raw.policies ?? []).map((p) => [p.table, p.names])),
    roles: raw.roles,
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
