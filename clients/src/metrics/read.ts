import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { MetricStat } from "@cutover/domain/cloudwatch/definition";

/** A period's value. */
export interface Point {
  /** Begin of the period, milliseconds since the epoch. */
  readonly at: number;
  readonly value: number;
}

export interface Span {
  readonly since: number;
  readonly until: number;
}

/** Queries that one GetMetricData takes. Source: CloudWatch API reference. */
const MOST_QUERIES = 500;

/**
 * Several metrics over one time and with one period, each oldest first; one without data is an empty list.
 * @throws what CloudWatch answers, and Error where it says that it could not answer a query completely
 */
export async function readMetrics<Id extends string>(
  cloudwatch: Pick<CloudWatchClient, "send">,
  metrics: Readonly<Record<Id, Omit<MetricStat, "period">>>,
  span: Span,
  periodSeconds: number,
): Promise<Record<Id, Point[]>> {
  const ids = Object.keys(metrics) as Id[];
  if (ids.length > MOST_QUERIES)
    throw new RangeError(`${ids.length} metrics at once: CloudWatch takes ${MOST_QUERIES}`);
  const found = Object.fromEntries(ids.map((id) => [id, [] as Point[]])) as Record<Id, Point[]>;
  if (span.until <= span.since) return found;
  let next: string | undefined;
  do {
    const page = await cloudwatch.send(
      new GetMetricDataCommand({
        MetricDataQueries: ids.map((id) => toQuery(id, metrics[id], periodSeconds)),
        StartTime: new Date(span.since),
        EndTime: new Date(span.until),
        ScanBy: "TimestampAscending",
        ...(next ? { NextToken: next } : {}),
      }),
    );
    for (const { Id, Timestamps = [], Values = [], StatusCode } of page.MetricDataResults ?? []) {
      if (StatusCode === "InternalError" || StatusCode === "Forbidden") {
        throw new Error(`CloudWatch could not read ${metrics[Id as Id]?.metricName}: ${StatusCode}`);
      }
      Timestamps.forEach((time, i) => {
        const value = Values[i];
        if (value !== undefined) found[Id as Id]?.push({ at: time.getTime(), value });
      });
    }
    next = page.NextToken;
  } while (next);
  return found;
}

function toQuery(
  id: string,
  { namespace, metricName, dimensions, stat }: Omit<MetricStat, "period">,
  period: number,
): MetricDataQuery {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: metricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: stat,
    },
  };
}

/** `app/name/id` and `targetgroup/name/id`: the part of an ARN that the load balancer's metrics are named by. */
export function dimensionOf(arn: string): string {
  return (arn.split(":").at(-1) ?? "").replace(/^loadbalancer\//, "");
}
