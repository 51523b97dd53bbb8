import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { RehearsalClock } from "../clock";
import type { LoadBalancer } from "./balancer";
import type { LoadBalancerMetric, Span, TargetGroupMetric } from "./metrics";

export const ALB_NAMESPACE = "AWS/ApplicationELB";

const MINUTE_MS = 60_000;

/** Counts of a target group that AWS reports for minutes in which they are not 0; RequestCount is reported always. */
const GROUP_COUNTS: readonly TargetGroupMetric[] = [
  "HTTPCode_Target_2XX_Count",
  "HTTPCode_Target_3XX_Count",
  "HTTPCode_Target_4XX_Count",
  "HTTPCode_Target_5XX_Count",
  "TargetConnectionErrorCount",
];
const BALANCER_COUNTS: readonly LoadBalancerMetric[] = [
  "HTTPCode_ELB_4XX_Count",
  "HTTPCode_ELB_5XX_Count",
  "HTTPCode_ELB_502_Count",
  "HTTPCode_ELB_503_Count",
  "HTTPCode_ELB_504_Count",
  "HTTP_Redirect_Count",
  "HTTP_Fixed_Response_Count",
];

/** `app/name/id` or `targetgroup/name/id`: how dimensions name a load balancer and a target group. */
export const dimensionOf = (arn: string): string => (arn.split(":").at(-1) ?? "").replace(/^loadbalancer\//, "");

/**
 * What AWS would report for the rehearsal minute that begins at `minute` (rehearsal ms): one datum a metric, for each
 * load balancer and for each target group that is on one. Host counts are those of this moment.
 */
export function minuteData(balancer: LoadBalancer, minute: number): MetricDatum[] {
  const span: Span = { since: minute, until: minute + MINUTE_MS };
  const Timestamp = new Date(minute);
  const { metrics, config } = balancer;
  const data: MetricDatum[] = [];
  for (const { arn } of config.loadBalancers) {
    const Dimensions = [{ Name: "LoadBalancer", Value: dimensionOf(arn) }];
    const add = (MetricName: LoadBalancerMetric, Value: number) =>
      data.push({ MetricName, Dimensions, Timestamp, Value, Unit: "Count" });
    add("RequestCount", metrics.count(arn, "RequestCount", span));
    for (const name of BALANCER_COUNTS) {
      const value = metrics.count(arn, name, span);
      if (value > 0) add(name, value);
    }
  }
  for (const group of config.targetGroups) {
    for (const owner of balancer.loadBalancersOf(group.arn)) {
      const Dimensions = [
        { Name: "TargetGroup", Value: dimensionOf(group.arn) },
        { Name: "LoadBalancer", Value: dimensionOf(owner) },
      ];
      const add = (MetricName: string, Value: number) =>
        data.push({ MetricName, Dimensions, Timestamp, Value, Unit: "Count" });
      add("RequestCount", metrics.count(group.arn, "RequestCount", span));
      for (const name of GROUP_COUNTS) {
        const value = metrics.count(group.arn, name, span);
        if (value > 0) add(name, value);
      }
      for (const [name, value] of Object.entries(balancer.hostCounts(group.arn))) add(name, value);
      const times = distinct(metrics.responseTimes(group.arn, span));
      if (times.values.length > 0) {
        data.push({
          MetricName: "TargetResponseTime",
          Dimensions,
          Timestamp,
          Values: times.values,
          Counts: times.counts,
          Unit: "Seconds",
        });
      }
    }
  }
  return data;
}

/** Values to the millisecond with how often each occurred, at most the 150 that one datum may have. */
function distinct(samples: readonly number[]): { values: number[]; counts: number[] } {
  const counts = new Map<number, number>();
  for (const sample of samples) {
    const value = Math.round(sample * 1000) / 1000;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  while (counts.size > 150) mergeClosest(counts);
  const values = [...counts.keys()].sort((a, b) => a - b);
  return { values, counts: values.map((value) => counts.get(value) ?? 0) };
}

/** Puts the two closest values together under the larger one, so that no percentile looks better than it was. */
function mergeClosest(counts: Map<number, number>): void {
  const sorted = [...counts.keys()].sort((a, b) => a - b);
  let at = 1;
  for (let i = 2; i < sorted.length; i++) {
    if ((sorted[i] ?? 0) - (sorted[i - 1] ?? 0) < (sorted[at] ?? 0) - (sorted[at - 1] ?? 0)) at = i;
  }
  const [low = 0, high = 0] = [sorted[at - 1], sorted[at]];
  counts.set(high, (counts.get(high) ?? 0) + (counts.get(low) ?? 0));
  counts.delete(low);
}

export interface MetricsPublisherOptions {
  readonly balancer: LoadBalancer;
  readonly clock: RehearsalClock;
  /** The gateway's URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly onProblem: (error: Error) => void;
}

/** Puts each complete rehearsal minute's load balancer metrics into the emulated CloudWatch. */
export class MetricsPublisher {
  readonly #options: MetricsPublisherOptions;
  readonly #client: CloudWatchClient;
  #next: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: MetricsPublisherOptions) {
    this.#options = options;
    const { endpoint, region, clock } = options;
    const credentials = { accessKeyId: "LOADBALANCER", secretAccessKey: "rehearsal" };
    this.#client = new CloudWatchClient({ endpoint, region, credentials });
    this.#next = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
  }

  start(): void {
    const { clock } = this.#options;
    const wait = clock.realSpan(this.#next + MINUTE_MS - clock.now());
    this.#timer = setTimeout(() => void this.#round(), Math.max(0, wait));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#client.destroy();
  }

  async #round(): Promise<void> {
    const { balancer, clock, onProblem } = this.#options;
    try {
      while (!this.#stopped && this.#next + MINUTE_MS <= clock.now()) {
        const data = minuteData(balancer, this.#next);
        this.#next += MINUTE_MS;
        for (let at = 0; at < data.length; at += 500) {
          const MetricData = data.slice(at, at + 500);
          await this.#client.send(new PutMetricDataCommand({ Namespace: ALB_NAMESPACE, MetricData }));
        }
      }
    } catch (error) {
      if (!this.#stopped) onProblem(error instanceof Error ? error : new Error(String(error)));
    }
    if (!this.#stopped) this.start();
  }
}
