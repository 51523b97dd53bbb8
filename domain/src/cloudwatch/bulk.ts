import { bulkMaths, type Column } from "./bulk-maths";
import type { AlarmDefinition, AlarmState, MetricName, MetricStat } from "./definition";
import { NotSupported } from "./errors";
import { comparisonOf, metricsOf, paceOf, parsed, periodOf, returned } from "./evaluate";
import { type Period, stateOf } from "./missing";
import { parseStatistic } from "./statistics";

/**
 * One metric's samples, summed up by slot of `BulkTime.step` seconds. Enough for every statistic except percentiles,
 * which can't be put together from slots.
 */
export interface BulkMetric {
  /** Samples; a slot with 0 has no data. */
  readonly count: ArrayLike<number>;
  /** Default: 0 everywhere. */
  readonly sum?: ArrayLike<number>;
  readonly minimum?: ArrayLike<number>;
  readonly maximum?: ArrayLike<number>;
  /** For `PR(:x)`, by x: samples not above x. */
  readonly atMost?: ReadonlyMap<number, ArrayLike<number>>;
}

/** Slots and what of them is published when. */
export interface BulkTime {
  /** Seconds of a slot: the pace of the alarms that are evaluated on it, 10 or 60. */
  readonly step: number;
  /** Number of slots. */
  readonly length: number;
  /** Slots that are published at the evaluation after `i` slots: i, or fewer. At most the newest slot may be late. */
  readonly published: ArrayLike<number>;
}

/** The metric's data, or undefined for a metric that never has any. */
export type BulkReader = (metric: MetricName) => BulkMetric | undefined;

const CODES: readonly AlarmState[] = ["OK", "ALARM", "INSUFFICIENT_DATA"];

/**
 * The state of an alarm after each evaluation: element i stands for the one after i slots (0 to `length`), as
 * `evaluateAlarm` would give it step by step, a thousand times faster. States as in `stateName`.
 *
 * @throws NotSupported for percentiles, for a step that is not the alarm's pace, and for what `evaluateAlarm` refuses
 */
export function evaluateBulk(definition: AlarmDefinition, read: BulkReader, time: BulkTime): Uint8Array {
  if (paceOf(definition) !== time.step) {
    throw new NotSupported(
      `Alarm ${definition.name} is evaluated every ${paceOf(definition)} s: expected slots of that length, found ${time.step} s.`,
    );
  }
  const slots = periodOf(definition) / time.step;
  // The newest window may lack its last slot; all others are complete.
  const newest = column(definition, read, time, slots, true);
  const complete = lazy(() => column(definition, read, time, slots, false));
  const isBreaching = comparisonOf(definition);
  const states = new Uint8Array(time.length + 1);
  const { evaluationPeriods: n, datapointsToAlarm: m } = definition;
  const simple = n === 1 && m === 1;
  const insufficient = CODES.indexOf("INSUFFICIENT_DATA");
  for (let i = 0; i <= time.length; i++) {
    const value = newest[i] as number;
    if (simple && !Number.isNaN(value)) {
      states[i] = isBreaching(value) ? 1 : 0;
      continue;
    }
    const before = CODES[i === 0 ? insufficient : (states[i - 1] as number)] as AlarmState;
    const periods = periodsAt(i, slots, n + 2, value, complete, isBreaching);
    states[i] = CODES.indexOf(stateOf(periods, definition, before));
  }
  return states;
}

/** Name of an element of what {@link evaluateBulk} returns. */
export function stateName(code: number): AlarmState {
  const name = CODES[code];
  if (!name) throw new RangeError(`${code} is no state: expected 0 to ${CODES.length - 1}`);
  return name;
}

function periodsAt(
  at: number,
  slots: number,
  range: number,
  newest: number,
  complete: () => Float64Array,
  isBreaching: (value: number) => boolean,
): Period[] {
  const periods: Period[] = [];
  for (let back = range - 1; back >= 0; back--) {
    // Before the first slot there is no data, as in the window that ends with it.
    const end = Math.max(0, at - back * slots);
    const value = back === 0 ? newest : (complete()[end] as number);
    periods.push(Number.isNaN(value) ? "missing" : isBreaching(value) ? "breaching" : "fine");
  }
  return periods;
}

/** The returned query's value for the window that ends after each slot; NaN = no datum. */
function column(
  definition: AlarmDefinition,
  read: BulkReader,
  time: BulkTime,
  slots: number,
  partial: boolean,
): Float64Array {
  const known = new Map<string, Column | "being computed">();
  const valueAt = (id: string): Column => {
    const before = known.get(id);
    if (before === "being computed") throw new NotSupported(`Alarm ${definition.name}: "${id}" depends on itself.`);
    if (before !== undefined) return before;
    const query = definition.queries.find((one) => one.id === id);
    if (!query) throw new NotSupported(`Alarm ${definition.name} has no query "${id}".`);
    known.set(id, "being computed");
    const value =
      "metric" in query
        ? windowed(query.metric, read(query.metric), time, slots, partial)
        : bulkMaths(parsed(query.expression), valueAt);
    known.set(id, value);
    return value;
  };
  if (metricsOf(definition).length === 0) throw new NotSupported(`Alarm ${definition.name} reads no metric.`);
  const result = valueAt(returned(definition).id);
  if (typeof result === "number") throw new NotSupported(`Alarm ${definition.name} gives a number, not a series.`);
  return result;
}

function windowed(
  { stat, metricName }: MetricStat,
  metric: BulkMetric | undefined,
  time: BulkTime,
  slots: number,
  partial: boolean,
): Float64Array {
  const statistic = parseStatistic(stat);
  if (!metric) return new Float64Array(time.length + 1).fill(Number.NaN);
  const total = (values: ArrayLike<number> | undefined) => slidingSum(values, time, slots, partial);
  const count = total(metric.count);
  switch (statistic.kind) {
    case "SampleCount":
      return where(count, count, (n) => n);
    case "Sum":
      return where(count, total(metric.sum), (_, x) => x);
    case "Average":
      return where(count, total(metric.sum), (n, x) => x / n);
    case "rank": {
      const { above, upTo } = statistic;
      const within = metric.atMost?.get(upTo);
      if (above !== Number.NEGATIVE_INFINITY || !within) break;
      return where(count, total(within), (n, x) => (100 * x) / n);
    }
    case "Minimum":
      if (!metric.minimum) break;
      return where(count, extreme(metric.minimum, metric.count, time, slots, partial, Math.min), (_, x) => x);
    case "Maximum":
      if (!metric.maximum) break;
      return where(count, extreme(metric.maximum, metric.count, time, slots, partial, Math.max), (_, x) => x);
    case "percentile":
      break;
  }
  throw new NotSupported(`Statistic ${stat} of ${metricName} can't be had from these slots.`);
}

/** NaN where the window holds no sample. */
function where(count: Float64Array, values: Float64Array, by: (count: number, value: number) => number): Float64Array {
  const out = new Float64Array(count.length);
  for (let i = 0; i < out.length; i++) {
    const n = count[i] as number;
    out[i] = n > 0 ? by(n, values[i] as number) : Number.NaN;
  }
  return out;
}

/** Sums over the window before each evaluation, by running totals: exact, because slots hold whole numbers. */
function slidingSum(
  values: ArrayLike<number> | undefined,
  { length, published }: BulkTime,
  slots: number,
  partial: boolean,
): Float64Array {
  const totals = new Float64Array(length + 1);
  if (!values) return totals;
  for (let i = 0; i < length; i++) totals[i + 1] = (totals[i] as number) + (values[i] as number);
  const out = new Float64Array(length + 1);
  for (let i = 0; i <= length; i++) {
    const start = i > slots ? i - slots : 0;
    const end = partial ? Math.max(start, published[i] as number) : i;
    out[i] = (totals[end] as number) - (totals[start] as number);
  }
  return out;
}

/** Least or greatest over the window before each evaluation; for short windows. */
function extreme(
  values: ArrayLike<number>,
  count: ArrayLike<number>,
  { length, published }: BulkTime,
  slots: number,
  partial: boolean,
  by: (a: number, b: number) => number,
): Float64Array {
  const out = new Float64Array(length + 1);
  for (let i = 0; i <= length; i++) {
    const end = partial ? (published[i] as number) : i;
    let found = Number.NaN;
    for (let k = Math.max(0, i - slots); k < end; k++) {
      if ((count[k] as number) === 0) continue;
      found = Number.isNaN(found) ? (values[k] as number) : by(found, values[k] as number);
    }
    out[i] = found;
  }
  return out;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
