import {
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  type Rule,
  type RuleCondition,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { LiveRule } from "@cutover/domain/kill-switch";

/** @returns the listener rule as it is now, or undefined where no rule has that ARN. Every other failure is thrown. */
export async function readRule(
  ruleArn: string,
  aws: AwsPlace,
  elb: Pick<ElasticLoadBalancingV2Client, "send"> = new ElasticLoadBalancingV2Client(aws),
): Promise<LiveRule | undefined> {
  try {
    const { Rules = [] } = await elb.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
    return Rules[0] && toLiveRule(Rules[0]);
  } catch (error) {
    if (error instanceof Error && /^RuleNotFound/.test(error.name)) return undefined;
    throw error;
  }
}

/** A rule of DescribeRules in the words of the domain. */
export function toLiveRule(rule: Rule): LiveRule {
  return {
    conditions: (rule.Conditions ?? []).map(toCondition),
    forwardsTo: (rule.Actions ?? []).flatMap(targetsOf),
    weights: Object.fromEntries((rule.Actions ?? []).flatMap(weightsOf)),
  };
}

function toCondition(condition: RuleCondition): LiveRule["conditions"][number] {
  return {
    field: condition.Field ?? "",
    ...(condition.HttpHeaderConfig?.HttpHeaderName ? { headerName: condition.HttpHeaderConfig.HttpHeaderName } : {}),
    values: condition.HttpHeaderConfig?.Values ?? condition.PathPatternConfig?.Values ?? condition.Values ?? [],
    ...regexesOf(condition),
  };
}

function regexesOf({ HttpHeaderConfig, PathPatternConfig, RegexValues }: RuleCondition): { regexValues?: string[] } {
  const regexValues = HttpHeaderConfig?.RegexValues ?? PathPatternConfig?.RegexValues ?? RegexValues ?? [];
  return regexValues.length === 0 ? {} : { regexValues };
}

function weightsOf(action: NonNullable<Rule["Actions"]>[number]): [string, number][] {
  const groups = action.ForwardConfig?.TargetGroups ?? [];
  return groups.flatMap((g) => (g.TargetGroupArn ? [[g.TargetGroupArn, g.Weight ?? 1] as [string, number]] : []));
}

function targetsOf(action: NonNullable<Rule["Actions"]>[number]): string[] {
  const weighted = action.ForwardConfig?.TargetGroups?.filter((group) => (group.Weight ?? 1) > 0);
  if (weighted && weighted.length > 0) return weighted.flatMap((group) => group.TargetGroupArn ?? []);
  return action.TargetGroupArn ? [action.TargetGroupArn] : [];
}
