/**
 * State of the kill switch as its listener rule shows it. `off`: only a random header value matches, so no customer
 * does. `node`: every webhook request goes to Node. `hold`: every webhook request goes to the inbox.
 */
export type KillSwitchState = "off" | "node" | "hold";

/** What the classification needs of a listener rule, in the words of DescribeRules. */
export interface LiveRule {
  readonly conditions: readonly {
    readonly field: string;
    readonly headerName?: string;
    readonly values: readonly string[];
    /** Regular expressions beside or instead of `values`. */
    readonly regexValues?: readonly string[];
  }[];
  /** Target groups the rule forwards to with a weight above 0. */
  readonly forwardsTo: readonly string[];
  /** Weight of every target group of a weighted forward. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface KillSwitchTargets {
  /** Absent once Node is removed: then the switch knows `off` and `hold` only. */
  readonly nodeTargetGroupArn?: string;
  readonly inboxTargetGroupArn?: string;
}

/** Header that only the kill switch's `off` state asks for; nobody sends its random value. */
export const KILL_SWITCH_HEADER = "x-cutover-kill-switch";

/**
 * Reads the state off the live rule: with the header condition nothing matches (`off`), without it the action decides.
 * @returns undefined where the rule is none of the three, for instance half edited by hand: nobody may guess then.
 */
export function killSwitchState(rule: LiveRule, targets: KillSwitchTargets): KillSwitchState | undefined {
  const fenced = rule.conditions.some(
    (c) => c.field === "http-header" && c.headerName?.toLowerCase() === KILL_SWITCH_HEADER,
  );
  if (fenced) return "off";
  const [only, ...more] = rule.forwardsTo;
  if (only === undefined || more.length > 0) return undefined;
  if (only === targets.nodeTargetGroupArn) return "node";
  if (only === targets.inboxTargetGroupArn) return "hold";
  return undefined;
}

/** Where the states of the switch forward to, as the stack's manifest names it. */
export function switchTargets(groups: { readonly nodeCustomer?: string; readonly inbox?: string }): KillSwitchTargets {
  return {
    ...(groups.nodeCustomer === undefined ? {} : { nodeTargetGroupArn: groups.nodeCustomer }),
    ...(groups.inbox === undefined ? {} : { inboxTargetGroupArn: groups.inbox }),
  };
}
