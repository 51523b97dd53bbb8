import { dashboardBody } from "@cutover/domain/dashboard";
import { describe, expect, it } from "vitest";
import { dashboardShowsData, linesOf } from "./dashboard";
import { Memory } from "./memory";
import type { Stage } from "./stage";

const body = dashboardBody({
  stack: "prod",
  region: "us-east-1",
  phase: "ramp-50",
  pythonShare: 50,
  means: "Half.",
  rollbackAlarmArns: ["arn:aws:cloudwatch:us-east-1:1:alarm:hard"],
  loadBalancer: "app/x/1",
  targetGroups: { pythonCustomer: "p", nodeCustomer: "n", unmatched: "u" },
});

/** An account in which a metric has points unless it is named. */
function account(blank: string, alarms: readonly string[] = ["arn:aws:cloudwatch:us-east-1:1:alarm:hard"]) {
  const cloudwatch = {
    getDashboard: async () => ({ DashboardBody: body }),
    describeAlarms: async () => ({ CompositeAlarms: alarms.map((AlarmArn) => ({ AlarmArn })) }),
    getMetricData: async ({
      MetricDataQueries = [],
    }: {
      MetricDataQueries?: ReturnType<typeof linesOf>["queries"];
    }) => ({
      MetricDataResults: MetricDataQueries.filter(({ ReturnData }) => ReturnData).map(({ Label, MetricStat }) => ({
        Label,
        Values: MetricStat?.Metric?.MetricName === blank ? [] : [1],
      })),
    }),
  };
  return { aws: { cloudwatch }, stack: "prod", clock: { now: () => 0 } } as unknown as Stage;
}
const memory = new Memory([], "[]", { columns: [], rows: new Map() } as never);
const look = async (stage: Stage) => dashboardShowsData.look(stage, memory);

describe("the dashboard that is deployed", () => {
  it("is asked for with the metrics, dimensions and expressions of its widgets", () => {
    const widgets = (JSON.parse(body) as { widgets: Parameters<typeof linesOf>[0][] }).widgets;
    const errors = widgets.map(linesOf).find(({ title }) => title.startsWith("Errors"));
    expect(errors?.queries.map(({ Id, ReturnData }) => `${Id} ${ReturnData}`)).toEqual([
      "nr false",
      "ne false",
      "nx true",
      "pr false",
      "pe false",
      "px true",
    ]);
    expect(errors?.queries[3]?.MetricStat).toEqual({
      Metric: {
        Namespace: "AWS/ApplicationELB",
        MetricName: "RequestCount",
        Dimensions: [
          { Name: "TargetGroup", Value: "p" },
          { Name: "LoadBalancer", Value: "app/x/1" },
        ],
      },
      Period: 60,
      Stat: "Sum",
    });
  });

  it("is well where each line has points", async () => {
    expect(await look(account("none"))).toEqual({ ok: true, seen: "17 lines in 10 graphs, 1 alarms" });
  });

  it("is not where a line is blank, or an alarm is gone", async () => {
    const blank = await look(account("HealthyHostCount"));
    expect(blank).toEqual({ ok: false, seen: "Healthy tasks: Node is blank, Healthy tasks: Python is blank" });
    expect(await look(account("none", []))).toEqual({ ok: false, seen: "no alarm hard" });
  });
});
