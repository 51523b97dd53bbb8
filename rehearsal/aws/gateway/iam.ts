/** One AWS call as IAM sees it. */
export interface Wish {
  /** Such as `elasticloadbalancing:ModifyRule`. */
  readonly action: string;
  /** ARN, or `*` where the action knows no resources. */
  readonly resource: string;
  /** Condition keys of this call, such as `cloudwatch:namespace`. */
  readonly keys: Readonly<Record<string, string>>;
}

/** A policy document as IAM stores it. */
export interface PolicyDocument {
  readonly Statement?: Statement | readonly Statement[];
}

type OneOrMore = string | readonly string[];

interface Statement {
  readonly Effect?: string;
  readonly Action?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
  readonly [element: string]: unknown;
}

/** A policy uses something that the rehearsal does not evaluate: nothing is allowed on a guess. */
export class PolicyNotRehearsed extends Error {
  override readonly name = "PolicyNotRehearsed";
}

export type Decision = "allowed" | "denied" | "not allowed";

const ELEMENTS = new Set(["Sid", "Effect", "Action", "Resource", "Condition"]);

/**
 * IAM's decision by the policies of one role: a matching Deny wins, else a matching Allow is needed.
 * @throws PolicyNotRehearsed for NotAction, NotResource and conditions other than StringEquals on known keys, when the
 * statement may concern the call
 */
export function evaluate(policies: readonly PolicyDocument[], wish: Wish): Decision {
  let allowed = false;
  for (const { Statement: statements = [] } of policies) {
    for (const statement of (Array.isArray(statements) ? statements : [statements]) as readonly Statement[]) {
      if (!concerns(statement, wish)) continue;
      if (statement.Effect === "Deny") return "denied";
      if (statement.Effect === "Allow") allowed = true;
    }
  }
  return allowed ? "allowed" : "not allowed";
}

function concerns(statement: Statement, wish: Wish): boolean {
  for (const element of Object.keys(statement)) {
    if (!ELEMENTS.has(element)) throw new PolicyNotRehearsed(`the rehearsal does not evaluate ${element} in a policy`);
  }
  const { Action = [], Resource = [], Condition = {} } = statement;
  if (!many(Action).some((pattern) => like(pattern.toLowerCase(), wish.action.toLowerCase()))) return false;
  if (!many(Resource).some((pattern) => like(pattern, wish.resource))) return false;
  return Object.entries(Condition).every(([operator, members]) => {
    if (operator !== "StringEquals") {
      throw new PolicyNotRehearsed(`the rehearsal does not evaluate ${operator} in a policy's condition`);
    }
    return Object.entries(members).every(([key, values]) => {
      const found = Object.entries(wish.keys).find(([known]) => known.toLowerCase() === key.toLowerCase());
      if (!found) {
        throw new PolicyNotRehearsed(`the rehearsal does not know the condition key ${key} for ${wish.action}`);
      }
      return many(values).includes(found[1]);
    });
  });
}

const many = (value: OneOrMore): readonly string[] => (typeof value === "string" ? [value] : value);

/** `*` any characters, `?` one, everything else literal. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[\\s\\S]*")
    .replaceAll("?", "[\\s\\S]");
  return new RegExp(`^${source}$`).test(text);
}
