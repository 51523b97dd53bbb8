import type { CompositeAlarm, MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { MetricFilter } from "@aws-sdk/client-cloudwatch-logs";
import { type TriggerSet, triggers } from "@cutover/domain/triggers";
import { beforeEach, describe, expect, it } from "vitest";
import { compareDefinitions } from "./deployed-definitions";

const arn = (tail: string) => `arn:aws:elasticloadbalancing:us-east-1:123456789012:${tail}`;
const generate = (pythonShare: number, lookBackMinutes?: number): TriggerSet =>
  triggers({
    stack: "dev",
    pythonShare,
    expectedMessagesPerHour: 600,
    nodeExists: true,
    lookBackMinutes,
    loadBalancer: "app/a/1",
    targetGroups: { pythonCustomer: "targetgroup/p/1", nodeCustomer: "targetgroup/n/1", unmatched: "targetgroup/u/1" },
  });

let applied: object;
let alarms: MetricAlarm[];
let composites: CompositeAlarm[];
let filters: MetricFilter[];

/** As AWS tells of what was deployed from a set: dimensions in any order, `ReturnData` everywhere. */
function deploy(set: TriggerSet): void {
  alarms = set.alarms.map(({ definition: d }) => ({
    AlarmName: d.name,
    AlarmDescription: d.description,
    ComparisonOperator: d.comparison,
    Threshold: d.threshold,
    EvaluationPeriods: d.evaluationPeriods,
    DatapointsToAlarm: d.datapointsToAlarm,
    TreatMissingData: d.treatMissingData,
    Metrics: d.queries.map((query) => {
      const common = { Id: query.id, ReturnData: query.returnData ?? false };
      if ("expression" in query) return { ...common, Expression: query.expression };
      const { namespace, metricName, dimensions, period, stat } = query.metric;
      const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
      const Metric = { Namespace: namespace, MetricName: metricName, Dimensions: Dimensions.reverse() };
      return { ...common, MetricStat: { Period: period, Stat: stat, Metric } };
    }),
  }));
  composites = set.composites.map(({ definition: d }) => ({
    AlarmName: d.name,
    AlarmDescription: d.description,
    AlarmRule: d.rule,
  }));
  filters = set.filters.map((f) => ({
    filterName: f.name,
    logGroupName: f.logGroup,
    filterPattern: f.pattern,
    metricTransformations: [
      { metricName: f.metricName, metricNamespace: f.namespace, metricValue: f.value, defaultValue: f.defaultValue },
    ],
  }));
}

beforeEach(() => {
  applied = { phase: "ramp-25", pythonShare: 25, pythonDigest: "sha256:1" };
  deploy(generate(25));
});

/** One definition a page, so that every page has to be read. */
function look() {
  const manifest = {
    loadBalancerArn: arn("loadbalancer/app/a/1"),
    expectedMessagesPerHour: 600,
    targetGroups: {
      pythonCustomer: arn("targetgroup/p/1"),
      nodeCustomer: arn("targetgroup/n/1"),
      nodeUnmatched: arn("targetgroup/u/1"),
    },
  };
  const at = (token: string | undefined) => Number(token ?? 0);
  const after = (i: number, length: number) => (i + 1 < length ? String(i + 1) : undefined);
  return compareDefinitions("dev", {
    ssm: {
      send: async () => ({
        Parameters: [
          { Name: "/cutover/dev/manifest", Value: JSON.stringify(manifest) },
          { Name: "/cutover/dev/applied", Value: JSON.stringify(applied) },
        ],
      }),
    },
    cloudwatch: {
      describeAlarms: async ({ NextToken }: { NextToken?: string }) => {
        const i = at(NextToken);
        const CompositeAlarms = i === 0 ? composites : [];
        return { MetricAlarms: alarms.slice(i, i + 1), CompositeAlarms, NextToken: after(i, alarms.length) };
      },
    },
    logs: {
      describeMetricFilters: async ({ nextToken }: { nextToken?: string }) => {
        const i = at(nextToken);
        return { metricFilters: filters.slice(i, i + 1), nextToken: after(i, filters.length) };
      },
    },
  } as never);
}

describe("deployed definitions", () => {
  it("are the generated ones", async () => {
    const { alarms: all, composites: both, filters: counts } = generate(25);
    const seen = `${all.length + both.length + counts.length} definitions`;
    expect(await look()).toEqual({ ok: true, seen });
  });

  it("are those for the applied look-back too", async () => {
    applied = { ...applied, alarmsLookBackMinutes: 5 };
    expect(await look()).toMatchObject({ ok: false });
    deploy(generate(25, 5));
    expect(await look()).toMatchObject({ ok: true });
  });

  it("are told by name and field where they are for another share", async () => {
    deploy(generate(50));
    const { ok, seen } = await look();
    expect(ok).toBe(false);
    expect(seen).toMatch(/^alarm cutover-dev-\S+: .* is .*, generated .*; .* and \d+ more$/);
  });

  const first = <T>(list: readonly T[]): T => list[0] as T;
  it.each<[string, () => unknown, RegExp]>([
    ["a threshold", () => Object.assign(first(alarms), { Threshold: 2 }), /python-probes: threshold is 2, generated 1/],
    ["a description", () => Object.assign(first(alarms), { AlarmDescription: "x" }), /python-probes: description/],
    [
      "a dimension",
      () =>
        Object.assign(first(first(alarms).Metrics ?? []), { MetricStat: { Metric: {}, Period: 20, Stat: "Minimum" } }),
      /python-probes: query m is/,
    ],
    [
      "a composite alarm's rule",
      () => Object.assign(first(composites), { AlarmRule: "FALSE" }),
      /rollback-hard: rule is "FALSE"/,
    ],
    [
      "a filter's pattern",
      () => Object.assign(first(filters), { filterPattern: "" }),
      /filter cutover-dev-python-messages: pattern/,
    ],
    ["a filter's default", () => delete first(first(filters).metricTransformations ?? []).defaultValue, /absent/],
    ["a missing alarm", () => alarms.pop(), /alarm \S+ is missing/],
    ["a missing filter", () => filters.pop(), /filter \S+ is missing/],
    [
      "an alarm of nobody's",
      () => alarms.push({ ...first(alarms), AlarmName: "cutover-dev-old" }),
      /cutover-dev-old was not generated/,
    ],
  ])("tell of %s", async (_what, change, told) => {
    change();
    const { ok, seen } = await look();
    expect(ok).toBe(false);
    expect(seen).toMatch(told);
  });
});
