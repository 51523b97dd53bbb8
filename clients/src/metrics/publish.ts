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

/** Real ms for which values wait for others: a call costs the same for one and for a thousand. */
const GATHER_MS = 50;

/** Gathers values that come at nearly the same moment into one call; nobody waits for it. */
export class MetricBatch {
  #waiting: Datum[] = [];
  #gathering = false;
  readonly #underWay = new Set<Promise<void>>();

  /** `send` is called with what was gathered; it must not reject. Calls under way don't delay the next one. */
  constructor(private readonly send: (data: readonly Datum[]) => Promise<void>) {}

  add(data: readonly Datum[]): void {
    this.#waiting.push(...data);
    if (this.#gathering || this.#waiting.length === 0) return;
    this.#gathering = true;
    const sent = this.#sendSoon().finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  /** Resolves when everything that was added is sent. */
  async sent(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #sendSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const data = this.#waiting;
    this.#waiting = [];
    this.#gathering = false;
    await this.send(data);
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
