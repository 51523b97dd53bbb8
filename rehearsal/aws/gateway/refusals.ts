import { BlockList, isIPv4 } from "node:net";
import { REGEX_LENGTH } from "../../loadbalancer/regex-values";
import { queryMembers } from "./call";
import type { AwsError } from "./errors";

/** AWS's limits of one listener rule (vendor page "Quotas for your Application Load Balancers"). */
export const RULE_LIMITS = { valuesPerRule: 5, valuesPerCondition: 3, wildcardsPerRule: 5 } as const;

const invalid = (code: string, message: string): AwsError => ({ status: 400, code, message });

/** What AWS's expressions don't know (vendor page "Listener rules", Rule basics): groups with ?, back references, \\p. */
const NO_REGEX = /\(\?|\\[1-9pPkgR]|[*+?}]\+/;

/** What is wrong with one expression of a condition. */
function refuseRegex(regex: string): AwsError | undefined {
  if (regex.length > REGEX_LENGTH) {
    return invalid("ValidationError", `Condition value '${regex}' is longer than '${REGEX_LENGTH}' characters`);
  }
  let valid = !NO_REGEX.test(regex);
  try {
    new RegExp(regex);
  } catch {
    valid = false;
  }
  return valid ? undefined : invalid("ValidationError", `Condition value '${regex}' is not a valid regular expression`);
}

/** What AWS refuses in the conditions of CreateRule and ModifyRule and the emulator takes. */
export function refuseConditions(params: URLSearchParams): AwsError | undefined {
  const perCondition = new Map<string, number>();
  const kinds = new Map<string, string>();
  let wildcards = 0;
  for (const [key, value] of params) {
    const match = /^Conditions\.member\.(\d+)\.(?:\w+Config\.)?(Regex)?Values\.member\.\d+(\.Key|\.Value)?$/.exec(key);
    if (!match) continue;
    const [, condition = "", kind = "plain", part] = match;
    const refused = kind === "Regex" ? refuseRegex(value) : undefined;
    if (refused) return refused;
    if ((kinds.get(condition) ?? kind) !== kind) {
      return invalid("ValidationError", "A condition can't have both 'Values' and 'RegexValues'");
    }
    kinds.set(condition, kind);
    // Whether AWS counts an expression's own * and ? is not documented: counted, to be on the safe side.
    wildcards += value.match(/[*?]/g)?.length ?? 0;
    // A query-string pair counts once, though it has two fields.
    if (part !== ".Key") perCondition.set(condition, (perCondition.get(condition) ?? 0) + 1);
  }
  const counts = [...perCondition.values()];
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.some((count) => count > RULE_LIMITS.valuesPerCondition)) {
    return invalid("ValidationError", `A condition can only have '${RULE_LIMITS.valuesPerCondition}' values`);
  }
  if (total > RULE_LIMITS.valuesPerRule) {
    return invalid("ValidationError", `A rule can only have '${RULE_LIMITS.valuesPerRule}' condition values`);
  }
  if (wildcards > RULE_LIMITS.wildcardsPerRule) {
    return invalid("ValidationError", `A rule can only have '${RULE_LIMITS.wildcardsPerRule}' condition wildcards`);
  }
  return undefined;
}

/** Slow start together with least outstanding requests, seen over the present attributes and the ones to be set. */
export function refuseAttributes(
  present: Readonly<Record<string, string>>,
  params: URLSearchParams,
): AwsError | undefined {
  const wanted = { ...present };
  for (const { Key, Value } of queryMembers(params, "Attributes")) if (Key) wanted[Key] = Value ?? "";
  const slow = Number(wanted["slow_start.duration_seconds"] ?? 0) > 0;
  if (!slow || wanted["load_balancing.algorithm.type"] !== "least_outstanding_requests") return undefined;
  return invalid(
    "InvalidConfigurationRequest",
    "You cannot enable both slow start mode and least outstanding requests on a target group",
  );
}

/** Addresses that an `ip` target group takes besides those of its own network. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8);
PRIVATE.addSubnet("172.16.0.0", 12);
PRIVATE.addSubnet("192.168.0.0", 16);
PRIVATE.addSubnet("100.64.0.0", 10);

/** Targets that are neither instances nor functions nor private addresses. */
export function refuseTargets(params: URLSearchParams): AwsError | undefined {
  for (const { Id = "" } of queryMembers(params, "Targets")) {
    if (!isIPv4(Id) || PRIVATE.check(Id)) continue;
    return invalid(
      "ValidationError",
      `The IP address '${Id}' is not valid as a target: it must be from the subnets of the VPC or from 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12 or 192.168.0.0/16; publicly routable and loopback addresses can't be specified`,
    );
  }
  return undefined;
}

/** A service's target group that no load balancer forwards to. */
export function refuseLooseTargetGroup(targetGroupArn: string): AwsError {
  return invalid(
    "InvalidParameterException",
    `The target group with targetGroupArn ${targetGroupArn} does not have an associated load balancer.`,
  );
}
