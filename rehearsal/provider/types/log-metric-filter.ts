import type { Bag } from "../bag";
import { found } from "../errors";
import { defined } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { KEY, map, obj, REQUIRED, str } from "../schema";
import { asOneOf } from "./elb-common";

const UNITS = ["None", "Count", "Seconds", "Milliseconds", "Percent"] as const;

async function put(ctx: Context, a: Bag): Promise<void> {
  const metric = a.bag("metricTransformation");
  const dimensions = metric?.map("dimensions") ?? {};
  await ctx.aws.logs.putMetricFilter({
    filterName: a.need("name"),
    logGroupName: a.need("logGroupName"),
    filterPattern: a.str("pattern") ?? "",
    metricTransformations: [
      {
        metricName: metric?.need("name"),
        metricNamespace: metric?.need("namespace"),
        metricValue: metric?.need("value"),
        defaultValue: metric?.num("defaultValue"),
        unit: asOneOf(UNITS, metric?.str("unit")),
        ...(Object.keys(dimensions).length > 0 ? { dimensions } : {}),
      },
    ],
  });
}

const LogMetricFilter: ResourceType = {
  inputs: {
    name: str({ autoname: 512, replace: true }),
    logGroupName: str(KEY),
    pattern: str({ canonical: (value) => String(value).trim() }),
    metricTransformation: obj(
      {
        name: str(REQUIRED),
        namespace: str(REQUIRED),
        value: str(REQUIRED),
        defaultValue: str(),
        unit: str({ local: true, default: "None" }),
        dimensions: map(),
      },
      REQUIRED,
    ),
  },
  async create(ctx, a) {
    await put(ctx, a);
    return a.need("name");
  },
  async read(ctx, id, known) {
    const logGroupName = known.need("logGroupName");
    const answer = await found(ctx.aws.logs.describeMetricFilters({ logGroupName, filterNamePrefix: id }));
    const filter = answer?.metricFilters?.find((one) => one.filterName === id);
    if (!filter) return undefined;
    const metric = filter.metricTransformations?.[0];
    return {
      name: filter.filterName,
      logGroupName: filter.logGroupName ?? logGroupName,
      pattern: filter.filterPattern,
      metricTransformation: defined({
        name: metric?.metricName,
        namespace: metric?.metricNamespace,
        value: metric?.metricValue,
        defaultValue: metric?.defaultValue?.toString(),
        dimensions: metric?.dimensions ? { ...metric.dimensions } : undefined,
      }),
    };
  },
  async update(ctx, _id, { news }) {
    await put(ctx, news);
  },
  async delete(ctx, filterName, state) {
    await ctx.aws.logs.deleteMetricFilter({ filterName, logGroupName: state.need("logGroupName") });
  },
};

/** Metrics out of logs. */
export const LOG_METRIC_FILTER: Registry = { "aws:cloudwatch/logMetricFilter:LogMetricFilter": LogMetricFilter };
