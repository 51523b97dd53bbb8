import { isKillSwitch } from "./kill-switch";
import { type Declared, type Finding, number, pointsAt } from "./model";
import { TYPES } from "./types";

/** Logical names of the rules in components/traffic.ts that take customers' messages: the kill switch comes before each. */
export const CUSTOMERS: readonly string[] = [
  "traffic-pinned",
  "traffic-split-contact",
  "traffic-split",
  "traffic-unmatched",
];

/** Switch to the inbox, in the kill switch's place once Node is removed. */
const HOLD = "traffic-hold";

/** Its other rules: each asks for a header that no customer sends, the switches until a rollback opens one. */
export const OTHERS: readonly string[] = [
  "traffic-probe-python",
  "traffic-probe-node",
  "traffic-probe-inbox",
  "traffic-kill-switch",
  HOLD,
  "traffic-anchor",
];

/**
 * The front door asks its rules by priority, the lowest first: the kill switch before each rule that takes customers'
 * messages, and nothing that components/traffic.ts does not declare before the last of those. Rules of another listener
 * may be as they are. Where a priority is not known, what is worse is assumed.
 */
export function rulesInOrder(all: readonly Declared[]): Finding[] {
  const rules = all.filter(({ type }) => type === TYPES.listenerRule);
  const customers = rules.filter(({ name }) => CUSTOMERS.includes(name));
  const listener = all.find(
    (one) => one.type === TYPES.listener && customers.some((rule) => pointsAt(rule, "listenerArn", one)),
  );
  const strangers = rules.filter(
    (rule) =>
      !CUSTOMERS.includes(rule.name) &&
      !OTHERS.includes(rule.name) &&
      (!listener || pointsAt(rule, "listenerArn", listener)),
  );
  const switches = rules.filter((rule) => isKillSwitch(rule) || rule.name === HOLD);
  return [
    ...switches.flatMap((rule) => switchFirst(rule, customers)),
    ...strangers.flatMap((rule) => customersFirst(rule, customers)),
  ];
}

function switchFirst(rule: Declared, customers: readonly Declared[]): Finding[] {
  const own = priorityOf(rule) ?? Number.POSITIVE_INFINITY;
  const before = customers.filter((one) => (priorityOf(one) ?? own) < own);
  if (before.length === 0) return [];
  const least = Math.min(...before.map((one) => priorityOf(one) ?? own));
  return [
    {
      about: rule,
      message: `${shown(rule)} comes after ${before.map(shown).join(", ")}: a rollback would not move what they take; give it a priority below ${least}.`,
    },
  ];
}

function customersFirst(rule: Declared, customers: readonly Declared[]): Finding[] {
  const own = priorityOf(rule) ?? 0;
  const [last] = [...customers].sort((a, b) => (priorityOf(b) ?? 0) - (priorityOf(a) ?? 0));
  const bound = last && priorityOf(last);
  if (last === undefined || bound === undefined || own > bound) return [];
  return [
    {
      about: rule,
      message: `${shown(rule)} comes before ${shown(last)} and is none of components/traffic.ts: it may take messages past the recorded share; give it a priority above ${bound}, or, where it can't match /webhooks/*, name it in policy/checks/rule-order.ts.`,
    },
  ];
}

function priorityOf({ props }: Declared): number | undefined {
  return number(props.priority);
}

function shown(rule: Declared): string {
  return `${rule.name} (priority ${priorityOf(rule) ?? "not known"})`;
}
