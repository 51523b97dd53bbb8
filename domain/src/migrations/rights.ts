import type { CreatePolicyStmt, GrantRoleStmt, GrantStmt, Node } from "libpg-query";
import type { CatalogCheck, PolicyExpression } from "./catalog";
import { facts, type StatementFacts } from "./facts";
import { canonical, nameParts, qualified, relationName } from "./syntax";

/** What ALL stands for. MAINTAIN exists from PostgreSQL 17 on; where it does not, nobody has it. */
const ALL: Readonly<Record<string, readonly string[]>> = {
  table: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
  schema: ["USAGE", "CREATE"],
  function: ["EXECUTE"],
};

const KINDS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: "table",
  OBJECT_SCHEMA: "schema",
  OBJECT_FUNCTION: "function",
  OBJECT_PROCEDURE: "function",
  OBJECT_ROUTINE: "function",
};

/** The names of roles as the catalog has them; PUBLIC for everybody. Roles that depend on the session have none. */
export function roleNames(roles: readonly Node[] | undefined): string[] {
  return (roles ?? []).flatMap((node) => {
    if (!("RoleSpec" in node)) return [];
    if (node.RoleSpec.roletype === "ROLESPEC_PUBLIC") return ["PUBLIC"];
    return node.RoleSpec.rolename ? [node.RoleSpec.rolename] : [];
  });
}

/** GRANT and REVOKE: harmless to locks, but a REVOKE takes a right away, and both are promises that can be checked. */
export function classifyGrant(statement: GrantStmt, summary: string): StatementFacts {
  const granted = statement.is_grant ?? false;
  const kind = KINDS[statement.objtype ?? ""];
  const named = statement.targtype === "ACL_TARGET_OBJECT";
  const objects = (statement.objects ?? []).map((node) => objectName(node, kind, named));
  return facts(summary, {
    ensures:
      kind && named && !statement.grant_option ? objects.flatMap((object) => checksOf(statement, kind, object)) : [],
    narrows: granted ? [] : objects,
  });
}

/** Such as "table public.t"; for ALL … IN SCHEMA the schema. */
function objectName(node: Node, kind: string | undefined, named: boolean): string {
  if ("RangeVar" in node) return `${kind ?? "relation"} ${relationName(node.RangeVar)}`;
  if ("ObjectWithArgs" in node) return `function ${qualified(nameParts(node.ObjectWithArgs.objname))}`;
  if ("String" in node) return `${named ? (kind ?? "object") : "schema"} ${node.String.sval ?? "?"}`;
  return `object ${canonical(node)}`;
}

function checksOf(statement: GrantStmt, kind: string, object: string): CatalogCheck[] {
  const given = statement.is_grant ?? false;
  const byObject = new Map<string, string[]>();
  const add = (name: string, privileges: readonly string[]) =>
    byObject.set(name, [...(byObject.get(name) ?? []), ...privileges]);
  if (!statement.privileges)
    add(object, given ? (ALL[kind] ?? []).filter((one) => one !== "MAINTAIN") : (ALL[kind] ?? []));
  for (const node of statement.privileges ?? []) {
    if (!("AccessPriv" in node)) continue;
    const privilege = (node.AccessPriv.priv_name ?? "").toUpperCase();
    const columns = nameParts(node.AccessPriv.cols);
    if (columns.length === 0) add(object, [privilege]);
    for (const column of columns) add(`${object.replace(/^table /, "column ")}.${column}`, [privilege]);
  }
  return roleNames(statement.grantees).flatMap((role) =>
    [...byObject].map(([on, privileges]) => ({ kind: "rights" as const, on, role, privileges, given })),
  );
}

/** Membership of a role. */
export function classifyGrantRole(statement: GrantRoleStmt, summary: string): StatementFacts {
  const roles = (statement.granted_roles ?? []).flatMap((node) =>
    "AccessPriv" in node ? [`role ${node.AccessPriv.priv_name ?? "?"}`] : [],
  );
  return facts(summary, { narrows: statement.is_grant ? [] : roles });
}

function expression(node: Node): PolicyExpression {
  return "A_Const" in node && node.A_Const.boolval?.boolval ? "true" : "some";
}

export function classifyCreatePolicy(statement: CreatePolicyStmt): StatementFacts {
  const table = relationName(statement.table);
  const policy = statement.policy_name ?? "?";
  const restrictive = !(statement.permissive ?? false);
  return facts(`CREATE POLICY ${policy} ON ${table}`, {
    locks: [{ table, mode: "ACCESS EXCLUSIVE" }],
    requires: [{ kind: "table", table }],
    ensures: [
      {
        kind: "policy",
        table,
        policy,
        shape: {
          command: (statement.cmd_name ?? "all").toUpperCase(),
          restrictive,
          roles: roleNames(statement.roles).sort(),
          ...(statement.qual ? { using: expression(statement.qual) } : {}),
          ...(statement.with_check ? { check: expression(statement.with_check) } : {}),
        },
      },
    ],
    // Beside others, a permissive policy lets more rows through, a restrictive one fewer.
    narrows: restrictive ? [`table ${table}`] : [],
  });
}
