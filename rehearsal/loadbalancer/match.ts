import { BlockList } from "node:net";
import type { RuleCondition, RuleConfig } from "./config";

/** What a listener rule can look at. */
export interface RequestFacts {
  readonly method: string;
  /** Path and query as received, such as `/webhooks/ghl?backend=node`. */
  readonly url: string;
  /** Lower-case names; a repeated header has all its values. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Address of the client's connection. */
  readonly sourceIp: string;
}

/** The first rule whose conditions all hold; rules are in order of evaluation and end with the default rule. */
export function firstMatch(rules: readonly RuleConfig[], request: RequestFacts): RuleConfig | undefined {
  return rules.find((rule) => rule.conditions.every((condition) => holds(condition, request)));
}

/**
 * Whether one condition holds, as the vendor describes it ("Condition types for listener rules"): `*` is any number of
 * characters and `?` exactly one; host names, header values and query strings ignore case, paths and methods do not.
 */
export function holds(condition: RuleCondition, request: RequestFacts): boolean {
  const query = request.url.indexOf("?");
  switch (condition.field) {
    case "path-pattern": {
      const path = query < 0 ? request.url : request.url.slice(0, query);
      return anyMatches(path, condition.values, condition.regexValues, true);
    }
    case "host-header": {
      const host = first(request.headers.host)?.replace(/:\d+$/, "") ?? "";
      return anyMatches(host, condition.values, condition.regexValues, false);
    }
    case "http-header": {
      const given = request.headers[condition.name.toLowerCase()];
      const values = given === undefined ? [] : typeof given === "string" ? [given] : given;
      return values.some((value) => anyMatches(value, condition.values, condition.regexValues, false));
    }
    case "http-request-method":
      return condition.values.includes(request.method);
    case "source-ip":
      return condition.values.some((cidr) => inCidr(request.sourceIp, cidr));
    case "query-string": {
      const pairs = query < 0 ? [] : [...new URLSearchParams(request.url.slice(query + 1))];
      return condition.values.some((wanted) =>
        pairs.some(
          ([key, value]) =>
            (wanted.key === undefined || wildcard(wanted.key, false).test(key)) &&
            wildcard(wanted.value, false).test(value),
        ),
      );
    }
  }
}

function anyMatches(text: string, values: readonly string[], regexes: readonly string[], caseSensitive: boolean) {
  return (
    values.some((value) => wildcard(value, caseSensitive).test(text)) ||
    regexes.some((regex) => regular(regex, caseSensitive).test(text))
  );
}

const first = (value: string | readonly string[] | undefined) => (typeof value === "object" ? value[0] : value);

const compiled = new Map<string, RegExp>();

function wildcard(pattern: string, caseSensitive: boolean): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return regular(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, caseSensitive);
}

/** Rules are few and fixed between two changes, so every pattern is compiled once. */
function regular(source: string, caseSensitive: boolean): RegExp {
  const key = `${caseSensitive}${source}`;
  let regex = compiled.get(key);
  if (!regex) {
    regex = new RegExp(source, caseSensitive ? "s" : "is");
    compiled.set(key, regex);
  }
  return regex;
}

function inCidr(ip: string, cidr: string): boolean {
  const plain = ip.replace(/^::ffff:/, "");
  const [network = "", bits = ""] = cidr.split("/");
  const family = network.includes(":") ? "ipv6" : "ipv4";
  if (plain.includes(":") !== (family === "ipv6")) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(plain, family);
}
