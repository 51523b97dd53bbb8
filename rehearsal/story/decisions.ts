import type { MetricStat } from "@cutover/domain/cloudwatch/definition";
import { metricNamespace } from "@cutover/domain/metrics";
import { type CountedMetric, countedMetric } from "@cutover/domain/triggers/filters";
import type { RehearsalClock } from "../clock";
import type { Decisions } from "../report/model";

const MINUTE_SECONDS = 60;

export interface DecisionsSource {
  readonly stack: string;
  readonly clock: Pick<RehearsalClock, "toRehearsal" | "realSpan">;
  /** Real time, ms since the epoch. */
  readonly startedAtMs: number;
  /** A metric's published periods by their start (rehearsal ms). */
  series(metric: MetricStat): ReadonlyMap<number, number>;
}

/** What Python decided and failed to decide, minute by minute, as the alarms of routing and bookings see it. */
export function decisionsOf({ stack, clock, startedAtMs, series }: DecisionsSource): Decisions[] {
  const counted = (metric: CountedMetric) =>
    series({
      namespace: metricNamespace(stack),
      metricName: countedMetric("python", metric),
      dimensions: {},
      period: MINUTE_SECONDS,
      stat: "Sum",
    });
  const routings = counted("Routings");
  const routingFailures = counted("RoutingFailures");
  const bookings = counted("Bookings");
  const bookingFailures = counted("BookingFailures");
  const began = clock.toRehearsal(startedAtMs);
  return [...new Set([...routings.keys(), ...bookings.keys()])]
    .sort((a, b) => a - b)
    .map((minute) => ({
      atMs: Math.round(clock.realSpan(minute - began)),
      routings: routings.get(minute) ?? 0,
      routingFailures: routingFailures.get(minute) ?? 0,
      bookings: bookings.get(minute) ?? 0,
      bookingFailures: bookingFailures.get(minute) ?? 0,
    }))
    .filter(({ routings, bookings }) => routings + bookings > 0);
}
