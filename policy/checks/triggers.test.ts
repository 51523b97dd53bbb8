import { PLAN, triggers } from "@cutover/domain/triggers";
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "./model";
import { resource } from "./testkit";
import { alarmArmed, topicKey } from "./triggers";
import { TYPES } from "./types";

const set = triggers({
  stack: "prod",
  loadBalancer: "app/lb/1",
  targetGroups: { pythonCustomer: "tg/1", nodeCustomer: "tg/2", unmatched: "tg/3" },
  pythonShare: 10,
  expectedMessagesPerHour: 6,
  nodeExists: true,
});

/** A trigger as components/alarms.ts deploys it. */
const deployed = (key: string, over: Record<string, unknown> = {}) => {
  const definition = set.alarms.find((one) => one.key === key)?.definition;
  if (!definition) throw new Error(`no trigger ${key}`);
  return resource(TYPES.metricAlarm, {
    name: definition.name,
    metricQueries: definition.queries,
    comparisonOperator: definition.comparison,
    threshold: definition.threshold,
    evaluationPeriods: definition.evaluationPeriods,
    datapointsToAlarm: definition.datapointsToAlarm,
    treatMissingData: definition.treatMissingData,
    ...over,
  });
};

const queries = (key: string) => set.alarms.find((one) => one.key === key)?.definition.queries ?? [];
const fast = (seconds: number) =>
  JSON.parse(JSON.stringify(queries("python-slow-short")).replaceAll("PR(:3)", `PR(:${seconds})`));
const otherMetric = (metricName: string) =>
  queries("python-hosts").map((one) => ("metric" in one ? { ...one, metric: { ...one.metric, metricName } } : one));
/** With the empty texts and zeros that the provider puts for what was left out. */
const asAwsGivesBack = (key: string) =>
  queries(key).map((one) => ({
    accountId: "",
    expression: "",
    label: "",
    period: 0,
    returnData: false,
    ...one,
    ...("metric" in one ? { metric: { unit: "", ...one.metric } } : {}),
  }));

describe("a metric alarm", () => {
  it.each(set.alarms.map(({ key }) => key))("%s passes as it is generated, at any traffic", (key) => {
    expect(alarmArmed(deployed(key))).toEqual([]);
  });

  it.each([
    [
      "python-errors-short",
      { threshold: PLAN.errors.percent + 0.1 },
      /goes off at 5.1, the plan wants 5; change domain/,
    ],
    ["python-routing-long", { threshold: 20 }, /goes off at 20, the plan wants 10/],
    ["python-errors-short", { threshold: undefined }, /goes off at no number/],
    ["python-hosts", { threshold: 0 }, /goes off at 0, the plan wants 1/],
    ["python-errors-short", { comparisonOperator: "LessThanThreshold" }, /compares by LessThanThreshold/],
    ["python-probes", { comparisonOperator: "GreaterThanThreshold" }, /compares by GreaterThanThreshold/],
    ["python-errors-short", { comparisonOperator: undefined }, /compares by nothing/],
    ["python-errors-short", { evaluationPeriods: 3, datapointsToAlarm: 3 }, /needs 3 of 3/],
    [
      "python-probes",
      { evaluationPeriods: 5, datapointsToAlarm: 5 },
      /needs 5 of 5 bad periods, wanted at most 4 of 4/,
    ],
    ["unfinished", { evaluationPeriods: 2, datapointsToAlarm: 2 }, /needs 2 of 2/],
    ["python-errors-short", { actionsEnabled: false }, /its actions are off/],
    ["python-errors-short", { treatMissingData: undefined }, /set treatMissingData/],
    ["python-slow-short", { metricQueries: fast(5) }, /below 5 s as fast, the plan says 3 s/],
    ["python-errors-short", { metricQueries: [] }, /looks at something else/],
    ["python-errors-short", { metricQueries: [{ id: "share", expression: "0", returnData: true }] }, /something else/],
    ["python-hosts", { metricQueries: otherMetric("CPUUtilization") }, /looks at something else/],
  ])("%s with %j fails", (key, over, expected) => {
    expect(alarmArmed(deployed(key, over))).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    ["python-errors-short", { threshold: 4 }],
    ["python-errors-short", { comparisonOperator: "GreaterThanOrEqualToThreshold" }],
    ["python-probes", { evaluationPeriods: 3, datapointsToAlarm: 3 }],
    ["python-hosts", { threshold: 2 }],
    ["python-slow-short", { metricQueries: fast(2.5) }],
    ["python-hosts", { metricQueries: UNKNOWN }],
    ["python-hosts", { metricQueries: asAwsGivesBack("python-hosts") }],
    ["python-errors-short", { metricQueries: asAwsGivesBack("python-errors-short") }],
    ["python-errors-short", { threshold: UNKNOWN, evaluationPeriods: UNKNOWN }],
  ])("%s with %j is no looser", (key, over) => {
    expect(alarmArmed(deployed(key, over))).toEqual([]);
  });

  it("of somebody else is held to its actions and missing data only", () => {
    const other = (props: Record<string, unknown>) =>
      alarmArmed(resource(TYPES.metricAlarm, { name: "cpu", ...props }));
    expect(other({ treatMissingData: "ignore", threshold: 99 })).toEqual([]);
    expect(other({})).toHaveLength(1);
  });
});

describe("a composite alarm", () => {
  const composite = (props: Record<string, unknown>, ignoreChanges?: string[]) =>
    alarmArmed(resource(TYPES.compositeAlarm, props, ignoreChanges ? { ignoreChanges } : {}));

  it("passes with an action, also one that is not known yet", () => {
    expect(composite({ alarmActions: ["arn:topic"] })).toEqual([]);
    expect(composite({ alarmActions: [UNKNOWN] })).toEqual([]);
    expect(composite({ alarmActions: UNKNOWN }, ["tags"])).toEqual([]);
  });

  it.each([
    [{}, undefined, /nothing happens when it goes off/],
    [{ alarmActions: [] }, undefined, /set alarmActions/],
    [{ alarmActions: ["a"], actionsEnabled: false }, undefined, /its actions are off/],
    [{ alarmActions: ["a"], actionsSuppressor: { alarm: "b" } }, undefined, /suppressor/],
    [{ alarmActions: ["a"] }, ["alarmActions"], /ignoreChanges/],
  ])("%j, ignoring %j, fails", (props, ignoreChanges, expected) => {
    expect(composite(props, ignoreChanges)).toEqual([expect.stringMatching(expected)]);
  });
});

describe("topicKey", () => {
  it.each(["alias/aws/sns", "arn:aws:kms:eu-central-1:123456789012:alias/aws/sns"])("%s fails", (kmsMasterKeyId) => {
    expect(topicKey(resource(TYPES.topic, { kmsMasterKeyId }))).toEqual([
      expect.stringContaining("remove kmsMasterKeyId"),
    ]);
  });

  it.each([undefined, "alias/cutover", UNKNOWN])("%s passes", (kmsMasterKeyId) => {
    expect(topicKey(resource(TYPES.topic, { kmsMasterKeyId }))).toEqual([]);
  });
});
