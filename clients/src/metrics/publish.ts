import { type CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { Datum } from "@cutover/domain/metrics";

/** Values that one PutMetricData takes. Source: CloudWatch API reference, PutMetricData. */
const MOST_PER_CALL = 1000;

/** Publishes values with the time they were true at. @throws what CloudWatch answers */
export async function publishMetrics(
  cloudwatch: Pick<CloudWatchClient, "send">,
  namespace: string,
  data: readonly Datum[],
): Promise<void> {
  for (let from = 0; from < data.length; from += MOST_PER_CALL) {
    const MetricData = data.slice(from, from + MOST_PER_CALL).map(toMetricDatum);
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: namespace, MetricData }));
  }
}

function toMetricDatum(datum: Datum): MetricDatum {
  return {
    MetricName: datum.name,
    Dimensions: Object.entries(datum.dimensions).map(([Name, Value]) => ({ Name, Value })),
    Value: datum.value,
    Unit: datum.unit,
    Timestamp: new Date(datum.at),
    StorageResolution: datum.highResolution ? 1 : 60,
  };
}
