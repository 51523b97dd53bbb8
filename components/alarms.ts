import type { AlarmDefinition, CompositeAlarmDefinition, MetricQuery } from "@cutover/domain/cloudwatch/definition";
import { type Trigger, type TriggerDimensions, type TriggerSet, triggers } from "@cutover/domain/triggers";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import type { CutoverConfig } from "../config";
import type { Traffic } from "./traffic";

export interface AlarmsArgs {
  readonly stack: string;
  readonly expectedMessagesPerHour: CutoverConfig["expectedMessagesPerHour"];
  /** Percent of customer messages that Python gets. */
  readonly pythonShare: number;
  /** Minutes that windows may reach back; undefined: no limit. */
  readonly lookBackMinutes: number | undefined;
  readonly traffic: Traffic;
  /** Topic of the rollback function: what may move traffic. */
  readonly rollbackTopicArn: pulumi.Input<string>;
  /** Topic of people: what only tells. */
  readonly peopleTopicArn: pulumi.Input<string>;
  /** Log groups that the metric filters read. */
  readonly logGroups: readonly cloudwatch.LogGroup[];
}

/** Stands for a dimension where only the number and the names of the alarms matter. */
const PLACEHOLDER = "unknown";

/**
 * The plan's rollback triggers and what else is watched, from one table (`domain/triggers`). Names are fixed and
 * definitions change in place: a replaced alarm would begin without data, an armed one must never be away.
 */
export class Alarms extends pulumi.ComponentResource {
  /** What has to stand before the weight rises. */
  readonly armed: pulumi.Resource[];
  /** Names of the composite alarms that roll back. */
  readonly rollbackAlarms: { readonly hard: string; readonly soft: string };
  readonly rollbackAlarmArns: pulumi.Output<string[]>;
  /** Dimension values of the load balancer's metrics. */
  readonly dimensions: pulumi.Output<TriggerDimensions>;
  /** The alarms under them, with how long a fault stays in their windows. */
  readonly triggers: readonly { readonly name: string; readonly windowSeconds: number }[];

  readonly #name: string;
  readonly #args: AlarmsArgs;
  readonly #definitions: pulumi.Output<TriggerSet>;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Alarms", name, { pythonShare: args.pythonShare }, opts);
    this.#name = name;
    this.#args = args;
    const shape = definitionsOf(args, placeholders(args.traffic));
    this.dimensions = liveDimensions(args.traffic);
    this.#definitions = this.dimensions.apply((dimensions) => definitionsOf(args, dimensions));
    const filters = shape.filters.map((filter, i) => this.logFilter(filter.name, i));
    const alarms = shape.alarms.map((trigger, i) => this.metricAlarm(trigger, i));
    const composites = shape.composites.map(({ definition }) => this.compositeAlarm(definition, alarms));
    this.armed = [...filters, ...alarms, ...composites];
    this.rollbackAlarmArns = pulumi.all(composites.map(({ arn }) => arn));
    this.rollbackAlarms = { hard: compositeName(shape, "hard"), soft: compositeName(shape, "soft") };
    this.triggers = shape.alarms
      .filter(({ tier }) => tier !== "watch")
      .map(({ definition }) => ({ name: definition.name, windowSeconds: windowSeconds(definition) }));
    this.registerOutputs(this.rollbackAlarms);
  }

  private logFilter(filterName: string, index: number): cloudwatch.LogMetricFilter {
    const filter = this.#definitions.apply(({ filters }) => at(filters, index));
    return new cloudwatch.LogMetricFilter(
      `${this.#name}-${withoutStack(filterName, this.#args.stack)}`,
      {
        name: filterName,
        logGroupName: filter.logGroup,
        pattern: filter.pattern,
        metricTransformation: {
          namespace: filter.namespace,
          name: filter.metricName,
          value: filter.value,
          defaultValue: filter.apply(({ defaultValue }) =>
            defaultValue === undefined ? undefined : String(defaultValue),
          ) as pulumi.Output<string>,
        },
      },
      { parent: this, dependsOn: [...this.#args.logGroups] },
    );
  }

  private metricAlarm(trigger: Trigger, index: number): cloudwatch.MetricAlarm {
    const { definition, key, action } = trigger;
    const live = this.#definitions.apply(({ alarms }) => at(alarms, index).definition);
    const topics = { rollback: [this.#args.rollbackTopicArn], people: [this.#args.peopleTopicArn], none: [] };
    return new cloudwatch.MetricAlarm(
      `${this.#name}-${key}`,
      {
        name: definition.name,
        alarmDescription: live.description,
        metricQueries: live.apply(({ queries }) => queries.map(toQuery)),
        comparisonOperator: definition.comparison,
        threshold: live.threshold,
        evaluationPeriods: live.evaluationPeriods,
        datapointsToAlarm: live.datapointsToAlarm,
        treatMissingData: definition.treatMissingData,
        // Whatever rolls back does so through a composite alarm: one action a tier, not one an alarm.
        alarmActions: topics[action],
      },
      { parent: this },
    );
  }

  private compositeAlarm(
    definition: CompositeAlarmDefinition,
    children: readonly cloudwatch.MetricAlarm[],
  ): cloudwatch.CompositeAlarm {
    return new cloudwatch.CompositeAlarm(
      `${this.#name}-${withoutStack(definition.name, this.#args.stack)}`,
      {
        alarmName: definition.name,
        alarmDescription: definition.description,
        alarmRule: definition.rule,
        alarmActions: [this.#args.rollbackTopicArn],
      },
      // AWS refuses a rule that names an alarm which is not there yet.
      { parent: this, dependsOn: [...children] },
    );
  }
}

function definitionsOf(args: AlarmsArgs, dimensions: TriggerDimensions): TriggerSet {
  const { stack, expectedMessagesPerHour, pythonShare, lookBackMinutes, traffic } = args;
  return triggers({
    stack,
    expectedMessagesPerHour,
    pythonShare,
    lookBackMinutes,
    nodeExists: traffic.node !== undefined,
    ...dimensions,
  });
}

function placeholders(traffic: Traffic): TriggerDimensions {
  const targetGroups = {
    pythonCustomer: PLACEHOLDER,
    ...(traffic.node ? { nodeCustomer: PLACEHOLDER, unmatched: PLACEHOLDER } : {}),
  };
  return { loadBalancer: PLACEHOLDER, targetGroups };
}

/** Dimensions as CloudWatch names them: the tail of the ARN. */
function liveDimensions({ loadBalancer, node, python }: Traffic): pulumi.Output<TriggerDimensions> {
  const nodeGroups = node
    ? pulumi.all({ nodeCustomer: node.customer.arnSuffix, unmatched: node.unmatched.arnSuffix })
    : pulumi.output({});
  return pulumi
    .all([loadBalancer.arnSuffix, python.customer.arnSuffix, nodeGroups])
    .apply(([balancer, pythonCustomer, groups]) => ({
      loadBalancer: balancer,
      targetGroups: { pythonCustomer, ...groups },
    }));
}

function toQuery(query: MetricQuery) {
  const common = { id: query.id, returnData: query.returnData ?? false };
  if ("metric" in query) return { ...common, metric: { ...query.metric, dimensions: { ...query.metric.dimensions } } };
  return { ...common, expression: query.expression, ...(query.period ? { period: query.period } : {}) };
}

function compositeName({ composites }: TriggerSet, tier: "hard" | "soft"): string {
  const found = composites.find((composite) => composite.tier === tier);
  if (!found) throw new RangeError(`the triggers have no composite alarm "${tier}"`);
  return found.definition.name;
}

/** How long a data point stays in the alarm's window. */
export function windowSeconds({ queries, evaluationPeriods }: AlarmDefinition): number {
  const periods = queries.map((query) => ("metric" in query ? query.metric.period : (query.period ?? 0)));
  return Math.max(...periods, 0) * evaluationPeriods;
}

/** Logical names say no stack: the stack's name is in the URN already. */
function withoutStack(physical: string, stack: string): string {
  return physical.replace(`cutover-${stack}-`, "");
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`the triggers changed in number with their dimensions: no ${index}`);
  return found;
}
