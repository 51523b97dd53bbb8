/** A policy as it stands in the catalog. */
export interface RawPolicy {
  readonly table: string;
  readonly name: string;
  /** As in pg_policy: "r", "a", "w", "d" or "*". */
  readonly command: string;
  readonly permissive: boolean;
  readonly roles: readonly string[];
  /** Whether the expression is plain `true`; null where there is none. */
  readonly using: boolean | null;
  readonly check: boolean | null;
}

export interface RawIndex {
  readonly name: string;
  readonly table: string;
  readonly valid: boolean;
  /** Null when it could not be read without waiting. */
  readonly definition: string | null;
  readonly unique: boolean;
  readonly method: string;
  /** Null for an expression. */
  readonly keys: readonly (string | null)[];
  readonly partial: boolean;
}

interface RawRelation {
  readonly name: string;
  readonly kind: string;
  readonly rls: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly options: string[] | null;
}

/** The one row of `catalogSql`; an aggregate over nothing is null. */
export interface RawCatalog {
  readonly schemas: string[] | null;
  readonly relations: RawRelation[] | null;
  readonly columns: { readonly name: string; readonly types: Record<string, string> }[] | null;
  readonly indexes: RawIndex[] | null;
  readonly functions:
    | { readonly name: string; readonly definer: boolean; readonly path: boolean; readonly body: string }[]
    | null;
  readonly policies: RawPolicy[] | null;
  readonly rights: { readonly on: string; readonly role: string; readonly privileges: string[] }[] | null;
  readonly roles: string[];
}

/** In a stored expression's own notation, which needs no lock to be read: the constant true. */
const ALWAYS = String.raw`'^\{CONST :consttype 16 .*:constvalue 1 \[ 1 0'`;

/**
 * Reads the system catalog only, so nobody waits behind it. One function in it does look at the tables themselves:
 * pg_get_indexdef waits while somebody holds ACCESS EXCLUSIVE, hence `definitions`.
 * @param schemas Quoted names, joined by commas.
 * @param objects Those whose rights are asked for, as `RightsCheck.on` names them; quoted, joined by commas.
 */
export const catalogSql = (schemas: string, objects: string, definitions: boolean) => `
  WITH space AS (SELECT oid, nspname, nspacl, nspowner FROM pg_namespace WHERE nspname IN (${schemas})),
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
        'path', EXISTS (SELECT FROM unnest(p.proconfig) o WHERE o LIKE 'search_path=%'), 'body', md5(p.prosrc)))
      FROM pg_proc p JOIN space s ON s.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')),
    'policies', (SELECT json_agg(json_build_object('table', r.name, 'name', p.polname, 'command', p.polcmd,
        'permissive', p.polpermissive, 'using', p.polqual::text ~ ${ALWAYS}, 'check', p.polwithcheck::text ~ ${ALWAYS},
        'roles', (SELECT json_agg(CASE o WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o) END) FROM unnest(p.polroles) o)))
      FROM pg_policy p JOIN relation r ON r.oid = p.polrelid),
    'rights', (${objects ? rightsSql(objects) : "NULL"}),
    'roles', (SELECT json_agg(rolname) FROM pg_roles WHERE rolname !~ '^pg_')
  ) AS catalog`;

/** Rights are null where nobody changed them; the server's defaults stand for them then. */
const rightsSql = (objects: string) => `
  SELECT json_agg(t) FROM (
    SELECT o.name AS on, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END AS role,
           json_agg(DISTINCT x.privilege_type) AS privileges
      FROM (
        SELECT 'table ' || name AS name, 'table ' || name AS whole, coalesce(relacl, acldefault('r', relowner)) AS acl
          FROM relation WHERE relkind IN ('r', 'p', 'v', 'm')
        UNION ALL
        SELECT 'column ' || r.name || '.' || a.attname, 'table ' || r.name, a.attacl
          FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
        UNION ALL
        SELECT 'schema ' || nspname, NULL, coalesce(nspacl, acldefault('n', nspowner)) FROM space
        UNION ALL
        SELECT 'function ' || s.nspname || '.' || p.proname, NULL, coalesce(p.proacl, acldefault('f', p.proowner))
          FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
      ) o CROSS JOIN LATERAL aclexplode(o.acl) x
     WHERE o.name IN (${objects}) OR o.whole IN (${objects})
     GROUP BY 1, 2) t`;
