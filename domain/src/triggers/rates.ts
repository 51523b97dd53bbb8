import type { AlarmDefinition, MetricQuery } from "../cloudwatch/definition";
import { type Engine, metricNamespace } from "../metrics";
import { type CountedMetric, countedMetric } from "./filters";
import { smallestCount } from "./noise";
import { BOOKINGS_PER_MESSAGE, type Concern, HEALTHY_SHARE, PLAN, SLOW_SECONDS } from "./plan";
import { type CountWindow, SHORTEST_MINUTES, type WindowRule, windowHolding, windowsFor } from "./windows";

/** What a share is measured on. */
export interface RateContext {
  readonly stack: string;
  readonly engine: Engine;
  /** Dimension values of the engine's customer target group; see `triggers`. */
  readonly loadBalancer: string;
  readonly targetGroup: string;
  /** Messages an hour that reach the engine. */
  readonly perHour: number;
  /** No window on messages is longer; see `TriggerInput.lookBackMinutes`. */
  readonly lookBackMinutes: number;
}

/** A window that does not reach back to before a rollback, but is no shorter than CloudWatch's late data allow. */
export function lookingBack(context: RateContext, minutes: number): number {
  return Math.min(minutes, Math.max(SHORTEST_MINUTES, context.lookBackMinutes));
}

/** An alarm on a share of bad events, with how it is to be named and explained. */
export interface RateAlarm {
  readonly key: string;
  readonly means: string;
  readonly definition: AlarmDefinition;
}

/**
 * The windows of each concern, with the false alarms a day that noise may cost each. Sum of all: 0.05, the goal; what
 * is measured is lower, because the windows of a family overlap (docs/measured/backtest.md). Most of it goes to errors:
 * a message that failed is lost, and at 6 messages an hour nothing less finds a 20 % fault within 6 hours.
 */
const FAMILIES = {
  errors: [
    { step: 0, perDay: 0.001 },
    { step: 1, perDay: 0.029 },
    { step: 2, perDay: 0.01 },
    { events: 400, perDay: 0.001 },
  ],
  slow: [
    { step: 2, perDay: 0.002 },
    { events: 400, perDay: 0.0005 },
  ],
  routing: [
    { step: 2, perDay: 0.002 },
    { events: 400, perDay: 0.0005 },
  ],
  bookings: [
    { step: 1, perDay: 0.001 },
    { events: 100, perDay: 0.0005 },
  ],
} as const satisfies Record<Concern, readonly WindowRule[]>;

/** Ends of the keys, from the shortest window to the longest. */
const SPANS: Readonly<Record<number, readonly string[]>> = {
  2: ["short", "long"],
  4: ["short", "medium", "long", "longest"],
};

const NAMES: Record<Engine, string> = { python: "Python", node: "Node" };

const WORDS: Record<Concern, (engine: string) => string> = {
  errors: (engine) =>
    `messages that ${engine} ${engine === NAMES.python ? "refused with 4xx, " : ""}answered with 5xx or gave up on`,
  slow: (engine) => `answers of ${engine} slower than ${SLOW_SECONDS} s`,
  routing: (engine) => `messages for which ${engine} could not decide on an agent`,
  bookings: (engine) => `bookings that failed at ${engine}`,
};

/** The soft tier: for each concern of the plan, its share over windows that this traffic allows. */
export function shareAlarms(context: RateContext): RateAlarm[] {
  return (Object.keys(PLAN) as Concern[]).flatMap((concern) => {
    const rules = FAMILIES[concern];
    const spans = SPANS[rules.length] ?? [];
    const events = context.perHour * (concern === "bookings" ? BOOKINGS_PER_MESSAGE : 1);
    return windowsFor(rules, events, events * HEALTHY_SHARE).map((window, i) => {
      const key = `python-${concern}-${spans[i]}`;
      return shareAlarm(context, concern, key, window, `guard >= ${window.count}`);
    });
  });
}

/**
 * Whether Node is as bad as Python: then what both depend on has failed, and moving traffic helps nobody. The shortest
 * window of the errors' family, over Node's numbers: an old fault of Node must not stand in a rollback's way for hours.
 */
export function outageAlarm(context: RateContext): RateAlarm {
  const [rule] = FAMILIES.errors;
  const [window = { minutes: 0, count: 0 }] = windowsFor([rule], context.perHour, context.perHour * HEALTHY_SHARE);
  return shareAlarm(context, "errors", "node-errors", window, `guard >= ${window.count}`);
}

/** The hard tier on messages: what can be nothing but a broken Python. */
export function burstAlarms(context: RateContext): RateAlarm[] {
  const errors = burstWindow(context.perHour, 4, context.perHour * HEALTHY_SHARE);
  const perHour = context.perHour * BOOKINGS_PER_MESSAGE;
  const bookings = { minutes: windowHolding(3, perHour), count: 3 };
  return [
    shareAlarm(
      context,
      "errors",
      "python-error-burst",
      errors,
      `guard >= ${errors.count} AND 2 * guard >= all`,
      "and at least half of all",
    ),
    shareAlarm(
      context,
      "bookings",
      "python-bookings-down",
      bookings,
      `guard >= ${bookings.count} AND guard >= all`,
      "and none that worked",
    ),
  ];
}

/** Window and count for bursts: holds some messages, and noise reaches the count at most once in three years. */
function burstWindow(perHour: number, expected: number, healthy: number): CountWindow {
  const minutes = windowHolding(expected, perHour);
  return { minutes, count: smallestCount(3, healthy, minutes, 0.001) };
}

/**
 * `share of bad events > the plan's percentage`, looked at only while `guard` holds. In the guard, `guard` stands for
 * the number of bad events and `all` for that of all events.
 */
function shareAlarm(
  context: RateContext,
  concern: Concern,
  key: string,
  window: CountWindow,
  guard: string,
  also = "",
): RateAlarm {
  const { count } = window;
  const minutes = lookingBack(context, window.minutes);
  const { queries, bad, all, share = `100 * ${bad} / ${all}` } = sources(context, concern, minutes * 60);
  const condition = guard.replaceAll("guard", bad).replaceAll("all", all);
  const words = `${WORDS[concern](NAMES[context.engine])}: at least ${count} within ${spoken(minutes)} ${also}`.trim();
  return {
    key,
    means: `${words}, and more than ${PLAN[concern].percent} %.`,
    definition: {
      name: `cutover-${context.stack}-${key}`,
      description: `${words}, and more than ${PLAN[concern].percent} %. ${PLAN[concern].source}.`,
      queries: [...queries, { id: "share", expression: `IF(${condition}, ${share}, 0)`, returnData: true }],
      comparison: "GreaterThanThreshold",
      threshold: PLAN[concern].percent,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      // No data means that no message came: silence is the prober's business.
      treatMissingData: "notBreaching",
    },
  };
}

interface Sources {
  readonly queries: readonly MetricQuery[];
  /** Expression for the number of bad events, free of gaps. */
  readonly bad: string;
  /** Expression for the number of all events, free of gaps. */
  readonly all: string;
  /** Expression for the share of bad ones in percent. Default: bad by all. */
  readonly share?: string;
}

function sources(context: RateContext, concern: Concern, period: number): Sources {
  const balancer = (id: string, metricName: string, stat: string): MetricQuery => ({
    id,
    metric: {
      namespace: "AWS/ApplicationELB",
      metricName,
      dimensions: { LoadBalancer: context.loadBalancer, TargetGroup: context.targetGroup },
      period,
      stat,
    },
  });
  const counted = (id: string, metric: CountedMetric): MetricQuery => ({
    id,
    metric: {
      namespace: metricNamespace(context.stack),
      metricName: countedMetric(context.engine, metric),
      dimensions: {},
      period,
      stat: "Sum",
    },
  });
  switch (concern) {
    case "errors":
      return errorSources(
        context,
        balancer("requests", "RequestCount", "Sum"),
        balancer("http", "HTTPCode_Target_5XX_Count", "Sum"),
        balancer("refused", "HTTPCode_Target_4XX_Count", "Sum"),
        counted("failed", "MessagesFailed"),
      );
    case "slow":
      // PR(:3) is the share, in percent, of answers within 3 s. The slow ones are counted to the nearest whole answer.
      return {
        queries: [
          balancer("answers", "TargetResponseTime", "SampleCount"),
          balancer("within", "TargetResponseTime", `PR(:${SLOW_SECONDS})`),
        ],
        bad: "(FILL(answers, 0) * (100 - FILL(within, 100)) / 100 + 0.5)",
        all: "FILL(answers, 0)",
        share: "100 - FILL(within, 100)",
      };
    case "routing":
      return {
        queries: [counted("routings", "Routings"), counted("failures", "RoutingFailures")],
        bad: "FILL(failures, 0)",
        all: "FILL(routings, 0)",
      };
    case "bookings":
      return {
        queries: [counted("bookings", "Bookings"), counted("failures", "BookingFailures")],
        bad: "FILL(failures, 0)",
        all: "FILL(bookings, 0)",
      };
  }
}

/**
 * A message that was answered with 4xx or 5xx was not accepted, so it is not given up on later: nothing counts twice. A
 * workflow sender repeats neither, so both are lost. Node's 4xx don't count: `node-errors` stands in a rollback's way, and
 * what Node has always refused must not (docs/decisions/0017-client-errors.md).
 */
function errorSources(
  { engine }: RateContext,
  requests: MetricQuery,
  http: MetricQuery,
  refused: MetricQuery,
  failed: MetricQuery,
): Sources {
  const bad = engine === "python" ? [http, refused, failed] : [http, failed];
  return {
    queries: [requests, ...bad],
    bad: `(${bad.map(({ id }) => `FILL(${id}, 0)`).join(" + ")})`,
    all: "FILL(requests, 0)",
  };
}

/** "12 min", "3.5 h". */
function spoken(minutes: number): string {
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`;
}
