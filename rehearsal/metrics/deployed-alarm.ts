import type { MetricAlarm, MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type {
  AlarmDefinition,
  AlarmState,
  Comparison,
  MetricQuery,
  MetricStat,
  TreatMissingData,
} from "@cutover/domain/cloudwatch/definition";

const COMPARISONS = new Set<string>([
  "GreaterThanThreshold",
  "GreaterThanOrEqualToThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
] satisfies Comparison[]);
const MISSING = new Set<string>(["missing", "ignore", "breaching", "notBreaching"] satisfies TreatMissingData[]);
const STATES = new Set<string>(["OK", "ALARM", "INSUFFICIENT_DATA"] satisfies AlarmState[]);

/** An alarm uses something that the rehearsal does not evaluate. */
export class AlarmNotRehearsed extends Error {
  override readonly name = "AlarmNotRehearsed";
}

/**
 * The definition of an alarm as DescribeAlarms tells it.
 * @throws AlarmNotRehearsed for what the rehearsal does not evaluate, naming alarm and member
 */
export function definitionOf(alarm: MetricAlarm): AlarmDefinition {
  const name = alarm.AlarmName ?? "";
  const refuse = (what: string) => new AlarmNotRehearsed(`alarm ${name}: the rehearsal does not evaluate ${what}`);
  const { ComparisonOperator = "", TreatMissingData = "missing", Threshold, EvaluationPeriods = 1 } = alarm;
  if (!COMPARISONS.has(ComparisonOperator)) throw refuse(`comparison ${ComparisonOperator}`);
  if (!MISSING.has(TreatMissingData)) throw refuse(`TreatMissingData ${TreatMissingData}`);
  if (alarm.ThresholdMetricId || Threshold === undefined) throw refuse("an alarm without a fixed threshold");
  const queries = alarm.Metrics?.length
    ? alarm.Metrics.map((query) => queryOf(query, refuse))
    : [simpleQuery(alarm, refuse)];
  return {
    name,
    description: alarm.AlarmDescription ?? "",
    queries,
    comparison: ComparisonOperator as Comparison,
    threshold: Threshold,
    evaluationPeriods: EvaluationPeriods,
    datapointsToAlarm: alarm.DatapointsToAlarm ?? EvaluationPeriods,
    treatMissingData: TreatMissingData as TreatMissingData,
    ...(alarm.EvaluateLowSampleCountPercentile === "ignore" ? { lowSamples: "ignore" as const } : {}),
  };
}

/** @throws Error for a text that is no state */
export function stateOf(text: string | undefined): AlarmState {
  if (!STATES.has(text ?? "")) throw new Error(`"${text}" is no state of an alarm`);
  return text as AlarmState;
}

type Refuse = (what: string) => AlarmNotRehearsed;

function queryOf(query: MetricDataQuery, refuse: Refuse): MetricQuery {
  const id = query.Id ?? "";
  const returnData = query.ReturnData ?? true;
  const stat = query.MetricStat;
  if (query.AccountId) throw refuse(`metrics of another account (${id})`);
  if (!stat) {
    const period = query.Period === undefined ? {} : { period: query.Period };
    return { id, expression: query.Expression ?? "", returnData, ...period };
  }
  if (stat.Unit) throw refuse(`a unit (${id})`);
  const metric: MetricStat = {
    namespace: stat.Metric?.Namespace ?? "",
    metricName: stat.Metric?.MetricName ?? "",
    dimensions: dimensionsOf(stat.Metric?.Dimensions),
    period: stat.Period ?? 60,
    stat: stat.Stat ?? "",
  };
  return { id, metric, returnData };
}

function simpleQuery(alarm: MetricAlarm, refuse: Refuse): MetricQuery {
  if (!alarm.MetricName || !alarm.Namespace) throw refuse("an alarm without metric or maths");
  if (alarm.Unit) throw refuse("a unit");
  return {
    id: "m1",
    metric: {
      namespace: alarm.Namespace,
      metricName: alarm.MetricName,
      dimensions: dimensionsOf(alarm.Dimensions),
      period: alarm.Period ?? 60,
      stat: alarm.ExtendedStatistic ?? alarm.Statistic ?? "",
    },
    returnData: true,
  };
}

/** Dimensions by name. */
export function dimensionsOf(
  list: readonly { Name?: string | undefined; Value?: string | undefined }[] | undefined,
): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ Name = "", Value = "" }) => [Name, Value]));
}
