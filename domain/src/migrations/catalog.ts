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
  | {
      readonly kind: "function";
      readonly function: string;
      readonly securityDefiner: boolean;
      /** MD5 of its text, as `bodyDigest` gives it; undefined where the migration does not say. */
      readonly body?: string;
    }
  | { readonly kind: "policy"; readonly table: string; readonly policy: string; readonly shape?: PolicyShape }
  | RightsCheck
  | { readonly kind: "role"; readonly role: string };

export type PolicyExpression = "true" | "some";

/** What a policy lets through, for whom. */
export interface PolicyShape {
  /** "ALL", "SELECT", "INSERT", "UPDATE" or "DELETE". */
  readonly command: string;
  readonly restrictive: boolean;
  /** In alphabetical order; "PUBLIC" for everybody. */
  readonly roles: readonly string[];
  /**
   * "true" for an expression that lets everything through, "some" for any other, undefined where there is none. The server
   * writes other expressions in words of its own, so that they can't be compared with the migration's.
   */
  readonly using?: PolicyExpression;
  readonly check?: PolicyExpression;
}

/** That a role has rights, or has them not. What is said last about a role and an object counts. */
export interface RightsCheck {
  readonly kind: "rights";
  /** "table public.t" (also a view), "column public.t.c", "schema s" or "function public.f". */
  readonly on: string;
  /** "PUBLIC" for everybody. */
  readonly role: string;
  /** Such as "SELECT". */
  readonly privileges: readonly string[];
  readonly given: boolean;
}

export interface CatalogIndex {
  readonly table: string;
  /** False for what an interrupted CREATE INDEX CONCURRENTLY leaves: kept up to date, never used. */
  readonly valid: boolean;
  readonly shape: IndexShape;
}

export interface CatalogFunction {
  readonly securityDefiner: boolean;
  readonly searchPathSet: boolean;
  /** MD5 of the text, one for each function of that name. */
  readonly bodies: readonly string[];
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
  readonly functions: Readonly<Record<string, CatalogFunction>>;
  /** By table, then by name. */
  readonly policies: Readonly<Record<string, Readonly<Record<string, PolicyShape>>>>;
  /** Privileges by object (as in RightsCheck.on), then by role; of the objects that migrations speak of. */
  readonly rights: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
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
    case "rights":
      return `rights of ${check.role} on ${check.on}`;
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
    case "function":
      return judgeFunction(check, catalog);
    case "policy":
      return judgePolicy(check, catalog);
    case "rights":
      return judgeRights(check, catalog);
    case "role":
      return catalog.roles.includes(check.role) ? MET : absent;
  }
}

function judgeFunction(check: CatalogCheck & { kind: "function" }, catalog: Catalog): Verdict {
  const subject = subjectOf(check);
  const found = catalog.functions[check.function];
  if (!found) return missing(`${subject} is missing`);
  if (found.securityDefiner !== check.securityDefiner) return missing(`${subject} runs with the wrong rights`);
  if (check.securityDefiner && !found.searchPathSet) return missing(`${subject} does not fix its search_path`);
  return check.body && !found.bodies.includes(check.body) ? missing(`${subject} has another text`) : MET;
}

function judgePolicy(check: CatalogCheck & { kind: "policy" }, catalog: Catalog): Verdict {
  const subject = subjectOf(check);
  const found = catalog.policies[check.table]?.[check.policy];
  if (!found) return missing(`${subject} is missing`);
  const { shape: wanted } = check;
  if (!wanted) return MET;
  const unlike = (what: string, is: string, expected: string) =>
    missing(`${subject} ${what} ${is}, expected ${expected}`);
  if (found.command !== wanted.command) return unlike("is for", found.command, wanted.command);
  if (found.restrictive !== wanted.restrictive)
    return missing(`${subject} is ${found.restrictive ? "" : "not "}restrictive`);
  if (found.roles.join() !== wanted.roles.join())
    return unlike("is to", found.roles.join(", "), wanted.roles.join(", "));
  for (const part of ["using", "check"] as const) {
    if (found[part] === wanted[part]) continue;
    return unlike(`has ${part === "using" ? "USING" : "WITH CHECK"}`, inWords(found[part]), inWords(wanted[part]));
  }
  return MET;
}

function inWords(expression: PolicyExpression | undefined): string {
  return expression === "some" ? "a condition" : expression === "true" ? "(true)" : "nothing";
}

function judgeRights(check: RightsCheck, catalog: Catalog): Verdict {
  const subject = subjectOf(check);
  const has = (on: string) => catalog.rights[on]?.[check.role] ?? [];
  if (!check.given) {
    const columns = Object.keys(catalog.rights).filter((on) =>
      on.startsWith(`${check.on.replace(/^table /, "column ")}.`),
    );
    const held = [check.on, ...columns].flatMap(has).filter((privilege) => check.privileges.includes(privilege));
    return held.length === 0 ? MET : missing(`${subject} include ${[...new Set(held)].join(", ")}, expected not to`);
  }
  const table = check.on.replace(/^column (.*)\.[^.]*$/, "table $1");
  const lacking = check.privileges.filter((privilege) => ![...has(check.on), ...has(table)].includes(privilege));
  return lacking.length === 0 ? MET : missing(`${subject} lack ${lacking.join(", ")}`);
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
