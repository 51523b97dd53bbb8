import { describe, expect, it } from "vitest";
import { ladder } from "../phases";
import { triggers } from "../triggers";
import type { AlarmDefinition, MetricQuery } from "./definition";
import { checkAlarm, checkComposite } from "./limits";

const good: AlarmDefinition = {
  name: "good",
  description: "",
  queries: [
    {
      id: "m",
      metric: { namespace: "Cutover/dev", metricName: "ProbeFailed", dimensions: {}, period: 20, stat: "Minimum" },
      returnData: true,
    },
  ],
  comparison: "GreaterThanThreshold",
  threshold: 1,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  treatMissingData: "notBreaching",
};
const [query] = good.queries as [MetricQuery & { metric: object }];
const withMetric = (more: object): AlarmDefinition =>
  ({ ...good, queries: [{ ...query, metric: { ...query.metric, ...more } }] }) as AlarmDefinition;
const withExpression = (expression: string, id = "e"): AlarmDefinition => ({
  ...good,
  queries: [
    { ...query, returnData: false },
    { id, expression, returnData: true },
  ],
});

describe("CloudWatch's limits", () => {
  const rates = [0.2, 1, 6, 30, 60, 120, 300, 600, 2000, 5000, 20_000, 100_000];
  it.each(rates)("hold for every generated alarm at every rung, at %f messages an hour", (expectedMessagesPerHour) => {
    for (const { pythonShare, node } of ladder) {
      const { alarms, composites } = triggers({
        stack: "a-stack-of-13",
        loadBalancer: `app/${"x".repeat(32)}/0123456789abcdef`,
        targetGroups: { pythonCustomer: `targetgroup/${"x".repeat(32)}/0123456789abcdef`, unmatched: "u" },
        pythonShare,
        expectedMessagesPerHour,
        nodeExists: node !== "removed",
      });
      expect(alarms.flatMap(({ definition }) => checkAlarm(definition))).toEqual([]);
      expect(composites.flatMap(({ definition }) => checkComposite(definition))).toEqual([]);
    }
  });

  it("hold for shares that cutover:pythonWeight lowered, and for windows that a rollback shortened", () => {
    for (const expectedMessagesPerHour of [1, 30, 600, 20_000]) {
      for (const pythonShare of [1, 7, 33, 99]) {
        for (const lookBackMinutes of [0, 1, 4, 59, 60, 720, 1439]) {
          const { alarms } = triggers({
            stack: "a-stack-of-13",
            loadBalancer: "app/x/1",
            targetGroups: { pythonCustomer: "targetgroup/x/1", unmatched: "u" },
            pythonShare,
            expectedMessagesPerHour,
            nodeExists: true,
            lookBackMinutes,
          });
          expect(alarms.flatMap(({ definition }) => checkAlarm(definition))).toEqual([]);
        }
      }
    }
  });

  it.each<[string, AlarmDefinition, string]>([
    ["a period of 15 s", withMetric({ period: 15 }), "15 s"],
    ["a period of 90 s", withMetric({ period: 90 }), "90 s"],
    ["20 s on a metric stored by the minute", withMetric({ namespace: "AWS/ApplicationELB" }), "stored by the minute"],
    ["an unknown statistic", withMetric({ stat: "p101" }), '"p101"'],
    ["a window of more than a day", { ...withMetric({ period: 3600 }), evaluationPeriods: 25 }, "90000 s"],
    ["M above N", { ...good, datapointsToAlarm: 4 }, "4 of 3"],
    ["N of half a period", { ...good, evaluationPeriods: 0.5 }, "0.5 evaluation periods"],
    ["no threshold", { ...good, threshold: Number.NaN }, "threshold NaN"],
    ["an expression of more than 1024 characters", withExpression(`m ${"+ 1".repeat(400)}`), "1202 characters"],
    ["a function that is not evaluated", withExpression("RATE(m)"), "function RATE"],
    ["an id that is not there", withExpression("m + n"), "unknown ids: n"],
    ["an id with a capital", withExpression("m", "E"), '"E"'],
    ["an id twice", withExpression("m", "m"), "twice"],
    ["two results", { ...good, queries: [query, { ...query, id: "b" }] }, "2 queries"],
    ["a name that is not ASCII", { ...good, name: "größer" }, "ASCII"],
    ["a long description", { ...good, description: "x".repeat(1025) }, "1025"],
    [
      "eleven metrics",
      { ...good, queries: Array.from({ length: 11 }, (_, i) => ({ ...query, id: `m${i}`, returnData: i === 0 })) },
      "11 metrics",
    ],
    ["no metric", { ...good, queries: [{ id: "e", expression: "1", returnData: true }] }, "reads no metric"],
    [
      "mixed periods",
      {
        ...good,
        queries: [query, ...withMetric({ period: 60 }).queries.map((q) => ({ ...q, id: "b", returnData: false }))],
      },
      "20 and 60",
    ],
  ])("%s is seen", (_, definition, problem) => {
    expect(checkAlarm(definition).join("\n")).toContain(problem);
  });

  it("of composite alarms are seen", () => {
    const long = Array.from({ length: 101 }, (_, i) => `ALARM("${"x".repeat(110)}${i}")`).join(" OR ");
    const problems = checkComposite({ name: "c", description: "", rule: long }).join("\n");
    expect(problems).toContain("101 children");
    expect(problems).toMatch(/rule of 1\d{4} characters/);
    expect(checkComposite({ name: "c", description: "", rule: "" })).toEqual(["Composite alarm c names no alarm."]);
    expect(checkAlarm(good)).toEqual([]);
  });
});
