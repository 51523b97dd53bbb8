import type { AlarmDefinition, MetricName, MetricStat } from "./definition";
import { comparisonOf, parsed, periodOf, returned } from "./evaluate";
import { parseStatistic } from "./statistics";
import type { Expression } from "./syntax";
import { combined, eventsBehind, totalsOf } from "./totals";

/** A metric's samples by slot, as `BulkMetric` has them. */
interface Slots {
  readonly count: ArrayLike<number>;
  readonly sum?: ArrayLike<number>;
  readonly minimum?: ArrayLike<number>;
  readonly maximum?: ArrayLike<number>;
  readonly atMost?: ReadonlyMap<number, ArrayLike<number>>;
}
type Read = (metric: MetricName) => Slots | undefined;

/** An alarm is OK while fewer bad events than `least` lie within reach. */
interface Guard {
  /** Running totals of the bad events: element i is that of the first i slots. */
  readonly totals: Float64Array;
  /** Slots that an evaluation can look back over. */
  readonly reach: number;
  readonly least: number;
  /** Evaluations before this one look at slots before the first, and say nothing about events. */
  readonly from: number;
}

/** For the rounding of what an alarm computes: far above it, far below one event. */
const HAIR = 1e-6;
/** Periods beyond N that are looked at where the newest have no data. */
const EXTRA = 2;

/**
 * The evaluations, from 0 to `length`, that have to be computed, as ranges in order, both ends included: at all others too
 * few bad events are within reach, and the state is OK. In health that is nearly every minute. Known for alarms on one
 * metric and on `IF(bad >= n AND …, share, 0)`; of any other alarm every evaluation is computed.
 */
export function rangesOf(
  definition: AlarmDefinition,
  read: Read,
  step: number,
  length: number,
): (readonly [from: number, to: number])[] {
  const query = returned(definition);
  const slots = periodOf(definition) / step;
  const guard =
    "metric" in query
      ? ofMetric(definition, query.metric, read, slots)
      : ofShare(definition, parsed(query.expression), read, slots);
  const events = guard && eventsBehind(guard.totals);
  const needed = Math.ceil(guard?.least ?? 0);
  if (!guard || !events || needed < 1) return [[0, length]];
  const ranges: [number, number][] = guard.from > 0 ? [[0, Math.min(length, guard.from - 1)]] : [];
  for (let j = needed - 1; j < events.length; j++) {
    // Evaluation i sees the slots from i - reach up to, not including, i. A late slot makes the events fewer, never more.
    const from = (events[j] as number) + 1;
    const to = Math.min(length, (events[j - needed + 1] as number) + guard.reach);
    if (to < from) continue;
    const last = ranges[ranges.length - 1];
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ranges.push([from, to]);
  }
  return ranges;
}

function ofMetric(definition: AlarmDefinition, metric: MetricStat, read: Read, slots: number): Guard | undefined {
  const { evaluationPeriods: n, datapointsToAlarm, treatMissingData, comparison, threshold } = definition;
  const found = read(metric);
  const reach = (n + EXTRA) * slots;
  if (!found) return undefined;
  if (metric.stat === "Sum") {
    if (n !== 1 || treatMissingData !== "notBreaching" || !comparison.startsWith("Greater") || !(threshold > 0)) {
      return undefined;
    }
    return found.sum && { totals: totalsOf(found.sum), reach, least: threshold - HAIR, from: 0 };
  }
  const values = metric.stat === "Minimum" ? found.minimum : metric.stat === "Maximum" ? found.maximum : undefined;
  const missing = treatMissingData === "breaching";
  if (!values || (!missing && treatMissingData !== "notBreaching")) return undefined;
  // Each period that counts as breaching has a slot of its own that does.
  const isBreaching = comparisonOf(definition);
  const bad = new Uint8Array(found.count.length);
  for (let i = 0; i < bad.length; i++) {
    bad[i] = ((found.count[i] as number) > 0 ? isBreaching(values[i] as number) : missing) ? 1 : 0;
  }
  return { totals: totalsOf(bad), reach, least: datapointsToAlarm, from: missing ? reach : 0 };
}

function ofShare(definition: AlarmDefinition, expression: Expression, read: Read, slots: number): Guard | undefined {
  if (definition.evaluationPeriods !== 1 || definition.treatMissingData !== "notBreaching") return undefined;
  if (expression.kind !== "if" || expression.otherwise?.kind !== "number") return undefined;
  if (comparisonOf(definition)(expression.otherwise.value)) return undefined;
  for (const condition of conjuncts(expression.condition)) {
    if (condition.kind !== "binary" || condition.operator !== ">=" || condition.right.kind !== "number") continue;
    const bound = boundOf(condition.left, definition, read);
    if (!bound?.totals) continue;
    // All is FILLed: the newest period has a value, and it alone decides.
    return { totals: bound.totals, reach: slots, least: condition.right.value - bound.plus - HAIR, from: 0 };
  }
  return undefined;
}

function conjuncts(condition: Expression): Expression[] {
  if (condition.kind !== "binary" || condition.operator !== "AND") return [condition];
  return [...conjuncts(condition.left), ...conjuncts(condition.right)];
}

/** The value of an expression is never above the events within the window, plus a number. */
interface Bound {
  readonly totals?: Float64Array;
  readonly plus: number;
}

function boundOf(expression: Expression, definition: AlarmDefinition, read: Read): Bound | undefined {
  if (expression.kind === "number") return { plus: expression.value };
  if (expression.kind === "fill" && expression.value === 0 && expression.of.kind === "id") {
    return eventsOf(metricOf(definition, expression.of.id), read);
  }
  if (expression.kind !== "binary") return undefined;
  if (expression.operator !== "+") return slowAnswers(expression, definition, read);
  const left = boundOf(expression.left, definition, read);
  const right = boundOf(expression.right, definition, read);
  if (!left || !right) return undefined;
  const plus = left.plus + right.plus;
  if (left.totals && right.totals) return { totals: combined(left.totals, 1, right.totals), plus };
  const totals = left.totals ?? right.totals;
  return totals ? { totals, plus } : { plus };
}

function metricOf({ queries }: AlarmDefinition, id: string): MetricStat | undefined {
  const found = queries.find((one) => one.id === id);
  return found && "metric" in found ? found.metric : undefined;
}

/** Nothing where the metric never has data. */
function eventsOf(metric: MetricStat | undefined, read: Read): Bound | undefined {
  if (metric?.stat !== "Sum") return undefined;
  const found = read(metric);
  if (!found) return { plus: 0 };
  return found.sum && { totals: totalsOf(found.sum), plus: 0 };
}

/** The answers that took longer than the rank `PR(:x)` says. */
function slowAnswers(expression: Expression, definition: AlarmDefinition, read: Read): Bound | undefined {
  const [answers, within] = (slowIds(expression) ?? []).map((id) => metricOf(definition, id));
  if (answers?.stat !== "SampleCount" || !within || answers.metricName !== within.metricName) return undefined;
  const rank = parseStatistic(within.stat);
  const found = read(answers);
  const fast = rank.kind === "rank" ? found?.atMost?.get(rank.upTo) : undefined;
  return found && fast && { totals: combined(totalsOf(found.count), -1, totalsOf(fast)), plus: 0 };
}

/** The ids in `FILL(answers, 0) * (100 - FILL(within, 100)) / 100`, the form in which slow answers are counted. */
function slowIds(expression: Expression): [answers: string, within: string] | undefined {
  const ids: string[] = [];
  const text = JSON.stringify(expression, (key, value) => {
    if (key === "id") ids.push(String(value));
    return value;
  });
  const [answers, within] = ids;
  if (ids.length !== 2 || answers === undefined || within === undefined) return undefined;
  const form = `FILL(${answers}, 0) * (100 - FILL(${within}, 100)) / 100`;
  return text === JSON.stringify(parsed(form)) ? [answers, within] : undefined;
}
