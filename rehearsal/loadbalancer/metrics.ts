import type { RehearsalClock } from "../clock";

/** What one target group counted, under the names AWS uses (namespace AWS/ApplicationELB). */
export interface TargetGroupCounts {
  readonly RequestCount: number;
  readonly HTTPCode_Target_2XX_Count: number;
  readonly HTTPCode_Target_3XX_Count: number;
  readonly HTTPCode_Target_4XX_Count: number;
  readonly HTTPCode_Target_5XX_Count: number;
  readonly TargetConnectionErrorCount: number;
}

/** What one load balancer counted itself: answers that no target gave. */
export interface LoadBalancerCounts {
  readonly HTTPCode_ELB_4XX_Count: number;
  readonly HTTPCode_ELB_5XX_Count: number;
  readonly HTTPCode_ELB_502_Count: number;
  readonly HTTPCode_ELB_503_Count: number;
  readonly HTTPCode_ELB_504_Count: number;
  readonly HTTP_Redirect_Count: number;
  readonly HTTP_Fixed_Response_Count: number;
  readonly RequestCount: number;
}

export type TargetGroupMetric = keyof TargetGroupCounts | "TargetResponseTime";
export type LoadBalancerMetric = keyof LoadBalancerCounts;

/** A moment's host counts of a target group. */
export interface HostCounts {
  readonly HealthyHostCount: number;
  readonly UnHealthyHostCount: number;
}

/** A half-open span of rehearsal time, ms since the epoch; default: everything. */
export interface Span {
  readonly since?: number;
  readonly until?: number;
}

/** Moments (rehearsal ms) and a number for each: 1 for counts, seconds for response times. */
class Series {
  readonly times: number[] = [];
  readonly values: number[] = [];

  add(time: number, value: number): void {
    this.times.push(time);
    this.values.push(value);
  }

  /** Index of the first sample at or after `time`. */
  #at(time: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  within(span: Span): readonly number[] {
    const from = span.since === undefined ? 0 : this.#at(span.since);
    const to = span.until === undefined ? this.times.length : this.#at(span.until);
    return this.values.slice(from, to);
  }

  count(span: Span): number {
    const from = span.since === undefined ? 0 : this.#at(span.since);
    const to = span.until === undefined ? this.times.length : this.#at(span.until);
    return Math.max(0, to - from);
  }
}

/**
 * Every countable event of the load balancer with its moment in rehearsal time. Nothing is aggregated on the way in,
 * so any span can be counted exactly; a run of some minutes stays within a few megabytes.
 */
export class BalancerMetrics {
  readonly #clock: RehearsalClock;
  readonly #series = new Map<string, Series>();

  constructor(clock: RehearsalClock) {
    this.#clock = clock;
  }

  /** Adds one event of a target group or load balancer (by ARN), now. */
  record(arn: string, metric: TargetGroupMetric | LoadBalancerMetric, value = 1): void {
    const key = `${arn} ${metric}`;
    let series = this.#series.get(key);
    if (!series) {
      series = new Series();
      this.#series.set(key, series);
    }
    series.add(this.#clock.now(), value);
  }

  count(arn: string, metric: TargetGroupMetric | LoadBalancerMetric, span: Span = {}): number {
    return this.#series.get(`${arn} ${metric}`)?.count(span) ?? 0;
  }

  /** Seconds between handing a request to a target and the start of its answer, one for each answer. */
  responseTimes(arn: string, span: Span = {}): readonly number[] {
    return this.#series.get(`${arn} TargetResponseTime`)?.within(span) ?? [];
  }

  targetGroup(arn: string, span: Span = {}): TargetGroupCounts {
    const count = (metric: keyof TargetGroupCounts) => this.count(arn, metric, span);
    return {
      RequestCount: count("RequestCount"),
      HTTPCode_Target_2XX_Count: count("HTTPCode_Target_2XX_Count"),
      HTTPCode_Target_3XX_Count: count("HTTPCode_Target_3XX_Count"),
      HTTPCode_Target_4XX_Count: count("HTTPCode_Target_4XX_Count"),
      HTTPCode_Target_5XX_Count: count("HTTPCode_Target_5XX_Count"),
      TargetConnectionErrorCount: count("TargetConnectionErrorCount"),
    };
  }

  loadBalancer(arn: string, span: Span = {}): LoadBalancerCounts {
    const count = (metric: keyof LoadBalancerCounts) => this.count(arn, metric, span);
    return {
      RequestCount: count("RequestCount"),
      HTTPCode_ELB_4XX_Count: count("HTTPCode_ELB_4XX_Count"),
      HTTPCode_ELB_5XX_Count: count("HTTPCode_ELB_5XX_Count"),
      HTTPCode_ELB_502_Count: count("HTTPCode_ELB_502_Count"),
      HTTPCode_ELB_503_Count: count("HTTPCode_ELB_503_Count"),
      HTTPCode_ELB_504_Count: count("HTTPCode_ELB_504_Count"),
      HTTP_Redirect_Count: count("HTTP_Redirect_Count"),
      HTTP_Fixed_Response_Count: count("HTTP_Fixed_Response_Count"),
    };
  }
}
