/**
 * What a database's catalog holds, and what a migration needs of it or promises for it, as data. Relations are named
 * "schema.name"; a name without a schema in a migration means "public".
 */

/** The parts of an index that decide whether it is the one a migration meant. */
export interface IndexShape {
  readonly unique: boolean;
  readonly method: string;
  /** Column names, or a canonical form of an expression, in order. */
  readonly keys: readonly string[];
  /** Canonical form of the predicate; undefined for an index over all rows. */
  readonly predicate?: string;
}

/** Stands for a predicate that is there but could not be read without waiting; it counts as the wanted one. */
export const NOT_READ = "(not read)";

/** One fact about the catalog that can be true or not. */
export type CatalogCheck =
  | { readonly kind: "schema"; readonly schema: string }
  | { readonly kind: "table"; readonly table: string }
  | { readonly kind: "column"; readonly table: string; readonly column: string; readonly type?: string }
  | { readonly kind: "rowSecurity"; readonly table: string }
  | { readonly kind: "index"; readonly index: string; readonly table: string; readonly shape: IndexShape }
  | { readonly kind: "view"; readonly view: string; readonly securityInvoker: boolean }
  | { readonly kind: "function"; readonly function: string; readonly securityDefiner: boolean }
  | { readonly kind: "policy"; readonly table: string; readonly policy: string }
  | { readonly kind: "role"; readonly role: string };

export interface CatalogIndex {
  readonly table: string;
  /** False for what an interrupted CREATE INDEX CONCURRENTLY leaves: kept up to date, never used. */
  readonly valid: boolean;
  readonly shape: IndexShape;
}

/** A moment's catalog, as far as migrations look at it. */
export interface Catalog {
  readonly schemas: readonly string[];
  readonly tables: Readonly<
    Record<string, { readonly rowSecurity: boolean; readonly rows: number; readonly bytes: number }>
  >;
  /** Type per column, as `format_type` writes it, by "schema.table". Views have columns too. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly indexes: Readonly<Record<string, CatalogIndex>>;
  readonly views: Readonly<Record<string, { readonly securityInvoker: boolean }>>;
  readonly functions: Readonly<Record<string, { readonly securityDefiner: boolean; readonly searchPathSet: boolean }>>;
  readonly policies: Readonly<Record<string, readonly string[]>>;
  readonly roles: readonly string[];
}

/** A short name of the thing a check is about, such as "column public.message_queue.status". */
export function subjectOf(check: CatalogCheck): string {
  switch (check.kind) {
    case "schema":
      return `schema ${check.schema}`;
    case "table":
      return `table ${check.table}`;
    case "column":
      return `column ${check.table}.${check.column}`;
    case "rowSecurity":
      return `row level security on ${check.table}`;
    case "index":
      return `index ${check.index}`;
    case "view":
      return `view ${check.view}`;
    case "function":
      return `function ${check.function}`;
    case "policy":
      return `policy ${check.policy} on ${check.table}`;
    case "role":
      return `role ${check.role}`;
  }
}

/** How a check fares: `missing` may still be created, `conflict` is something else under the same name. */
export type Verdict =
  | { readonly is: "met" }
  | { readonly is: "missing"; readonly why: string }
  | { readonly is: "conflict"; readonly why: string };

const MET: Verdict = { is: "met" };
const missing = (why: string): Verdict => ({ is: "missing", why });
const conflict = (why: string): Verdict => ({ is: "conflict", why });

/** Whether `check` holds in `catalog`. `why` is a sentence part such as "column public.t.c is text, expected jsonb". */
export function judge(check: CatalogCheck, catalog: Catalog): Verdict {
  const subject = subjectOf(check);
  const absent = missing(`${subject} is missing`);
  switch (check.kind) {
    case "schema":
      return catalog.schemas.includes(check.schema) ? MET : absent;
    case "table":
      return catalog.tables[check.table] ? MET : absent;
    case "column":
      return judgeColumn(check, catalog);
    case "rowSecurity":
      return catalog.tables[check.table]?.rowSecurity ? MET : missing(`${subject} is off`);
    case "index":
      return judgeIndex(check, catalog);
    case "view": {
      const view = catalog.views[check.view];
      if (!view) return absent;
      if (view.securityInvoker === check.securityInvoker) return MET;
      return missing(`${subject} has security_invoker ${view.securityInvoker ? "on" : "off"}`);
    }
    case "function": {
      const found = catalog.functions[check.function];
      if (!found) return absent;
      if (found.securityDefiner !== check.securityDefiner) return missing(`${subject} runs with the wrong rights`);
      return check.securityDefiner && !found.searchPathSet ? missing(`${subject} does not fix its search_path`) : MET;
    }
    case "policy":
      return catalog.policies[check.table]?.includes(check.policy) ? MET : absent;
    case "role":
      return catalog.roles.includes(check.role) ? MET : absent;
  }
}

function judgeColumn(check: CatalogCheck & { kind: "column" }, catalog: Catalog): Verdict {
  const found = catalog.columns[check.table]?.[check.column];
  if (found === undefined) return missing(`${subjectOf(check)} is missing`);
  if (check.type === undefined || check.type === found) return MET;
  return conflict(`${subjectOf(check)} is ${found}, expected ${check.type}`);
}

function judgeIndex(check: CatalogCheck & { kind: "index" }, catalog: Catalog): Verdict {
  const found = catalog.indexes[check.index];
  if (!found) return missing(`${subjectOf(check)} is missing`);
  if (found.table !== check.table) {
    return conflict(`${subjectOf(check)} belongs to ${found.table}, expected ${check.table}`);
  }
  const difference = shapeDifference(found.shape, check.shape);
  if (difference) return conflict(`${subjectOf(check)} ${difference}`);
  return found.valid ? MET : missing(`${subjectOf(check)} is invalid (an interrupted build)`);
}

function shapeDifference(found: IndexShape, wanted: IndexShape): string | undefined {
  if (found.unique !== wanted.unique)
    return found.unique ? "is unique, expected not" : "is not unique, expected unique";
  if (found.method !== wanted.method) return `is a ${found.method} index, expected ${wanted.method}`;
  if (found.keys.join() !== wanted.keys.join()) {
    return `covers (${found.keys.join(", ")}), expected (${wanted.keys.join(", ")})`;
  }
  if (found.predicate === wanted.predicate || (wanted.predicate && found.predicate === NOT_READ)) return undefined;
  if (found.predicate && wanted.predicate) return "has another WHERE clause than the migration";
  return found.predicate ? "is partial, expected all rows" : "covers all rows, expected a WHERE clause";
}
