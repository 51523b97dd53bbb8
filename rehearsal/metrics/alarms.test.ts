import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type MetricAlarm,
  ResourceNotFound,
  type SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RehearsalClock } from "../clock";
import { AlarmDriver } from "./alarms";
import { MetricStore } from "./store";

const T = 1_800_000_000_000;
const MINUTE = 60_000;
const metric = { namespace: "N", metricName: "m", dimensions: { LoadBalancer: "app/a/1" } };

let alarms: MetricAlarm[];
let composite: string;
let calls: string[];
let store: MetricStore;
let driver: AlarmDriver;
let problems: string[];
/** What happens while a state is set, and the emulator's stamp of the composite alarm. */
let during: () => Promise<void>;
let compositeAt: number;

/** More than 5 in one of three minutes. */
const alarm = (AlarmName: string, more: Partial<MetricAlarm> = {}): MetricAlarm => ({
  AlarmName,
  StateValue: "OK",
  ComparisonOperator: "GreaterThanThreshold",
  Threshold: 5,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 1,
  TreatMissingData: "notBreaching",
  Namespace: "N",
  MetricName: "m",
  Dimensions: [{ Name: "LoadBalancer", Value: "app/a/1" }],
  Period: 60,
  Statistic: "Sum",
  ...more,
});

beforeEach(() => {
  [alarms, composite, calls, problems] = [[alarm("a")], "OK", [], []];
  [during, compositeAt] = [async () => {}, 0];
  store = new MetricStore();
  const client = new CloudWatchClient({ region: "us-east-1" });
  client.send = (async (command: unknown) => {
    if (command instanceof DescribeAlarmsCommand) {
      calls.push("describe");
      const of = { AlarmName: "c", StateValue: composite as "OK", StateReason: "a" };
      return { MetricAlarms: alarms, CompositeAlarms: [{ ...of, StateUpdatedTimestamp: new Date(compositeAt) }] };
    }
    const { AlarmName, StateValue } = (command as SetAlarmStateCommand).input;
    calls.push(`${AlarmName} ${StateValue}`);
    if (!alarms.some((it) => it.AlarmName === AlarmName)) throw new ResourceNotFound({ message: "", $metadata: {} });
    await during();
    alarms = alarms.map((it) => (it.AlarmName === AlarmName ? { ...it, StateValue } : it)) as MetricAlarm[];
    composite = alarms.some((it) => it.StateValue === "ALARM") ? "ALARM" : "OK";
    return {};
  }) as typeof client.send;
  driver = new AlarmDriver({ client, store, clock: new RehearsalClock() });
  driver.on("transition", ({ alarm: name, from, to }) => calls.push(`${name}: ${from} → ${to}`));
  driver.on("problem", (error) => problems.push(error.message));
});

const errors = (minute: number, count: number, more: Partial<typeof metric> = {}) =>
  store.put({ ...metric, ...more, at: T + minute * MINUTE, samples: [{ value: 1, count }] });

describe("the alarm driver", () => {
  it("sets a state on a transition only, and tells of it and of the composite alarms above", async () => {
    await driver.evaluate(T, "minute");
    calls = [];
    errors(1, 6);
    await driver.evaluate(T + 2 * MINUTE, "minute");
    expect(calls).toEqual([]);
    await driver.evaluate(T + 3 * MINUTE, "minute");
    expect(calls).toEqual(["a ALARM", "describe", "a: OK → ALARM", "c: OK → ALARM"]);
    await driver.evaluate(T + 4 * MINUTE, "minute");
    expect(calls).toHaveLength(4);
    expect((await driver.states()).get("c")).toBe("ALARM");
    await driver.evaluate(T + 30 * MINUTE, "minute");
    expect(calls.slice(4)).toEqual(["a OK", "describe", "a: ALARM → OK", "c: ALARM → OK"]);
  });

  it.each([
    ["the emulator's stamp", (begun: number) => begun + 2, (begun: number) => begun + 2],
    [
      "the look's beginning where that stamp is cut to seconds",
      (begun: number) => begun - 700,
      (begun: number) => begun,
    ],
  ])("stamps a change before what follows from it; a composite alarm's with %s", async (_what, stamp, expected) => {
    const stamps = new Map<string, number>();
    driver.on("transition", ({ alarm: name, atMs }) => stamps.set(name, atMs));
    await driver.evaluate(T, "minute");
    errors(1, 6);
    let functionBegan = 0;
    during = async () => {
      compositeAt = stamp(Date.now());
      vi.setSystemTime(Date.now() + 5);
      functionBegan = Date.now();
      vi.setSystemTime(Date.now() + 400);
    };
    vi.useFakeTimers({ toFake: ["Date"], now: T });
    try {
      await driver.evaluate(T + 3 * MINUTE, "minute");
    } finally {
      vi.useRealTimers();
    }
    expect([stamps.get("a"), stamps.get("c")]).toEqual([T, expected(T)]);
    expect(stamps.get("c")).toBeLessThan(functionBegan);
  });

  it.each([
    ["another dimension", { dimensions: { LoadBalancer: "app/b/2" } }],
    ["no dimension", { dimensions: {} as { LoadBalancer: string } }],
    ["another namespace", { namespace: "Other" }],
  ])("looks at nothing of %s", async (_what, more) => {
    errors(1, 100, more);
    await driver.evaluate(T + 3 * MINUTE, "minute");
    expect(calls.filter((call) => call.startsWith("a "))).toEqual([]);
  });

  it("looks at short periods at their own pace", async () => {
    alarms = [alarm("short", { Period: 10, Statistic: "Maximum", Threshold: 0 })];
    store.put({ ...metric, at: T, samples: [{ value: 1, count: 1 }], highResolution: true });
    await driver.evaluate(T + 20_000, "minute");
    expect(calls).not.toContain("short ALARM");
    await driver.evaluate(T + 20_000, "seconds");
    expect(calls).toContain("short ALARM");
  });

  it("reads the alarms again only when something changed", async () => {
    await driver.evaluate(T, "minute");
    await driver.evaluate(T + MINUTE, "minute");
    expect(calls.filter((call) => call === "describe")).toHaveLength(1);
    driver.invalidate();
    alarms = [...alarms, alarm("new", { StateValue: "ALARM" })];
    expect((await driver.states()).get("new")).toBe("ALARM");
    expect(calls).toContain("new: INSUFFICIENT_DATA → ALARM");
  });

  it("goes on without an alarm that was deleted, and tells of one it can't evaluate", async () => {
    alarms = [alarm("gone"), alarm("odd", { TreatMissingData: "sometimes" }), alarm("b")];
    await driver.states();
    alarms = alarms.slice(1);
    errors(1, 6);
    for (const minute of [3, 4]) await driver.evaluate(T + minute * MINUTE, "minute");
    expect(calls).toContain("gone ALARM");
    expect(calls).toContain("b: OK → ALARM");
    expect(new Set(problems)).toEqual(
      new Set(["alarm odd: the rehearsal does not evaluate TreatMissingData sometimes"]),
    );
  });
});
