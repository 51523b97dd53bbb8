import { randomBytes } from "node:crypto";
import {
  DescribeRulesCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  type ModifyRuleCommandInput,
  type Rule,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { asksForContact, shareByContact, shareByWeight } from "@cutover/domain/affinity";
import {
  KILL_SWITCH_HEADER,
  type KillSwitchState,
  type KillSwitchTargets,
  killSwitchState,
} from "@cutover/domain/kill-switch";
import type { LiveSwitch } from "@cutover/domain/rollback/reconcile";
import { DeadlineError, type PersistOptions, persist } from "../aws/persist";
import { toLiveRule } from "./rules";

type Elb = Pick<ElasticLoadBalancingV2Client, "send">;

/** Customers' paths: the switch catches every one of them. */
const WEBHOOK_PATHS = ["/webhooks/*"];

export interface ListenerPlace {
  readonly listenerArn: string;
  /** Without `nodeTargetGroupArn` once Node is removed. */
  readonly killSwitch?: { readonly ruleArn: string; readonly nodeTargetGroupArn?: string };
  readonly inboxTargetGroupArn?: string;
  readonly pythonTargetGroupArn: string;
}

/** Where customers' messages go as things are. */
export interface LiveListener {
  readonly killSwitch: LiveSwitch;
  /** Percent of customers' messages that Python gets by the rules while the kill switch is off, as declared. */
  readonly share: number;
}

/** Reads the kill switch and Python's share from the listener's rules, in one call (AWS: at most 100 rules, one page). */
export async function readListener(place: ListenerPlace, elb: Elb, options: PersistOptions): Promise<LiveListener> {
  const rules = await allRules(place.listenerArn, elb, options);
  const { killSwitch } = place;
  const rule = killSwitch && rules.find(({ RuleArn }) => RuleArn === killSwitch.ruleArn);
  const state =
    rule && killSwitch ? (killSwitchState(toLiveRule(rule), { ...place, ...killSwitch }) ?? "unclear") : "missing";
  return { killSwitch: state, share: shareOf(rules, place.pythonTargetGroupArn) };
}

/**
 * The largest share that any rule customers can meet gives to Python. Normally that is the weighted rule, or the one that
 * asks for the contact; a rule somebody added by hand counts as well. Rules that ask for one of our own headers are for probes and for nobody.
 */
function shareOf(rules: readonly Rule[], pythonArn: string): number {
  const shares = rules.map((rule) => {
    const live = toLiveRule(rule);
    const { conditions, forwardsTo, weights } = live;
    if (conditions.some((c) => c.headerName?.toLowerCase().startsWith("x-cutover-"))) return 0;
    // Of an expression that is none of ours it is not known whom it matches: everybody then.
    if (asksForContact(live)) return shareByContact(live, pythonArn) ?? 100;
    if (Object.values(weights).some((weight) => weight > 0)) return Math.round(shareByWeight(live, pythonArn));
    return forwardsTo.includes(pythonArn) ? 100 : 0;
  });
  return Math.max(0, ...shares);
}

async function allRules(listenerArn: string, elb: Elb, options: PersistOptions): Promise<Rule[]> {
  const rules: Rule[] = [];
  let marker: string | undefined;
  do {
    const command = new DescribeRulesCommand({ ListenerArn: listenerArn, ...(marker ? { Marker: marker } : {}) });
    const page = await persist(
      "reading the listener's rules",
      (abortSignal) => elb.send(command, { abortSignal }),
      options,
    );
    rules.push(...(page.Rules ?? []));
    marker = page.NextMarker;
  } while (marker);
  return rules;
}

export interface KillSwitchPlace extends KillSwitchTargets {
  readonly ruleArn: string;
}

export interface MoveOptions extends PersistOptions {
  /** Where the rule reads otherwise after this many ms, the move is made again, until the deadline; default: never again. */
  readonly againAfterMs?: number;
}

/**
 * Moves the kill switch: one ModifyRule with conditions and actions, because half a change is a third state; then reads
 * the rule until it shows the state. Throttled and broken calls are repeated until the deadline.
 * @throws where AWS refuses for good, or the deadline passes: what the switch is then is not known
 */
export async function setKillSwitch(
  to: KillSwitchState,
  place: KillSwitchPlace,
  elb: Elb,
  options: MoveOptions,
): Promise<void> {
  const giveUpAt = Date.now() + options.deadlineMs;
  const left = () => ({ ...options, deadlineMs: Math.max(1, giveUpAt - Date.now()) });
  const wanted = new ModifyRuleCommand(ruleFor(to, place));
  const move = () =>
    persist(`moving the kill switch to "${to}"`, (abortSignal) => elb.send(wanted, { abortSignal }), left());
  await move();
  for (let movedAt = Date.now(); ; ) {
    const seen = await readKillSwitch(place, elb, left());
    if (seen === to) return;
    if (Date.now() >= giveUpAt) {
      throw new DeadlineError(
        `the kill switch was moved to "${to}", but its rule still reads "${seen}" at the end of ${options.deadlineMs} ms`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, options.baseMs ?? 100));
    if (Date.now() - movedAt < (options.againAfterMs ?? Number.POSITIVE_INFINITY)) continue;
    await move();
    movedAt = Date.now();
  }
}

/** The state of the kill switch's rule alone. */
export async function readKillSwitch(place: KillSwitchPlace, elb: Elb, options: PersistOptions): Promise<LiveSwitch> {
  const command = new DescribeRulesCommand({ RuleArns: [place.ruleArn] });
  const { Rules } = await persist(
    "reading the kill switch",
    (abortSignal) => elb.send(command, { abortSignal }),
    options,
  );
  const rule = Rules?.[0];
  return rule ? (killSwitchState(toLiveRule(rule), place) ?? "unclear") : "missing";
}

function ruleFor(to: KillSwitchState, place: KillSwitchPlace): ModifyRuleCommandInput {
  const { ruleArn, nodeTargetGroupArn, inboxTargetGroupArn } = place;
  // Off matches nobody: where it would forward to matters only for what AWS takes.
  const target =
    to === "hold" ? inboxTargetGroupArn : (nodeTargetGroupArn ?? (to === "off" ? inboxTargetGroupArn : undefined));
  if (target === undefined) {
    throw new RangeError(`the kill switch can't be set to "${to}": there is no ${to === "hold" ? "inbox" : "Node"}`);
  }
  const path = { Field: "path-pattern", PathPatternConfig: { Values: WEBHOOK_PATHS } };
  const never = {
    Field: "http-header",
    HttpHeaderConfig: { HttpHeaderName: KILL_SWITCH_HEADER, Values: [randomBytes(16).toString("hex")] },
  };
  return {
    RuleArn: ruleArn,
    Conditions: to === "off" ? [path, never] : [path],
    Actions: [{ Type: "forward", TargetGroupArn: target }],
  };
}
