import { AWS_ACCOUNT_ID } from "../aws/account";

interface ResourcePolicy {
  readonly Statement?: Statement | readonly Statement[];
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/**
 * Whether a function's or topic's own policy lets an AWS service use it on behalf of a resource of this account (a rule,
 * a topic, an alarm). Unknown conditions count as not fulfilled.
 */
export function allowsService(policy: string, service: string, sourceArn: string): boolean {
  const { Statement = [] } = JSON.parse(policy) as ResourcePolicy;
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as readonly Statement[];
  return statements.some(
    ({ Effect, Principal, Condition = {} }) =>
      Effect === "Allow" &&
      names(Principal, service) &&
      Object.entries(Condition).every(([operator, members]) =>
        Object.entries(members).every(([key, wanted]) => holds(operator, key.toLowerCase(), wanted, sourceArn)),
      ),
  );
}

/** The topic's default policy names everybody and limits by `AWS:SourceOwner`. */
function names(principal: unknown, service: string): boolean {
  if (principal === "*") return true;
  const { Service, AWS } = (principal ?? {}) as { Service?: unknown; AWS?: unknown };
  return AWS === "*" || (Array.isArray(Service) ? Service.includes(service) : Service === service);
}

function holds(operator: string, key: string, wanted: string | readonly string[], sourceArn: string): boolean {
  const values = typeof wanted === "string" ? [wanted] : wanted;
  const account = key === "aws:sourceaccount" || key === "aws:sourceowner";
  if (account && /^String(Equals|Like)$/.test(operator)) return values.includes(AWS_ACCOUNT_ID);
  if (key !== "aws:sourcearn" || !/^(Arn|String)(Equals|Like)$/.test(operator)) return false;
  return values.some((value) => (operator === "StringEquals" ? value === sourceArn : like(value, sourceArn)));
}

function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(text);
}
