import type { Bag } from "../bag";
import type { Json, Props } from "../json";

/** Renders what `iam.getPolicyDocument` renders: the arguments as a policy's JSON text. */
export function renderPolicyDocument(args: Bag): string {
  for (const name of ["sourcePolicyDocuments", "overridePolicyDocuments", "overrideJson", "sourceJson"]) {
    if (args.has(name)) throw new Error(`rehearsal provider: ${name} of getPolicyDocument is not served`);
  }
  const id = args.str("policyId");
  const document: Props = {
    Version: args.str("version") ?? "2012-10-17",
    ...(id ? { Id: id } : {}),
    Statement: args.bags("statements").map(statement),
  };
  return JSON.stringify(document, undefined, 2);
}

function statement(one: Bag): Json {
  const out: Props = {};
  const sid = one.str("sid");
  if (sid) out.Sid = sid;
  out.Effect = one.str("effect") ?? "Allow";
  const members: [string, string][] = [
    ["Action", "actions"],
    ["NotAction", "notActions"],
    ["Resource", "resources"],
    ["NotResource", "notResources"],
  ];
  for (const [key, name] of members) if (one.has(name)) out[key] = oneOrMany(one.strs(name));
  if (one.has("principals")) out.Principal = principals(one.bags("principals"));
  if (one.has("notPrincipals")) out.NotPrincipal = principals(one.bags("notPrincipals"));
  if (one.has("conditions")) out.Condition = conditions(one.bags("conditions"));
  return out;
}

function oneOrMany(values: string[]): Json {
  const sorted = [...values].sort();
  return sorted.length === 1 && sorted[0] !== undefined ? sorted[0] : sorted;
}

function principals(list: Bag[]): Json {
  const everyone = list.find((one) => one.str("type") === "*" && one.strs("identifiers").includes("*"));
  if (everyone) return "*";
  const byType = new Map<string, string[]>();
  for (const one of list)
    byType.set(one.need("type"), [...(byType.get(one.need("type")) ?? []), ...one.strs("identifiers")]);
  return Object.fromEntries([...byType].map(([type, identifiers]) => [type, oneOrMany(identifiers)]));
}

function conditions(list: Bag[]): Json {
  const out: { [test: string]: Props } = {};
  for (const one of list) {
    const members = out[one.need("test")] ?? {};
    members[one.need("variable")] = oneOrMany(one.strs("values"));
    out[one.need("test")] = members;
  }
  return out;
}
