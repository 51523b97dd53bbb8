import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { AlarmDefinition } from "@cutover/domain/cloudwatch/definition";
import { evaluateAlarm } from "@cutover/domain/cloudwatch/evaluate";
import { triggers } from "@cutover/domain/triggers";
import { describe, expect, it } from "vitest";
import { stdoutEvents } from "../apps/node/events";
import { definitionOf } from "./deployed-alarm";
import { LogFilters } from "./log-filters";
import { MetricStore } from "./store";

const set = triggers({
  stack: "dev",
  pythonShare: 50,
  expectedMessagesPerHour: 600,
  nodeExists: true,
  loadBalancer: "app/a/1",
  targetGroups: { pythonCustomer: "targetgroup/p/1", nodeCustomer: "targetgroup/n/1", unmatched: "targetgroup/u/1" },
});
const T = 1_800_000_000_000;

/** As DescribeAlarms tells of an alarm that was deployed from this definition. */
const described = (definition: AlarmDefinition): MetricAlarm => ({
  AlarmName: definition.name,
  AlarmDescription: definition.description,
  ComparisonOperator: definition.comparison,
  Threshold: definition.threshold,
  EvaluationPeriods: definition.evaluationPeriods,
  DatapointsToAlarm: definition.datapointsToAlarm,
  TreatMissingData: definition.treatMissingData,
  ...(definition.lowSamples ? { EvaluateLowSampleCountPercentile: definition.lowSamples } : {}),
  Metrics: definition.queries.map((query) => ({
    Id: query.id,
    ReturnData: query.returnData ?? false,
    ...("expression" in query
      ? { Expression: query.expression, ...(query.period ? { Period: query.period } : {}) }
      : {
          MetricStat: {
            Period: query.metric.period,
            Stat: query.metric.stat,
            Metric: {
              Namespace: query.metric.namespace,
              MetricName: query.metric.metricName,
              Dimensions: Object.entries(query.metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
            },
          },
        }),
  })),
});

describe("what the stack deploys", () => {
  it.each(set.alarms.map(({ definition }) => [definition.name, definition] as const))(
    "alarm %s is read back as it is defined, and evaluated",
    (_name, definition) => {
      const read = definitionOf(described(definition));
      const queries = definition.queries.map((query) => ({ ...query, returnData: query.returnData ?? false }));
      expect(read).toEqual({ ...definition, queries });
      const store = new MetricStore();
      const found = evaluateAlarm(read, (metric, starts) => store.series(metric, starts, T), T, "OK");
      expect(["OK", "ALARM", "INSUFFICIENT_DATA"]).toContain(found.state);
    },
  );

  it("log filters are understood and count what the applications log", () => {
    const filters = new LogFilters();
    filters.use(set.filters);
    const lines: string[] = [];
    const events = stdoutEvents(undefined, (line) => lines.push(line));
    events.messageProcessed("m1", "failed", 12, false);
    events.messageProcessed("m2", "completed", 12, false);
    events.agentRouted("m1", "sales", "failed", false);
    events.appointmentBooking("m1", "failed", false);
    events.messageProcessed("probe", "failed", 12, true);
    const group = set.filters.find(({ metricName }) => metricName === "NodeMessages")?.logGroup ?? "";
    filters.receive(
      group,
      lines.map((message) => ({ timestamp: T, message })),
    );
    const sums = filters
      .take(T + 60_000)
      .map(({ metricName, samples }) => [metricName, samples.reduce((sum, it) => sum + it.value * it.count, 0)]);
    expect(Object.fromEntries(sums)).toMatchObject({
      NodeMessages: 2,
      NodeMessagesFailed: 1,
      NodeRoutings: 1,
      NodeRoutingFailures: 1,
      NodeBookings: 1,
      NodeBookingFailures: 1,
    });
  });
});
