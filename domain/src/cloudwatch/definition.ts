/** A metric as CloudWatch names it. */
export interface MetricName {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** A metric read as a time series. */
export interface MetricStat extends MetricName {
  /** Seconds: 10, 20, 30 (only for metrics stored at 1 s resolution) or a multiple of 60. */
  readonly period: number;
  /** `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, a percentile such as `p95` or a rank such as `PR(:3)`. */
  readonly stat: string;
}

/** One element of an alarm's metric maths: a metric or an expression over the others' ids. */
export type MetricQuery =
  | { readonly id: string; readonly metric: MetricStat; readonly returnData?: boolean }
  | { readonly id: string; readonly expression: string; readonly period?: number; readonly returnData?: boolean };

/** AWS's names, as PutMetricAlarm wants them. */
export type Comparison =
  | "GreaterThanThreshold"
  | "GreaterThanOrEqualToThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

/** What an alarm makes of a period without data. */
export type TreatMissingData = "missing" | "ignore" | "breaching" | "notBreaching";

/** A metric alarm; exactly one query has `returnData`. Deployed, back-tested and rehearsed from this one value. */
export interface AlarmDefinition {
  /** Physical name: fixed for the life of the stack, because a new alarm begins in INSUFFICIENT_DATA. */
  readonly name: string;
  readonly description: string;
  readonly queries: readonly MetricQuery[];
  readonly comparison: Comparison;
  readonly threshold: number;
  /** Periods that are looked at: N of "M out of N". */
  readonly evaluationPeriods: number;
  /** Periods that have to breach: M of "M out of N". */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: TreatMissingData;
  /** Only with a percentile of one metric: what too few samples do. Default `evaluate`. */
  readonly lowSamples?: "evaluate" | "ignore";
}

/** An alarm over alarms: `ALARM("a") OR ALARM("b")`. */
export interface CompositeAlarmDefinition {
  readonly name: string;
  readonly description: string;
  readonly rule: string;
}

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** Turns log events into a metric: CloudWatch Logs' metric filter. */
export interface LogMetricFilterDefinition {
  readonly name: string;
  readonly logGroup: string;
  /** Filter pattern in CloudWatch Logs' JSON syntax. */
  readonly pattern: string;
  readonly namespace: string;
  readonly metricName: string;
  /** `1`, or a selector such as `$.latencyMs`. */
  readonly value: string;
  /** Published for a period in which events came but none matched. */
  readonly defaultValue?: number;
}
