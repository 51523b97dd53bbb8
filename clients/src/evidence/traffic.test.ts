import { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { describe, expect, it } from "vitest";
import { readMetrics } from "../metrics/read";
import { readTrafficEvidence, settledSpan } from "./traffic";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 25, 12, 0, 30);
const manifest = {
  stack: "test",
  loadBalancerArn: "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/cutover-test/50dc",
  targetGroups: {
    pythonCustomer: "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/cutover-test-py-c/73e2",
    pythonProbe: "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/cutover-test-py-p/11e2",
  },
};

/** A CloudWatch with these values a minute, by metric and statistic, and two points a page. */
function cloudwatch(data: Record<string, number[]>, more: { StatusCode?: string } = {}) {
  const asked: GetMetricDataCommand["input"][] = [];
  const send = async (command: unknown) => {
    if (!(command instanceof GetMetricDataCommand)) throw new Error("unexpected call");
    asked.push(command.input);
    const page = Number(command.input.NextToken ?? 0);
    const begin = command.input.StartTime?.getTime() ?? 0;
    const MetricDataResults = (command.input.MetricDataQueries ?? []).map(({ Id, MetricStat }) => {
      const values = data[`${MetricStat?.Metric?.MetricName} ${MetricStat?.Stat}`] ?? [];
      const from = page * 2;
      const Values = values.slice(from, from + 2);
      return { Id, Values, Timestamps: Values.map((_, i) => new Date(begin + (from + i) * MINUTE)), ...more };
    });
    const longest = Math.max(0, ...Object.values(data).map((values) => values.length));
    return { MetricDataResults, ...((page + 1) * 2 < longest ? { NextToken: String(page + 1) } : {}) };
  };
  return { asked, send: send as never };
}

const read = (data: Record<string, number[]>) =>
  readTrafficEvidence(manifest, { since: NOW - 60 * MINUTE, until: NOW }, cloudwatch(data));

describe("the evidence of the load balancer and the logs", () => {
  it("is counted over all pages, from Python's customers only", async () => {
    const watch = cloudwatch({
      "RequestCount Sum": [10, 20, 11],
      "HTTPCode_Target_5XX_Count Sum": [1],
      "TargetConnectionErrorCount Sum": [0, 2],
      "TargetResponseTime SampleCount": [10, 20, 10],
      "TargetResponseTime PR(:3)": [100, 95, 100],
      "TargetResponseTime PR(:2)": [90, 90, 100],
      "PythonRoutings Sum": [9, 20, 11],
      "PythonRoutingFailures Sum": [0, 1],
      "PythonBookings Sum": [2],
    });
    const evidence = await readTrafficEvidence(manifest, { since: NOW - 60 * MINUTE, until: NOW }, watch);
    expect(evidence).toEqual({
      errors: { value: { n: 41, bad: 3 } },
      acknowledgement: { value: { n: 40, overTrigger: 1, overSuccess: 3 } },
      routing: { value: { n: 40, bad: 1 } },
      bookingFailures: { value: { n: 2, bad: 0 } },
    });
    const [query] = watch.asked[0]?.MetricDataQueries ?? [];
    expect(query?.MetricStat?.Metric).toEqual({
      Namespace: "AWS/ApplicationELB",
      MetricName: "RequestCount",
      Dimensions: [
        { Name: "LoadBalancer", Value: "app/cutover-test/50dc" },
        { Name: "TargetGroup", Value: "targetgroup/cutover-test-py-c/73e2" },
      ],
    });
    const log = watch.asked[0]?.MetricDataQueries?.find((one) => one.Id === "routings")?.MetricStat?.Metric;
    expect(log).toEqual({ Namespace: "Cutover/test", MetricName: "PythonRoutings", Dimensions: [] });
  });

  it("counts requests that hang until the load balancer gives up, which are in no count of errors", async () => {
    const { errors } = await read({ "RequestCount Sum": [10, 20], "TargetResponseTime SampleCount": [10, 16] });
    expect(errors).toEqual({ value: { n: 30, bad: 4 } });
  });

  it("counts what Python calls the sender's fault: a workflow sends nothing again", async () => {
    const { errors } = await read({
      "RequestCount Sum": [30],
      "HTTPCode_Target_4XX_Count Sum": [3],
      "HTTPCode_Target_5XX_Count Sum": [1],
      "TargetResponseTime SampleCount": [30],
    });
    expect(errors).toEqual({ value: { n: 30, bad: 4 } });
  });

  it("takes no request for unanswered that is on its way as the span ends", async () => {
    const quiet = Array.from({ length: 55 }, () => 1);
    const { errors } = await read({ "RequestCount Sum": [...quiet, 3], "TargetResponseTime SampleCount": quiet });
    expect(errors).toEqual({ value: { n: 58, bad: 0 } });
  });

  it("counts a request that was not reached once, although it was not answered either", async () => {
    const { errors } = await read({
      "RequestCount Sum": [10],
      "HTTPCode_Target_5XX_Count Sum": [1],
      "TargetConnectionErrorCount Sum": [2],
      "TargetResponseTime SampleCount": [7],
    });
    expect(errors).toEqual({ value: { n: 10, bad: 4 } });
  });

  it("without a message is nothing, and never a good sign", async () => {
    expect(await read({})).toEqual({
      errors: { value: { n: 0, bad: 0 } },
      acknowledgement: { value: { n: 0, overTrigger: 0, overSuccess: 0 } },
      routing: { value: { n: 0, bad: 0 } },
      bookingFailures: { value: { n: 0, bad: 0 } },
    });
  });

  it("that can't be read says why, everywhere", async () => {
    const denied = { send: () => Promise.reject(Object.assign(new Error("no"), { name: "AccessDenied" })) } as never;
    const evidence = await readTrafficEvidence(manifest, { since: NOW - 60 * MINUTE, until: NOW }, denied);
    for (const part of Object.values(evidence)) expect(part).toEqual({ unavailable: "AccessDenied: no" });
  });

  it("of an application that writes no events is not taken for routing without a fault", async () => {
    const { routing, bookingFailures } = await read({ "RequestCount Sum": [30] });
    expect(routing).toEqual({ unavailable: expect.stringContaining("level 1") });
    expect(bookingFailures).toEqual({ value: { n: 0, bad: 0 } });
  });

  it("counts answers without a rank as slow, and no more faults than messages", async () => {
    const { acknowledgement, errors } = await read({
      "RequestCount Sum": [3],
      "HTTPCode_Target_5XX_Count Sum": [5],
      "TargetResponseTime SampleCount": [4],
    });
    expect(acknowledgement).toEqual({ value: { n: 4, overTrigger: 4, overSuccess: 4 } });
    expect(errors).toEqual({ value: { n: 3, bad: 3 } });
  });
});

describe("the span that is read", () => {
  it("begins after the image did and ends where the metrics are complete, in whole periods", () => {
    const { span, periodSeconds } = settledSpan({ since: NOW - 60 * MINUTE, until: NOW });
    expect(periodSeconds).toBe(60);
    expect(new Date(span.since).toISOString()).toBe("2026-11-25T11:01:00.000Z");
    expect(new Date(span.until).toISOString()).toBe("2026-11-25T11:57:00.000Z");
  });

  it("is read in 5-minute periods beyond a day, which CloudWatch keeps longer", () => {
    const { span, periodSeconds } = settledSpan({ since: NOW - 2000 * MINUTE, until: NOW });
    expect(periodSeconds).toBe(300);
    expect(span.since % 300_000).toBe(0);
    expect(span.since).toBeGreaterThanOrEqual(NOW - 2000 * MINUTE);
  });

  it("that is not over yet asks nothing", async () => {
    const watch = cloudwatch({ "RequestCount Sum": [9] });
    const { errors } = await readTrafficEvidence(manifest, { since: NOW - MINUTE, until: NOW }, watch);
    expect(errors).toEqual({ value: { n: 0, bad: 0 } });
    expect(watch.asked).toEqual([]);
  });
});

it("a query that CloudWatch could not answer is an error and not an empty metric", async () => {
  const metric = { namespace: "x", metricName: "y", dimensions: {}, stat: "Sum" };
  const span = { since: NOW - 600_000, until: NOW };
  const broken = cloudwatch({ "y Sum": [1] }, { StatusCode: "InternalError" });
  await expect(readMetrics(broken, { a: metric }, span, 60)).rejects.toThrow(/InternalError/);
});
