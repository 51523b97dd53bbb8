import { rangesOf } from "./bulk-guard";
import { type Compiled, compile, type Windowed } from "./bulk-maths";
import type { AlarmDefinition, AlarmState, MetricName, MetricStat } from "./definition";
import { NotSupported } from "./errors";
import { comparisonOf, paceOf, parsed, periodOf, returned } from "./evaluate";
import { type Period, stateOf } from "./missing";
import { parseStatistic } from "./statistics";
import { totalsOf } from "./totals";

/**
 * One metric's samples, summed up by slot of `BulkTime.step` seconds. Enough for every statistic except percentiles,
 * which can't be put together from slots. An array that is given may not change afterwards.
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

/** Many stretches of data one after the other, of which only the first ALARM of each is asked for. */
export interface Stretches {
  /** Slots of each. */
  readonly span: number;
  /** Evaluations of each before this one fill the windows only. */
  readonly lead: number;
}

/**
 * The state of an alarm after each evaluation: element i stands for the one after i slots (0 to `length`), as
 * `evaluateAlarm` would give it step by step, a thousand times faster. States as in {@link stateName}.
 *
 * @param stretches what isn't asked for (before each lead, after each first ALARM from there on) is given as OK
 * @throws NotSupported for percentiles, for a step that is not the alarm's pace, and for what `evaluateAlarm` refuses
 */
export function evaluateBulk(
  definition: AlarmDefinition,
  read: BulkReader,
  time: BulkTime,
  stretches?: Stretches,
): Uint8Array {
  if (paceOf(definition) !== time.step) {
    throw new NotSupported(
      `Alarm ${definition.name} is evaluated every ${paceOf(definition)} s: expected slots of that length, found ${time.step} s.`,
    );
  }
  const slots = periodOf(definition) / time.step;
  const value = compiled(definition, read);
  const isBreaching = comparisonOf(definition);
  const evaluated = (i: number, before: AlarmState): AlarmState => {
    // The newest window may lack its last slot; all others are complete.
    const at = (back: number): number => {
      // Before the first slot there is no data, as in the window that ends with it.
      const end = Math.max(0, i - back * slots);
      const start = Math.max(0, end - slots);
      return value(start, back === 0 ? Math.max(start, time.published[i] as number) : end);
    };
    return quickState(definition, at, isBreaching) ?? slowState(definition, at, isBreaching, before);
  };
  const states = new Uint8Array(time.length + 1);
  const skip = stretches && isForgetful(definition) ? skipper(stretches) : undefined;
  for (const [from, to] of rangesOf(definition, read, time.step, time.length)) {
    let state: AlarmState = from === 0 ? "INSUFFICIENT_DATA" : "OK";
    for (let i = skip ? skip(from, false) : from; i <= to; i = skip ? skip(i + 1, state === "ALARM") : i + 1) {
      state = evaluated(i, state);
      states[i] = state === "OK" ? 0 : state === "ALARM" ? 1 : 2;
    }
  }
  return states;
}

/** The states before have no say in the next one. */
function isForgetful({ treatMissingData }: AlarmDefinition): boolean {
  return treatMissingData === "breaching" || treatMissingData === "notBreaching";
}

/** The next evaluation from `i` on that is asked for; `seen`: the one before it was an ALARM. */
function skipper({ span, lead }: Stretches): (i: number, seen: boolean) => number {
  return (i, seen) => {
    const stretch = Math.floor((i - lead) / span);
    const offset = i - lead - stretch * span;
    // The last evaluation of a stretch comes after its last slot.
    const within = stretch >= 0 && offset <= span - lead && !(seen && offset > 0);
    return within ? i : (stretch + 1) * span + lead;
  };
}

/** The newest N real periods decide, where there are as many; undefined where missing ones have a say. */
function quickState(
  { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData }: AlarmDefinition,
  at: (back: number) => number,
  isBreaching: (value: number) => boolean,
): AlarmState | undefined {
  let real = 0;
  let breaching = 0;
  for (let back = 0; back < n + 2 && real < n; back++) {
    const x = at(back);
    if (Number.isNaN(x)) continue;
    real++;
    if (isBreaching(x)) breaching++;
    // With M = N, one fine period settles it, however missing ones are treated.
    else if (m === n) return "OK";
  }
  if (real < n && treatMissingData !== "notBreaching") return undefined;
  return breaching >= m ? "ALARM" : "OK";
}

function slowState(
  definition: AlarmDefinition,
  at: (back: number) => number,
  isBreaching: (value: number) => boolean,
  previous: AlarmState,
): AlarmState {
  const range = definition.evaluationPeriods + 2;
  const periods = Array.from({ length: range }, (_, k): Period => {
    const x = at(range - 1 - k);
    return Number.isNaN(x) ? "missing" : isBreaching(x) ? "breaching" : "fine";
  });
  return stateOf(periods, definition, previous);
}

/** Name of an element of what {@link evaluateBulk} returns. */
export function stateName(code: number): AlarmState {
  const name = CODES[code];
  if (!name) throw new RangeError(`${code} is no state: expected 0 to ${CODES.length - 1}`);
  return name;
}

function compiled(definition: AlarmDefinition, read: BulkReader): Windowed {
  const known = new Map<string, Compiled | "being computed">();
  const valueAt = (id: string): Compiled => {
    const before = known.get(id);
    if (before === "being computed") throw new NotSupported(`Alarm ${definition.name}: "${id}" depends on itself.`);
    if (before !== undefined) return before;
    const query = definition.queries.find((one) => one.id === id);
    if (!query) throw new NotSupported(`Alarm ${definition.name} has no query "${id}".`);
    known.set(id, "being computed");
    const value =
      "metric" in query ? windowed(query.metric, read(query.metric)) : compile(parsed(query.expression), valueAt);
    known.set(id, value);
    return value;
  };
  const result = valueAt(returned(definition).id);
  if (typeof result === "number") throw new NotSupported(`Alarm ${definition.name} gives a number, not a series.`);
  return result;
}

function windowed({ stat, metricName }: MetricStat, metric: BulkMetric | undefined): Windowed {
  const statistic = parseStatistic(stat);
  if (!metric) return () => Number.NaN;
  const count = totalsOf(metric.count);
  switch (statistic.kind) {
    case "SampleCount":
      return (s, e) => (count[e] as number) - (count[s] as number) || Number.NaN;
    case "Sum":
      return ratio(metric.sum, count, (x) => x);
    case "Average":
      return ratio(metric.sum, count, (x, n) => x / n);
    case "rank": {
      const within = metric.atMost?.get(statistic.upTo);
      if (statistic.above !== Number.NEGATIVE_INFINITY || !within) break;
      return ratio(within, count, (x, n) => (100 * x) / n);
    }
    case "Minimum":
      if (metric.minimum) return extreme(metric.minimum, metric.count, Math.min);
      break;
    case "Maximum":
      if (metric.maximum) return extreme(metric.maximum, metric.count, Math.max);
      break;
    case "percentile":
      break;
  }
  throw new NotSupported(`Statistic ${stat} of ${metricName} can't be had from these slots.`);
}

/** A window's sum and number of samples, put together. */
function ratio(
  values: ArrayLike<number> | undefined,
  count: Float64Array,
  by: (sum: number, count: number) => number,
): Windowed {
  const sum = values ? totalsOf(values) : new Float64Array(count.length);
  return (s, e) => {
    const n = (count[e] as number) - (count[s] as number);
    return n > 0 ? by((sum[e] as number) - (sum[s] as number), n) : Number.NaN;
  };
}

/** Least or greatest value; for short windows. */
function extreme(values: ArrayLike<number>, count: ArrayLike<number>, by: (a: number, b: number) => number): Windowed {
  return (s, e) => {
    let found = Number.NaN;
    for (let k = s; k < e; k++) {
      if ((count[k] as number) === 0) continue;
      found = Number.isNaN(found) ? (values[k] as number) : by(found, values[k] as number);
    }
    return found;
  };
}
