import { type KillSwitchState, killSwitchState } from "@cutover/domain/kill-switch";
import type { LoadBalancer } from "../loadbalancer/balancer";
import type { RuleConfig } from "../loadbalancer/config";
import type { CustomerGroups } from "./customer-groups";

/** Priorities of the kill switch's listener rule, with Node and once it is removed. */
const PRIORITIES: readonly string[] = ["30", "35"];

/** Priorities of the rules that split the traffic: by contact, where there is that one, and by weight. */
const SPLITTING = ["45", "50"];

/** The kill switch as the load balancer obeys it at this moment; undefined where there is none, or nobody can tell. */
export function switchInForce(balancer: LoadBalancer, groups: CustomerGroups): KillSwitchState | undefined {
  const rule = PRIORITIES.map((priority) => ruleAt(balancer, priority)).find((found) => found !== undefined);
  const { node: nodeTargetGroupArn, inbox: inboxTargetGroupArn } = groups;
  return rule && killSwitchState(toLiveRule(rule), { nodeTargetGroupArn, inboxTargetGroupArn });
}

/** Python's largest weight in the rules that split the traffic, percent; undefined where there is none. */
export function weightInForce(balancer: LoadBalancer, groups: CustomerGroups): number | undefined {
  const weights = SPLITTING.flatMap((priority) => {
    const action = ruleAt(balancer, priority)?.action;
    if (action?.type !== "forward") return [];
    return [action.targetGroups.find(({ arn }) => arn === groups.python)?.weight ?? 0];
  });
  return weights.length === 0 ? undefined : Math.max(...weights);
}

function ruleAt(balancer: LoadBalancer, priority: string): RuleConfig | undefined {
  const listeners = balancer.config.loadBalancers.flatMap((one) => one.listeners);
  return listeners.flatMap((listener) => listener.rules).find((rule) => rule.priority === priority);
}

function toLiveRule({ conditions, action }: RuleConfig): Parameters<typeof killSwitchState>[0] {
  const groups = action.type === "forward" ? action.targetGroups : [];
  return {
    conditions: conditions.map((c) => ({
      field: c.field,
      ...(c.field === "http-header" ? { headerName: c.name } : {}),
      values: [],
    })),
    forwardsTo: groups.filter((g) => g.weight > 0).map((g) => g.arn),
    weights: Object.fromEntries(groups.map((g) => [g.arn, g.weight])),
  };
}
