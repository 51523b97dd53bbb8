import type { BulkMetric, BulkReader } from "../cloudwatch/bulk";
import { countedMetric } from "../triggers/filters";
import { SLOW_SECONDS } from "../triggers/plan";
import type { Random } from "./random";
import type { MinuteCounts } from "./traffic";

/** The minutes' counts as CloudWatch gets them: under the metrics' names, absent where AWS publishes nothing. */
export function metricsFrom(counts: MinuteCounts): BulkReader {
  const { requests, slow } = counts;
  const inTime = requests.map((n, i) => n - (slow[i] as number));
  // Published only when above 0; filters also when other events came, which FILL makes the same.
  const count = (values: Uint32Array): BulkMetric => ({ count: values, sum: values });
  const metrics: Readonly<Record<string, BulkMetric>> = {
    RequestCount: count(requests),
    HTTPCode_Target_5XX_Count: count(counts.errors),
    HTTPCode_Target_4XX_Count: count(counts.refused),
    TargetConnectionErrorCount: count(counts.connectionErrors),
    TargetResponseTime: { count: requests, atMost: new Map([[SLOW_SECONDS, inTime]]) },
    HealthyHostCount: { count: new Uint8Array(requests.length).fill(1), minimum: counts.hosts },
    [countedMetric("python", "MessagesFailed")]: count(counts.failed),
    [countedMetric("python", "Routings")]: count(counts.routings),
    [countedMetric("python", "RoutingFailures")]: count(counts.routingFailures),
    [countedMetric("python", "Bookings")]: count(counts.bookings),
    [countedMetric("python", "BookingFailures")]: count(counts.bookingFailures),
  };
  return ({ metricName }) => metrics[metricName];
}

/** Latest publication that is modelled, seconds after a minute's end: only the newest minute may be missing. */
export const MOST_DELAY_SECONDS = 60;

/**
 * When minutes become visible: each is published evenly spread over `delaySeconds` after its end, all its metrics
 * together. Alarms look `phases[i]` seconds after each full minute.
 *
 * @returns for the evaluation after i minutes the number of minutes that are visible: i, or i - 1
 * @throws RangeError for a delay that is negative or above {@link MOST_DELAY_SECONDS}
 */
export function publishedMinutes(random: Random, phases: ArrayLike<number>, delaySeconds: number): Int32Array {
  if (!(delaySeconds >= 0 && delaySeconds <= MOST_DELAY_SECONDS)) {
    throw new RangeError(`A minute is published up to ${delaySeconds} s late: expected 0 to ${MOST_DELAY_SECONDS}.`);
  }
  const published = new Int32Array(phases.length);
  for (let i = 1; i < phases.length; i++) {
    published[i] = random.next() * delaySeconds <= (phases[i] as number) ? i : i - 1;
  }
  return published;
}
