import type { MetricAlarm as AwsAlarm, MetricDataQuery, PutMetricAlarmCommandInput } from "@aws-sdk/client-cloudwatch";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, type Props, parseJson } from "../json";
import type { Change, Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, map, num, obj, REQUIRED, set, str, tags } from "../schema";
import { tagMap } from "./ec2-common";
import { asOneOf, elbTags } from "./elb-common";

const STATISTICS = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"] as const;

const COMPARISONS = [
  "GreaterThanOrEqualToThreshold",
  "GreaterThanThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
] as const;

const ACTION_INPUTS = {
  actionsEnabled: bool({ default: true }),
  alarmActions: set(str()),
  okActions: set(str()),
  insufficientDataActions: set(str()),
  alarmDescription: str(),
  tags: tags(),
};

const QUERY = obj({
  id: str(REQUIRED),
  expression: str(),
  label: str(),
  period: num(),
  returnData: bool(),
  metric: obj({
    metricName: str(REQUIRED),
    namespace: str(),
    period: num(REQUIRED),
    stat: str(REQUIRED),
    unit: str(),
    dimensions: map(),
  }),
});

function dimensionsOf(a: Bag): { Name: string; Value: string }[] {
  return Object.entries(a.map("dimensions")).map(([Name, Value]) => ({ Name, Value }));
}

function liveDimensions(list: readonly { Name?: string | undefined; Value?: string | undefined }[] | undefined): Props {
  return Object.fromEntries((list ?? []).map((one) => [one.Name ?? "", one.Value ?? ""]));
}

function queryOf(query: Bag): MetricDataQuery {
  const metric = query.bag("metric");
  return {
    Id: query.need("id"),
    Expression: query.str("expression"),
    Label: query.str("label"),
    Period: query.num("period"),
    ReturnData: query.bool("returnData") ?? false,
    ...(metric
      ? {
          MetricStat: {
            Metric: {
              MetricName: metric.need("metricName"),
              Namespace: metric.str("namespace"),
              Dimensions: dimensionsOf(metric),
            },
            Period: metric.num("period"),
            Stat: metric.need("stat"),
          },
        }
      : {}),
  };
}

function liveQuery(query: MetricDataQuery): Props {
  const stat = query.MetricStat;
  return defined({
    id: query.Id,
    expression: query.Expression,
    label: query.Label,
    period: query.Period,
    returnData: query.ReturnData ?? true,
    metric: stat
      ? defined({
          metricName: stat.Metric?.MetricName,
          namespace: stat.Metric?.Namespace,
          period: stat.Period,
          stat: stat.Stat,
          dimensions: liveDimensions(stat.Metric?.Dimensions),
        })
      : undefined,
  });
}

function alarmOf(a: Bag): PutMetricAlarmCommandInput {
  const queries = a.bags("metricQueries");
  return {
    AlarmName: a.need("name"),
    AlarmDescription: a.str("alarmDescription"),
    ActionsEnabled: a.bool("actionsEnabled"),
    AlarmActions: a.strs("alarmActions"),
    OKActions: a.strs("okActions"),
    InsufficientDataActions: a.strs("insufficientDataActions"),
    ComparisonOperator: asOneOf(COMPARISONS, a.need("comparisonOperator")),
    EvaluationPeriods: a.num("evaluationPeriods"),
    DatapointsToAlarm: a.num("datapointsToAlarm"),
    Threshold: a.num("threshold"),
    TreatMissingData: a.str("treatMissingData"),
    EvaluateLowSampleCountPercentile: a.str("evaluateLowSampleCountPercentiles"),
    ...(queries.length > 0
      ? { Metrics: queries.map(queryOf) }
      : {
          MetricName: a.need("metricName"),
          Namespace: a.str("namespace"),
          Period: a.num("period"),
          Statistic: asOneOf(STATISTICS, a.str("statistic")),
          ExtendedStatistic: a.str("extendedStatistic"),
          Dimensions: dimensionsOf(a),
        }),
  };
}

async function retag(ctx: Context, ResourceARN: string, change: Change): Promise<void> {
  const { set: added, remove } = change.tags;
  if (remove.length > 0) await ctx.aws.cloudwatch.untagResource({ ResourceARN, TagKeys: remove });
  const Tags = elbTags(added);
  if (Tags) await ctx.aws.cloudwatch.tagResource({ ResourceARN, Tags });
}

async function liveTags(ctx: Context, ResourceARN: string | undefined): Promise<Props> {
  return ResourceARN ? tagMap((await ctx.aws.cloudwatch.listTagsForResource({ ResourceARN })).Tags) : {};
}

function liveActions(
  alarm: Pick<AwsAlarm, "ActionsEnabled" | "AlarmActions" | "OKActions" | "InsufficientDataActions">,
) {
  return {
    actionsEnabled: alarm.ActionsEnabled,
    alarmActions: alarm.AlarmActions ?? [],
    okActions: alarm.OKActions ?? [],
    insufficientDataActions: alarm.InsufficientDataActions ?? [],
  };
}

const MetricAlarm: ResourceType = {
  inputs: {
    name: str({ autoname: 255, replace: true }),
    comparisonOperator: str(REQUIRED),
    evaluationPeriods: num(REQUIRED),
    datapointsToAlarm: num(COMPUTED),
    threshold: num(),
    treatMissingData: str({ default: "missing" }),
    evaluateLowSampleCountPercentiles: str(COMPUTED),
    metricName: str(),
    namespace: str(),
    period: num(),
    statistic: str(),
    extendedStatistic: str(),
    dimensions: map(),
    metricQueries: set(QUERY),
    ...ACTION_INPUTS,
  },
  outputs: ["arn"],
  validate(a) {
    // Neither may mean that they are not known yet; an update without both is refused when it is made.
    return a.has("metricName") && a.has("metricQueries")
      ? ["only one of metricName and metricQueries may be given"]
      : [];
  },
  async create(ctx, a) {
    await ctx.aws.cloudwatch.putMetricAlarm({ ...alarmOf(a), Tags: elbTags(a.map("tags")) });
    return a.need("name");
  },
  async read(ctx, id, known) {
    const answer = await ctx.aws.cloudwatch.describeAlarms({ AlarmNames: [id], AlarmTypes: ["MetricAlarm"] });
    const alarm = answer.MetricAlarms?.[0];
    if (!alarm) return undefined;
    const simple = alarm.MetricName !== undefined && !alarm.Metrics?.length;
    return {
      name: alarm.AlarmName,
      alarmDescription: alarm.AlarmDescription,
      ...liveActions(alarm),
      comparisonOperator: alarm.ComparisonOperator,
      evaluationPeriods: alarm.EvaluationPeriods,
      datapointsToAlarm: alarm.DatapointsToAlarm,
      threshold: alarm.Threshold,
      treatMissingData: alarm.TreatMissingData ?? "missing",
      evaluateLowSampleCountPercentiles: alarm.EvaluateLowSampleCountPercentile,
      ...(simple
        ? {
            metricName: alarm.MetricName,
            namespace: alarm.Namespace,
            period: alarm.Period,
            statistic: alarm.Statistic,
            extendedStatistic: alarm.ExtendedStatistic,
            dimensions: liveDimensions(alarm.Dimensions),
          }
        : // ministack forgets the queries of an alarm; AWS never does.
          { metricQueries: alarm.Metrics?.length ? alarm.Metrics.map(liveQuery) : known.json("metricQueries") }),
      tags: await liveTags(ctx, alarm.AlarmArn),
      arn: alarm.AlarmArn,
    };
  },
  async update(ctx, _id, change) {
    await ctx.aws.cloudwatch.putMetricAlarm(alarmOf(change.news));
    await retag(ctx, change.state.need("arn"), change);
  },
  async delete(ctx, id) {
    await ctx.aws.cloudwatch.deleteAlarms({ AlarmNames: [id] });
  },
};

function compositeOf(a: Bag) {
  const suppressor = a.bag("actionsSuppressor");
  return {
    AlarmName: a.need("alarmName"),
    AlarmRule: a.need("alarmRule"),
    AlarmDescription: a.str("alarmDescription"),
    ActionsEnabled: a.bool("actionsEnabled"),
    AlarmActions: a.strs("alarmActions"),
    OKActions: a.strs("okActions"),
    InsufficientDataActions: a.strs("insufficientDataActions"),
    ...(suppressor
      ? {
          ActionsSuppressor: suppressor.need("alarm"),
          ActionsSuppressorWaitPeriod: suppressor.num("waitPeriod"),
          ActionsSuppressorExtensionPeriod: suppressor.num("extensionPeriod"),
        }
      : {}),
  };
}

const CompositeAlarm: ResourceType = {
  inputs: {
    alarmName: str(KEY),
    alarmRule: str({ required: true, canonical: (value) => String(value).replace(/\s+/g, " ").trim() }),
    actionsSuppressor: obj({ alarm: str(REQUIRED), waitPeriod: num(REQUIRED), extensionPeriod: num(REQUIRED) }),
    ...ACTION_INPUTS,
  },
  outputs: ["arn"],
  deleteBeforeReplace: true,
  async create(ctx, a) {
    await ctx.aws.cloudwatch.putCompositeAlarm({ ...compositeOf(a), Tags: elbTags(a.map("tags")) });
    return a.need("alarmName");
  },
  async read(ctx, id) {
    const answer = await ctx.aws.cloudwatch.describeAlarms({ AlarmNames: [id], AlarmTypes: ["CompositeAlarm"] });
    const alarm = answer.CompositeAlarms?.[0];
    if (!alarm) return undefined;
    return {
      alarmName: alarm.AlarmName,
      alarmRule: alarm.AlarmRule,
      alarmDescription: alarm.AlarmDescription,
      actionsSuppressor: alarm.ActionsSuppressor
        ? defined({
            alarm: alarm.ActionsSuppressor,
            waitPeriod: alarm.ActionsSuppressorWaitPeriod,
            extensionPeriod: alarm.ActionsSuppressorExtensionPeriod,
          })
        : undefined,
      ...liveActions(alarm),
      tags: await liveTags(ctx, alarm.AlarmArn),
      arn: alarm.AlarmArn,
    };
  },
  async update(ctx, _id, change) {
    await ctx.aws.cloudwatch.putCompositeAlarm(compositeOf(change.news));
    await retag(ctx, change.state.need("arn"), change);
  },
  async delete(ctx, id) {
    await ctx.aws.cloudwatch.deleteAlarms({ AlarmNames: [id] });
  },
};

const Dashboard: ResourceType = {
  inputs: {
    dashboardName: str(KEY),
    dashboardBody: str({
      required: true,
      document: true,
      canonical: (value): Json => parseJson(String(value)) ?? value,
    }),
  },
  outputs: ["dashboardArn"],
  deleteBeforeReplace: true,
  async create(ctx, a) {
    await putDashboard(ctx, a);
    return a.need("dashboardName");
  },
  async read(ctx, DashboardName) {
    const dashboard = await found(ctx.aws.cloudwatch.getDashboard({ DashboardName }));
    if (!dashboard) return undefined;
    return {
      dashboardName: DashboardName,
      dashboardBody: dashboard.DashboardBody,
      dashboardArn: dashboard.DashboardArn,
    };
  },
  async update(ctx, _id, { news }) {
    await putDashboard(ctx, news);
  },
  async delete(ctx, id) {
    await ctx.aws.cloudwatch.deleteDashboards({ DashboardNames: [id] });
  },
};

async function putDashboard(ctx: Context, a: Bag): Promise<void> {
  const [DashboardName, DashboardBody] = [a.need("dashboardName"), a.need("dashboardBody")];
  await ctx.aws.cloudwatch.putDashboard({ DashboardName, DashboardBody });
}

/** Alarms and dashboards. */
export const CLOUDWATCH: Registry = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": MetricAlarm,
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": CompositeAlarm,
  "aws:cloudwatch/dashboard:Dashboard": Dashboard,
};
