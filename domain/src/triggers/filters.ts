import type { LogMetricFilterDefinition } from "../cloudwatch/definition";
import { type Engine, metricNamespace } from "../metrics";
import { SLOW_SECONDS } from "./plan";

/** A metric that a log filter counts, without the engine's prefix, and which events it counts. */
const COUNTS = [
  { metric: "Messages", key: "messages", where: '($.event = "message_processed")' },
  {
    metric: "MessagesFailed",
    key: "messages-failed",
    where: '($.event = "message_processed") && ($.outcome = "failed")',
  },
  {
    metric: "SlowMessages",
    key: "slow-messages",
    where: `($.event = "message_processed") && ($.latencyMs > ${SLOW_SECONDS * 1000})`,
  },
  { metric: "Routings", key: "routings", where: '($.event = "agent_routed")' },
  { metric: "RoutingFailures", key: "routing-failures", where: '($.event = "agent_routed") && ($.outcome = "failed")' },
  { metric: "Bookings", key: "bookings", where: '($.event = "appointment_booking")' },
  {
    metric: "BookingFailures",
    key: "booking-failures",
    where: '($.event = "appointment_booking") && ($.outcome = "failed")',
  },
] as const;

export type CountedMetric = (typeof COUNTS)[number]["metric"];

const PREFIX = { python: "Python", node: "Node" } as const;

/** Name of the metric that counts these events of an engine, such as `PythonRoutingFailures`. */
export function countedMetric(engine: Engine, metric: CountedMetric): string {
  return `${PREFIX[engine]}${metric}`;
}

/**
 * Metric filters on an engine's log group (docs/app-contract.md, "Log events"). Probes never count: only events that say
 * `"synthetic": false` do. A booking that the customer declined is an attempt, not a failure (plan, "Appointment booking
 * failures"). Value 0 for minutes in which other events came.
 */
export function filtersOf(stack: string, engine: Engine): LogMetricFilterDefinition[] {
  return COUNTS.map(({ metric, key, where }) => ({
    name: `cutover-${stack}-${engine}-${key}`,
    logGroup: `/cutover/${stack}/${engine}`,
    pattern: `{ ${where} && ($.synthetic IS FALSE) }`,
    namespace: metricNamespace(stack),
    metricName: countedMetric(engine, metric),
    value: "1",
    defaultValue: 0,
  }));
}
