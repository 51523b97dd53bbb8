import type { AlarmDefinition, AlarmState, Comparison, MetricQuery, MetricStat } from "./definition";
import { NotSupported } from "./errors";
import { evaluate, type Points, type Undocumented, type Value } from "./maths";
import { type Period, stateOf } from "./missing";
import { lowSampleBound } from "./statistics";
import { type Expression, parseExpression } from "./syntax";

/**
 * The statistic of a metric over the periods that begin at `starts` (ms since the epoch, oldest first): over what is
 * published by now of `[start, start + period)`. A period without a published sample is not in the map. The starts
 * slide: each evaluation of an hour's period looks at the last hour, not at the last full hour of the clock.
 */
export type SeriesReader = (metric: MetricStat, starts: readonly number[]) => ReadonlyMap<number, number>;

export interface Evaluation {
  readonly state: AlarmState;
  /** In CloudWatch's manner, for people. */
  readonly reason: string;
}

/** Undocumented behaviour to try out; the defaults are what the guide's examples show. */
export interface EvaluationOptions extends Undocumented {
  /** Periods that are looked at beyond N. Default 2, as in the guide's tables. */
  readonly extraPeriods?: number;
}

/** Seconds of an alarm's periods. @throws NotSupported for mixed periods */
export function periodOf(definition: AlarmDefinition): number {
  const periods = new Set(metricsOf(definition).map(({ period }) => period));
  const [period] = periods;
  if (period === undefined || periods.size > 1) {
    throw new NotSupported(`Alarm ${definition.name} has periods of ${[...periods].join(", ")} s: expected one.`);
  }
  return period;
}

/** Metrics that an alarm reads. */
export function metricsOf(definition: AlarmDefinition): MetricStat[] {
  return definition.queries.flatMap((query) => ("metric" in query ? [query.metric] : []));
}

/** Seconds between two evaluations: 10 for periods of 10, 20 or 30 s, else a minute. */
export function paceOf(definition: AlarmDefinition): number {
  return periodOf(definition) < 60 ? 10 : 60;
}

/** Beginnings (ms) of the periods that an evaluation at `nowMs` looks at, oldest first: its evaluation range. */
export function startsOf(definition: AlarmDefinition, nowMs: number, extraPeriods = 2): number[] {
  const pace = paceOf(definition) * 1000;
  const period = periodOf(definition) * 1000;
  const end = Math.floor(nowMs / pace) * pace;
  const range = definition.evaluationPeriods + extraPeriods;
  return Array.from({ length: range }, (_, i) => end - (range - i) * period);
}

/**
 * The state of an alarm at a moment. Call it at the alarm's pace; act on a difference to `previous` only, as
 * CloudWatch does.
 *
 * @throws NotSupported for what is not evaluated here, by name
 */
export function evaluateAlarm(
  definition: AlarmDefinition,
  series: SeriesReader,
  nowMs: number,
  previous: AlarmState,
  options: EvaluationOptions = {},
): Evaluation {
  const starts = startsOf(definition, nowMs, options.extraPeriods);
  const low = lowSamples(definition, series, starts);
  if (low) return { state: previous, reason: low };
  const points = seriesOf(definition, series, starts, options);
  const isBreaching = comparisonOf(definition);
  const periods = points.map((x): Period => (x === undefined ? "missing" : isBreaching(x) ? "breaching" : "fine"));
  const state = stateOf(periods, definition, previous);
  return { state, reason: reasonFor(definition, points, state) };
}

/** Whether a value is outside the threshold. */
export function comparisonOf({ comparison, threshold }: AlarmDefinition): (value: number) => boolean {
  const compare: Record<Comparison, (value: number) => boolean> = {
    GreaterThanThreshold: (x) => x > threshold,
    GreaterThanOrEqualToThreshold: (x) => x >= threshold,
    LessThanThreshold: (x) => x < threshold,
    LessThanOrEqualToThreshold: (x) => x <= threshold,
  };
  return compare[comparison];
}

/** The query that is compared with the threshold. @throws NotSupported unless there is exactly one */
export function returned(definition: AlarmDefinition): MetricQuery {
  const found = definition.queries.filter(({ returnData }) => returnData);
  const [only] = found;
  if (!only || found.length > 1) {
    throw new NotSupported(`Alarm ${definition.name} returns data of ${found.length} queries: expected one.`);
  }
  return only;
}

function seriesOf(
  definition: AlarmDefinition,
  series: SeriesReader,
  starts: readonly number[],
  options: Undocumented,
): Points {
  const known = new Map<string, Value | "being computed">();
  const read = (id: string): Value => {
    const before = known.get(id);
    if (before === "being computed") throw new NotSupported(`Alarm ${definition.name}: "${id}" depends on itself.`);
    if (before !== undefined) return before;
    const query = definition.queries.find((one) => one.id === id);
    if (!query) throw new NotSupported(`Alarm ${definition.name} has no query "${id}".`);
    known.set(id, "being computed");
    const value =
      "metric" in query ? pointsOf(query.metric, series, starts) : evaluate(parsed(query.expression), read, options);
    known.set(id, value);
    return value;
  };
  const result = read(returned(definition).id);
  if (typeof result === "number") throw new NotSupported(`Alarm ${definition.name} gives a number, not a series.`);
  return result;
}

/** A reader that keeps to the clock's hours instead of `starts` would make long periods blind; it shows here. */
function pointsOf(metric: MetricStat, series: SeriesReader, starts: readonly number[]): Points {
  const found = series(metric, starts);
  const first = starts[0] ?? 0;
  const last = starts[starts.length - 1] ?? 0;
  const asked = new Set(starts);
  for (const start of found.keys()) {
    if (start >= first && start <= last && !asked.has(start)) {
      throw new RangeError(
        `${metric.metricName} has a period of ${metric.period} s at ${start}: expected only ${starts.join(", ")}. Read the periods that the second argument asks for.`,
      );
    }
  }
  return starts.map((start) => found.get(start));
}

const PARSED = new Map<string, Expression>();

/** Parsing is pure, and the same few expressions come again every minute. */
export function parsed(text: string): Expression {
  const before = PARSED.get(text);
  if (before) return before;
  const expression = parseExpression(text);
  if (PARSED.size > 1000) PARSED.clear();
  PARSED.set(text, expression);
  return expression;
}

/** Why the state stays as it is, when a percentile has too few samples and the alarm is told to ignore it then. */
function lowSamples(definition: AlarmDefinition, series: SeriesReader, starts: readonly number[]): string | undefined {
  if (definition.lowSamples !== "ignore") return undefined;
  const query = returned(definition);
  const bound = "metric" in query ? lowSampleBound(query.metric.stat) : undefined;
  if (!("metric" in query) || bound === undefined) {
    throw new NotSupported(`Alarm ${definition.name}: lowSamples goes with a percentile of one metric only.`);
  }
  const counted = starts.slice(-definition.evaluationPeriods);
  const counts = series({ ...query.metric, stat: "SampleCount" }, counted);
  const samples = counted.reduce((sum, start) => sum + (counts.get(start) ?? 0), 0);
  return samples < bound ? `${samples} samples are too few for ${query.metric.stat}: expected ${bound}.` : undefined;
}

const SIGNS: Record<Comparison, string> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

function reasonFor(definition: AlarmDefinition, points: Points, state: AlarmState): string {
  const newest = points.filter((x) => x !== undefined).slice(-definition.evaluationPeriods);
  const values = newest.map((x) => Math.round(x * 1000) / 1000).join(", ");
  const found = values
    ? `the last data are ${values}`
    : `there are no data (treated as ${definition.treatMissingData})`;
  const { datapointsToAlarm: m, evaluationPeriods: n, comparison, threshold } = definition;
  return `${state}: ${found}; ALARM when ${m} of ${n} are ${SIGNS[comparison]} ${threshold}.`;
}
