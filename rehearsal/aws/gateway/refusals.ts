import { BlockList, isIPv4 } from "node:net";
import { queryMembers } from "./call";
import type { AwsError } from "./errors";

/** AWS's limits of one listener rule (vendor page "Quotas for your Application Load Balancers"). */
export const RULE_LIMITS = { valuesPerRule: 5, valuesPerCondition: 3, wildcardsPerRule: 5 } as const;

const invalid = (code: string, message: string): AwsError => ({ status: 400, code, message });

/** The one refusal that is the rehearsal's and not AWS's: the emulator fails at these conditions with an HTML page. */
const REGEX_NOT_EMULATED = invalid(
  "ValidationError",
  "the rehearsal's emulator does not keep RegexValues: use Values with * and ? (AWS itself would take them)",
);

/** What AWS refuses in the conditions of CreateRule and ModifyRule and the emulator takes. */
export function refuseConditions(params: URLSearchParams): AwsError | undefined {
  const perCondition = new Map<string, number>();
  let wildcards = 0;
  for (const [key, value] of params) {
    const match = /^Conditions\.member\.(\d+)\.(?:\w+Config\.)?(?:Regex)?Values\.member\.\d+(\.Key|\.Value)?$/.exec(
      key,
    );
    if (!match) continue;
    if (key.includes(".RegexValues.")) return REGEX_NOT_EMULATED;
    wildcards += value.match(/[*?]/g)?.length ?? 0;
    const condition = match[1] ?? "";
    // A query-string pair counts once, though it has two fields.
    if (match[2] !== ".Key") perCondition.set(condition, (perCondition.get(condition) ?? 0) + 1);
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
