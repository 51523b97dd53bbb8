import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { compositeAlarms } from "./alarm-path";
import type { Expectation } from "./expectations";
import type { Stage } from "./stage";

/** How far back a line has to have a point, in rehearsal minutes. */
const MINUTES = 15;

type Option = Readonly<Record<string, unknown>>;

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly stat?: string;
    readonly period?: number;
    readonly metrics?: readonly (readonly (string | Option)[])[];
    readonly alarms?: readonly string[];
  };
}

/** Asked for as a browser does that shows the page: a line without a point is a blank that nobody notices until it is needed. */
export const dashboardShowsData: Expectation = {
  what: "each line of the dashboard has data, each alarm on it exists",
  look: async ({ aws, stack, clock }) => {
    const { DashboardBody = "{}" } = await aws.cloudwatch.getDashboard({ DashboardName: `cutover-${stack}` });
    const { widgets = [] } = JSON.parse(DashboardBody) as { readonly widgets?: readonly Widget[] };
    const graphs = widgets.filter(({ type }) => type === "metric").map(linesOf);
    const blank = await Promise.all(graphs.map((graph) => blankLines(aws, graph, clock.now())));
    const lines = graphs.reduce((sum, { queries }) => sum + queries.filter((q) => q.ReturnData).length, 0);
    const alarms = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const wrong = [...blank.flat(), ...(await missingAlarms(aws, alarms))];
    const whole = wrong.length === 0 && lines > 0 && alarms.length > 0;
    return {
      ok: whole,
      seen: wrong.join(", ") || `${lines} lines in ${graphs.length} graphs, ${alarms.length} alarms`,
    };
  },
};

/** A graph's lines as GetMetricData takes them. */
export interface Graph {
  readonly title: string;
  readonly queries: readonly MetricDataQuery[];
}

/** Source: CloudWatch, "Dashboard body structure and syntax": namespace, name, pairs of dimensions, then options. */
export function linesOf({ properties }: Pick<Widget, "properties">): Graph {
  const { title = "", metrics = [], stat = "Average", period = 300 } = properties;
  const queries = metrics.map((metric, at): MetricDataQuery => {
    const texts = metric.filter((part): part is string => typeof part === "string");
    const options = metric.find((part): part is Option => typeof part !== "string") ?? {};
    const [Namespace, MetricName, ...pairs] = texts;
    const common = {
      Id: String(options.id ?? `line${at}`),
      Label: String(options.label ?? MetricName ?? options.expression),
      ReturnData: options.visible !== false,
    };
    if (options.expression !== undefined) return { ...common, Expression: String(options.expression) };
    const Dimensions = pairs.flatMap((Name, i) => (i % 2 === 0 ? [{ Name, Value: pairs[i + 1] }] : []));
    return { ...common, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: period, Stat: stat } };
  });
  return { title, queries };
}

async function blankLines(aws: Stage["aws"], { title, queries }: Graph, now: number): Promise<string[]> {
  const [StartTime, EndTime] = [new Date(now - MINUTES * 60_000), new Date(now)];
  const { MetricDataResults = [] } = await aws.cloudwatch.getMetricData({
    MetricDataQueries: [...queries],
    StartTime,
    EndTime,
  });
  return MetricDataResults.filter(({ Values = [] }) => Values.length === 0).map(
    ({ Label }) => `${title}: ${Label} is blank`,
  );
}

async function missingAlarms(aws: Stage["aws"], arns: readonly string[]): Promise<string[]> {
  const there = new Set((await compositeAlarms(aws)).map(({ AlarmArn }) => AlarmArn));
  return arns.filter((arn) => !there.has(arn)).map((arn) => `no alarm ${arn.split(":").at(-1)}`);
}
