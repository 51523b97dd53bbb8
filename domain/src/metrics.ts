/** The two applications, as metrics name them in dimension `Engine`. */
export type Engine = "node" | "python";

/** CloudWatch's units, as far as we publish them. */
export type MetricUnit = "Count" | "Seconds";

/** One value on its way to CloudWatch. */
export interface Datum {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: MetricUnit;
  /** When it was so, milliseconds since the epoch. */
  readonly at: number;
  /** Stored at a resolution of 1 s instead of a minute, so that alarms may have periods of 10, 20 or 30 s. */
  readonly highResolution: boolean;
}

/** Namespace of all metrics of ours: `Cutover/<stack>`. */
export function metricNamespace(stack: string): string {
  return `Cutover/${stack}`;
}

/** Name of the alarm that goes off when the prober reports nothing. */
export function proberSilentAlarm(stack: string): string {
  return `cutover-${stack}-prober-silent`;
}
