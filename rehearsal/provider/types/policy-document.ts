import { isObject, type Json, type Props, parseJson, stableText } from "../json";

/**
 * A policy document (text or data) in one form for equal meaning: lists in any order, a list of one like its element,
 * an account like its root ARN.
 */
export function canonicalPolicy(value: Json): Json {
  const document = typeof value === "string" ? parseJson(value) : value;
  if (!isObject(document)) return value;
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement ?? []].flat();
  const parts = statements.map((one) => (isObject(one) ? canonicalStatement(one) : one));
  return { ...document, Statement: parts.sort((a, b) => stableText(a).localeCompare(stableText(b))) };
}

const LISTS = ["Action", "NotAction", "Resource", "NotResource"];

function canonicalStatement(statement: Props): Props {
  const out: Props = {};
  for (const [key, value] of Object.entries(statement)) {
    if (LISTS.includes(key)) out[key] = sorted(value);
    else if (key === "Principal" || key === "NotPrincipal") out[key] = principals(value);
    else if (key === "Condition" && isObject(value)) out[key] = conditions(value);
    else if (key !== "Sid" || value !== "") out[key] = value;
  }
  return out;
}

function sorted(value: Json): Json {
  const items = Array.isArray(value) ? value : [value];
  return items.map(String).sort();
}

function principals(value: Json): Json {
  if (!isObject(value)) return { AWS: sorted(value) };
  return Object.fromEntries(Object.entries(value).map(([kind, members]) => [kind, sorted(members)]));
}

function conditions(value: Props): Props {
  return Object.fromEntries(
    Object.entries(value).map(([test, members]) => [
      test,
      isObject(members)
        ? Object.fromEntries(Object.entries(members).map(([key, item]) => [key, sorted(item)]))
        : members,
    ]),
  );
}
