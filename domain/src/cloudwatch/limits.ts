import type { AlarmDefinition, CompositeAlarmDefinition, MetricStat } from "./definition";
import { metricsOf } from "./evaluate";
import { parseStatistic } from "./statistics";
import { idsIn, parseExpression } from "./syntax";

const DAY_SECONDS = 24 * 60 * 60;

/** CloudWatch's limits, as of its user guide and API reference (PutMetricAlarm, MetricDataQuery, PutCompositeAlarm). */
export const LIMITS = {
  metricsPerAlarm: 10,
  expressionCharacters: 1024,
  nameCharacters: 255,
  descriptionCharacters: 1024,
  dimensions: 30,
  compositeRuleCharacters: 10_240,
  compositeChildren: 100,
} as const;

/** What CloudWatch would refuse in a definition, or what is not evaluated here; empty when nothing. */
export function checkAlarm(definition: AlarmDefinition): string[] {
  const metrics = metricsOf(definition);
  const periods = [...new Set(metrics.map(({ period }) => period))];
  const window = definition.evaluationPeriods * Math.max(...periods);
  const { evaluationPeriods: n, datapointsToAlarm: m } = definition;
  const problems = [
    ...checkTexts(definition),
    ...(metrics.length === 0 ? ["reads no metric"] : []),
    ...(metrics.length > LIMITS.metricsPerAlarm
      ? [`reads ${metrics.length} metrics: ${LIMITS.metricsPerAlarm} are allowed`]
      : []),
    ...(periods.length > 1 ? [`has periods of ${periods.join(" and ")} s: all must be the same`] : []),
    ...metrics.flatMap(checkMetric),
    // Alarms on an hour and more may reach back a week; ours keep to a day all the same.
    ...(window > DAY_SECONDS ? [`looks back ${window} s: a day (${DAY_SECONDS} s) is allowed`] : []),
    ...(Number.isInteger(n) && n >= 1 ? [] : [`has ${n} evaluation periods: expected a whole number from 1`]),
    ...(Number.isInteger(m) && m >= 1 && m <= n ? [] : [`wants ${m} of ${n} periods: expected 1 to ${n}`]),
    ...(Number.isFinite(definition.threshold) ? [] : [`has the threshold ${definition.threshold}`]),
    ...checkQueries(definition),
  ];
  return problems.map((problem) => `Alarm ${definition.name} ${problem}.`);
}

/** The same for a composite alarm. */
export function checkComposite({ name, rule, description }: CompositeAlarmDefinition): string[] {
  const children = rule.match(/"[^"]+"/g)?.length ?? 0;
  const problems = [
    ...checkTexts({ name, description }),
    ...(rule.length > LIMITS.compositeRuleCharacters ? [`has a rule of ${rule.length} characters`] : []),
    ...(children > LIMITS.compositeChildren ? [`has ${children} children`] : []),
    ...(children === 0 ? ["names no alarm"] : []),
  ];
  return problems.map((problem) => `Composite alarm ${name} ${problem}.`);
}

function checkTexts({ name, description }: { readonly name: string; readonly description: string }): string[] {
  return [
    ...(/^[\x20-\x7e]+$/.test(name) && name.length <= LIMITS.nameCharacters
      ? []
      : [`has a name that is empty, too long or not ASCII`]),
    ...(description.length > LIMITS.descriptionCharacters
      ? [`has a description of ${description.length} characters: ${LIMITS.descriptionCharacters} are allowed`]
      : []),
  ];
}

function checkMetric(metric: MetricStat): string[] {
  const { metricName, namespace, period, dimensions } = metric;
  const high = period === 10 || period === 20 || period === 30;
  const regular = Number.isInteger(period) && period >= 60 && period % 60 === 0;
  const own = !namespace.startsWith("AWS/");
  return [
    ...(high || regular
      ? []
      : [`has a period of ${period} s on ${metricName}: expected 10, 20, 30 or multiples of 60`]),
    ...(high && !own ? [`has a period of ${period} s on ${metricName}, which is stored by the minute`] : []),
    ...(Object.keys(dimensions).length > LIMITS.dimensions ? [`has too many dimensions on ${metricName}`] : []),
    ...said(() => parseStatistic(metric.stat)),
  ];
}

function checkQueries({ queries }: AlarmDefinition): string[] {
  const ids = queries.map(({ id }) => id);
  const returning = queries.filter(({ returnData }) => returnData).length;
  return [
    ...(new Set(ids).size === ids.length ? [] : [`uses an id twice (${ids.join(", ")})`]),
    ...ids.filter((id) => !/^[a-z]\w*$/.test(id)).map((id) => `has the id "${id}": expected a small letter first`),
    ...(returning === 1 ? [] : [`returns data of ${returning} queries: expected one`]),
    ...queries.flatMap((query) => {
      if ("metric" in query) return [];
      const { expression } = query;
      return [
        ...(expression.length > LIMITS.expressionCharacters
          ? [`has an expression of ${expression.length} characters: ${LIMITS.expressionCharacters} are allowed`]
          : []),
        ...said(() => {
          const unknown = idsIn(parseExpression(expression)).filter((id) => !ids.includes(id));
          if (unknown.length > 0) throw new Error(`reads unknown ids: ${unknown.join(", ")}`);
        }),
      ];
    }),
  ];
}

function said(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [(error instanceof Error ? error.message : String(error)).replace(/\.$/, "")];
  }
}
