import type { AlarmDefinition, CompositeAlarmDefinition, LogMetricFilterDefinition } from "./cloudwatch/definition";
import type { Engine } from "./metrics";
import { filtersOf } from "./triggers/filters";
import { burstAlarms, outageAlarm, type RateAlarm, type RateContext, shareAlarms } from "./triggers/rates";
import { connectionAlarm, hostAlarm, probeAlarm, watchAlarms } from "./triggers/signals";

export { type Concern, PLAN, type PlanThreshold, SLOW_SECONDS } from "./triggers/plan";

/** Dimension values of the load balancer's metrics: the tails of the ARNs. */
export interface TriggerDimensions {
  /** Dimension value of the load balancer, `app/<name>/<id>`. */
  readonly loadBalancer: string;
  /** Dimension values of target groups, `targetgroup/<name>/<id>`. Probes have groups of their own, not watched here. */
  readonly targetGroups: {
    readonly pythonCustomer: string;
    readonly nodeCustomer?: string;
    /** Gets the messages that came without the right secret. */
    readonly unmatched?: string;
  };
}

/** What the alarms are generated from. The dimension values decide nothing: placeholders give the same set. */
export interface TriggerInput extends TriggerDimensions {
  /** Name of the Pulumi stack. */
  readonly stack: string;
  /** Percent of the messages that Python gets. */
  readonly pythonShare: number;
  /** Messages of all customers an hour. */
  readonly expectedMessagesPerHour: number;
  /** False once Node is removed. */
  readonly nodeExists: boolean;
  /**
   * After a rollback: minutes that windows on messages may reach back, so that the failures which caused it don't roll
   * back its release. Shorter windows with the same counts raise no more false alarms, they only find small faults later.
   * Default: no limit.
   */
  readonly lookBackMinutes?: number | undefined;
}

/**
 * `hard`: certain and Python's. `soft`: a share of messages over a window. Both roll back. `watch`: makes somebody look.
 */
export type Tier = "hard" | "soft" | "watch";

/** One alarm. Key and name stay the same for the life of the stack; the rest changes in place with share and traffic. */
export interface Trigger {
  readonly key: string;
  readonly tier: Tier;
  /** Topic of the alarm itself. Hard and soft ones have none: their composite acts, once for all of them. */
  readonly action: "rollback" | "people" | "none";
  /** One sentence for people. */
  readonly means: string;
  readonly definition: AlarmDefinition;
}

export interface TriggerSet {
  readonly alarms: readonly Trigger[];
  /** One a tier that rolls back; these, not their children, have actions. */
  readonly composites: readonly { readonly tier: "hard" | "soft"; readonly definition: CompositeAlarmDefinition }[];
  readonly filters: readonly LogMetricFilterDefinition[];
}

/** Fewer messages an hour than this are taken as this: windows end at a day anyway. */
const LEAST_PER_HOUR = 1;

/**
 * Every alarm of the stack, sized for the messages that reach Python. They exist at every share, 0 included, under
 * fixed names: a new alarm begins in INSUFFICIENT_DATA and would watch nothing in the moment that counts.
 *
 * @throws RangeError for a share outside 0 to 100 or a rate that is no positive number
 */
export function triggers(input: TriggerInput): TriggerSet {
  const { stack, loadBalancer, targetGroups, pythonShare, expectedMessagesPerHour, nodeExists } = input;
  if (!(pythonShare >= 0 && pythonShare <= 100)) {
    throw new RangeError(`pythonShare is ${pythonShare}: expected 0 to 100 (percent)`);
  }
  if (!(expectedMessagesPerHour > 0 && Number.isFinite(expectedMessagesPerHour))) {
    throw new RangeError(`expectedMessagesPerHour is ${expectedMessagesPerHour}: expected a number above 0`);
  }
  const contextOf = (engine: Engine, targetGroup: string, share: number): RateContext => ({
    stack,
    engine,
    loadBalancer,
    targetGroup,
    lookBackMinutes: input.lookBackMinutes ?? Number.POSITIVE_INFINITY,
    perHour: Math.max(LEAST_PER_HOUR, (expectedMessagesPerHour * share) / 100),
  });
  const context = contextOf("python", targetGroups.pythonCustomer, pythonShare);
  const tier = (name: Tier, alarms: readonly RateAlarm[]): Trigger[] =>
    alarms.map((one) => ({ ...one, tier: name, action: name === "watch" ? watchAction(one.key) : "none" }));
  const hard = tier("hard", [
    probeAlarm(stack, "python"),
    hostAlarm(context, pythonShare),
    connectionAlarm(context),
    ...burstAlarms(context),
  ]);
  const soft = tier("soft", shareAlarms(context));
  const watch = tier("watch", [
    ...(nodeExists
      ? [probeAlarm(stack, "node"), outageAlarm(contextOf("node", targetGroups.nodeCustomer ?? "", 100 - pythonShare))]
      : []),
    ...watchAlarms(context, targetGroups.unmatched),
  ]);
  return {
    alarms: [...hard, ...soft, ...watch],
    composites: [composite(stack, "hard", hard), composite(stack, "soft", soft)],
    filters: [...filtersOf(stack, "python"), ...(nodeExists ? filtersOf(stack, "node") : [])],
  };
}

/** A suspicion goes to the rollback function, which probes and decides; the rest goes to people. */
function watchAction(key: string): Trigger["action"] {
  return SUSPICIONS.includes(key) ? "rollback" : "people";
}

/** Keys of the watch alarms that blame no engine, but may mean that Python is dead: a hanging task makes 504s. */
export const SUSPICIONS: readonly string[] = ["elb-5xx"];

/** Keys of the watch alarms which say that Node is as bad as Python: traffic is then not moved, unless Python is dead. */
export const OUTAGES: readonly string[] = ["node-errors"];

const TIER_MEANS = {
  hard: "Python is certainly broken: roll back.",
  soft: "Python is worse than the plan allows: roll back.",
} as const;

function composite(stack: string, tier: "hard" | "soft", alarms: readonly Trigger[]) {
  const rule = alarms.map((one) => `ALARM("${one.definition.name}")`).join(" OR ");
  return {
    tier,
    definition: { name: `cutover-${stack}-rollback-${tier}`, description: TIER_MEANS[tier], rule },
  };
}
