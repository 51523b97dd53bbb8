import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ladder } from "../phases";
import { type AlarmChange, alarmChanges } from "./alarms";
import { plannedChange } from "./change";
import { readPreview } from "./preview";
import { alarmStep, alarmSteps, errorAlarm, type Place, previewText, step, UNKNOWN } from "./testkit";

const RAMP_25: Place = { phase: "ramp-25", share: 25 };
const RAMP_50: Place = { phase: "ramp-50", share: 50 };

function changes(steps: Parameters<typeof previewText>[0]["steps"], from = RAMP_25, to = RAMP_25): AlarmChange[] {
  const preview = readPreview(previewText({ from, to, ...(steps ? { steps } : {}) }));
  return alarmChanges(preview, plannedChange(preview));
}

const one = (old: Parameters<typeof errorAlarm>, made: Parameters<typeof errorAlarm>, to = RAMP_25) =>
  changes([alarmStep("python-errors-short", errorAlarm(...old), errorAlarm(...made))], RAMP_25, to)[0];

describe("an alarm", () => {
  it.each<[string, Parameters<typeof errorAlarm>[2], string]>([
    ["a higher threshold", { threshold: 6 }, "threshold 5 → 6"],
    ["more periods needed", { datapointsToAlarm: 2, evaluationPeriods: 2 }, "bad periods needed 1 of 1 → 2 of 2"],
    ["its actions off", { actionsEnabled: false }, "its actions are switched off"],
    ["another comparison", { comparisonOperator: "LessThanThreshold" }, "compares in another way"],
  ])("is looser with %s", (_what, more, says) => {
    const found = one([60, 3], [60, 3, more]);
    expect(found?.kind).toBe("looser");
    expect(found?.says).toContain(says);
  });

  it("is looser where no data no longer counts as bad", () => {
    const old: Parameters<typeof errorAlarm> = [60, 3, { treatMissingData: "breaching" }];
    expect(one(old, [60, 3])?.says).toEqual(["no data no longer counts as bad"]);
  });

  it("may count no data as good when Python gets nothing any more", () => {
    const step = alarmStep("python-hosts", errorAlarm(2, 1, { treatMissingData: "breaching" }), errorAlarm(2, 1));
    expect(changes([step], RAMP_25, { phase: "front-door", share: 0 })[0]?.kind).toBe("resized");
  });

  it("is looser when it stops telling anybody", () => {
    expect(one([60, 3, { alarmActions: ["arn:a"] }], [60, 3])?.says).toEqual(["tells fewer than before"]);
  });

  it("is looser when it tells others than before, and not when it tells more or in another order", () => {
    const told = (was: string[], is: string[]) => one([60, 3, { alarmActions: was }], [60, 3, { alarmActions: is }]);
    expect(told(["arn:rollback"], ["arn:other"])).toMatchObject({ kind: "looser", says: ["tells others than before"] });
    expect(told(["arn:a"], ["arn:b", "arn:c"])?.kind).toBe("looser");
    expect(told(["arn:a"], ["arn:b", "arn:a"])).toMatchObject({ kind: "tighter", says: ["tells more than before"] });
    expect(told(["arn:a", "arn:b"], ["arn:b", "arn:a"])?.kind).toBe("other");
    expect(told(["arn:a"], [UNKNOWN])).toMatchObject({
      kind: "unclear",
      says: ["whom it tells is known only during the update"],
    });
  });

  it.each<[string, number, number, number, number, AlarmChange["kind"]]>([
    ["more bad periods", 2, 3, 3, 3, "looser"],
    ["as many bad of fewer periods", 3, 5, 3, 3, "looser"],
    ["as many bad of more periods", 3, 3, 3, 5, "tighter"],
    ["fewer bad periods of as many", 3, 3, 2, 3, "tighter"],
    ["both fewer, with as many good ones forgiven", 3, 4, 2, 3, "tighter"],
  ])("with %s (%i of %i → %i of %i) is %s", (_what, bad, of, nowBad, nowOf, kind) => {
    const counting = (datapointsToAlarm: number, evaluationPeriods: number) => ({
      datapointsToAlarm,
      evaluationPeriods,
    });
    const found = one([60, 3, counting(bad, of)], [60, 3, counting(nowBad, nowOf)]);
    expect(found).toMatchObject({ kind, says: [`bad periods needed ${bad} of ${of} → ${nowBad} of ${nowOf}`] });
  });

  it("needs all periods to be bad where it is not said how many", () => {
    const all = { datapointsToAlarm: undefined, evaluationPeriods: 3 };
    expect(one([60, 3, { ...all, datapointsToAlarm: 2 }], [60, 3, all])?.kind).toBe("looser");
  });

  it("is tighter with a lower threshold, and not called sized for the traffic", () => {
    expect(one([60, 3], [60, 3, { threshold: 4 }])).toMatchObject({ kind: "tighter", says: ["threshold 5 → 4"] });
  });

  it("with other tags or words rings as before; another property nobody can judge", () => {
    const words = { tags: { a: "b" }, alarmDescription: "more words" };
    expect(one([60, 3], [60, 3, words])).toMatchObject({ kind: "other", says: ["only tags, alarmDescription"] });
    expect(one([60, 3], [60, 3, { thresholdMetricId: "x" }])).toMatchObject({
      kind: "unclear",
      says: ["thresholdMetricId may decide when it rings"],
    });
  });

  it("is looser with a shorter window or a higher count for the same traffic", () => {
    expect(one([60, 3], [30, 3])).toMatchObject({ kind: "looser", says: ["window 60 min → 30 min"] });
    expect(one([60, 3], [60, 9])).toMatchObject({ kind: "looser", says: ["smallest count 3 → 9"] });
    expect(one([60, 3], [90, 3])?.kind).toBe("resized");
  });

  it("follows more traffic with a shorter window", () => {
    expect(one([60, 3], [30, 3], RAMP_50)).toMatchObject({ kind: "resized", says: ["window 60 min → 30 min"] });
  });

  it("is never above the plan's threshold, whatever else changes", () => {
    expect(one([60, 3, { threshold: 20 }], [30, 3, { threshold: 20 }], RAMP_50)?.says).toEqual([
      "20 % is above the plan's 5 %",
    ]);
  });

  it("with another formula or unknown numbers is for people to judge", () => {
    const other = errorAlarm(60, 3);
    const queries = JSON.parse(JSON.stringify(other.metricQueries).replace("100 * errors", "10 * errors"));
    const step = alarmStep("python-errors-short", errorAlarm(60, 3), { ...other, metricQueries: queries });
    expect(changes([step])[0]).toMatchObject({ kind: "unclear", says: ["its formula is another one"] });
    expect(one([60, 3], [60, 3, { metricQueries: UNKNOWN }])?.kind).toBe("unclear");
  });

  it("pointed at another target group is for people to judge, and in another order of its queries as before", () => {
    const at = (group: string) => {
      const [errors, ...others] = errorAlarm(60, 3).metricQueries as { metric: object }[];
      return [
        { ...errors, metric: { ...errors?.metric, dimensions: { LoadBalancer: "app/a/1", TargetGroup: group } } },
        ...others,
      ];
    };
    const pointed = (was: object[], is: object[]) =>
      one([60, 3, { metricQueries: was }], [60, 3, { metricQueries: is }]);
    expect(pointed(at("targetgroup/py/1"), at("targetgroup/node/2"))).toMatchObject({
      kind: "unclear",
      says: ["it measures something else than before"],
    });
    expect(pointed(at("targetgroup/py/1"), at("targetgroup/py/1").reverse())?.kind).toBe("other");
  });

  it("with a number inside it that is not its largest is for people to judge", () => {
    const queries = (count: number) =>
      JSON.parse(JSON.stringify(errorAlarm(60, 9).metricQueries).replace("IF(", `IF(requests >= ${count} && `));
    const found = one([60, 9, { metricQueries: queries(2) }], [60, 9, { metricQueries: queries(8) }]);
    expect(found).toMatchObject({ kind: "unclear", says: ["other counts or periods inside it"] });
  });

  it("that is deleted is looser, unless it was Node's and Node goes", () => {
    const gone = (name: string) => step("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", name);
    expect(changes([gone("alarms-node-probes")])[0]?.kind).toBe("looser");
    const full: Place = { phase: "full", share: 100 };
    const last: Place = { phase: "decommission", share: 100 };
    const kinds = changes([gone("alarms-node-probes"), gone("alarms-python-errors-short")], full, last).map(
      (c) => c.kind,
    );
    expect(kinds).toEqual(["removed", "looser"]);
  });
});

describe("a composite alarm", () => {
  const composite = (rule: string, more: Record<string, unknown> = {}) => ({
    alarmName: "cutover-prod-rollback-hard",
    alarmRule: rule,
    alarmActions: ["arn:topic"],
    ...more,
  });
  const type = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
  const both = 'ALARM("cutover-prod-a") OR ALARM("cutover-prod-b")';

  it.each([
    ["loses a child", composite('ALARM("cutover-prod-a")'), "no longer rings for cutover-prod-b"],
    ["loses its action", composite(both, { alarmActions: [] }), "tells fewer than before"],
    ["tells another topic", composite(both, { alarmActions: ["arn:other"] }), "tells others than before"],
    ["rings under conditions", composite(`${both} AND NOT ALARM("cutover-prod-c")`), "rings under conditions"],
    ["can be silenced", composite(both, { actionsSuppressor: { alarm: "x" } }), "another alarm can silence it"],
  ])("that %s is looser", (_what, made, says) => {
    const found = changes([step("update", type, "alarms-rollback-hard", { old: composite(both), new: made })])[0];
    expect(found?.kind).toBe("looser");
    expect(found?.says).toContain(says);
  });
});

describe("a composite alarm that is not looser", () => {
  const type = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
  const alarm = { alarmName: "cutover-prod-rollback-hard", alarmRule: 'ALARM("cutover-prod-a")' };
  const becomes = (made: Record<string, unknown>) =>
    changes([step("update", type, "alarms-rollback-hard", { old: alarm, new: { ...alarm, ...made } })])[0];

  it("rings for one more, or only has other tags", () => {
    expect(becomes({ alarmRule: 'ALARM("cutover-prod-a") OR ALARM("cutover-prod-b")' })).toMatchObject({
      kind: "tighter",
      says: ["rings for cutover-prod-b, too"],
    });
    expect(becomes({ tags: { a: "b" } })).toMatchObject({ kind: "other", says: ["only tags"] });
  });
});

describe("the way from alarm to rollback", () => {
  it.each([
    ["aws:sns/topicSubscription:TopicSubscription", "rollback-alarms"],
    ["aws:lambda/function:Function", "rollback-function"],
    ["aws:cloudwatch/eventTarget:EventTarget", "rollback-minute"],
    ["aws:sns/topic:Topic", "rollback-rollback"],
  ])("without %s %s is looser", (type, name) => {
    expect(changes([step("delete", type, name)])).toMatchObject([{ kind: "looser", says: ["is removed"] }]);
  });

  it("is looser when it is switched off or encrypted with a key that alarms may not use", () => {
    const rule = "aws:cloudwatch/eventRule:EventRule";
    const off = step("update", rule, "rollback-minute", { old: {}, new: { state: "DISABLED" } });
    const topic = step("update", "aws:sns/topic:Topic", "rollback-rollback", {
      old: {},
      new: { kmsMasterKeyId: "alias/aws/sns" },
    });
    expect(changes([off, topic]).map(({ kind }) => kind)).toEqual(["looser", "looser"]);
  });
});

describe("the real definitions", () => {
  it("are never called looser or unclear on any step of the ladder, up or down", () => {
    const steps = ladder.flatMap((low, i) => {
      const high = ladder[i + 1];
      return high && high.pythonShare !== low.pythonShare ? [[low, high] as const, [high, low] as const] : [];
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom(...steps), (rate, [from, to]) => {
        const found = changes(
          alarmSteps(rate, from.pythonShare, to.pythonShare),
          { phase: from.name, share: from.pythonShare },
          { phase: to.name, share: to.pythonShare },
        );
        expect(found.filter(({ kind }) => kind !== "resized")).toEqual([]);
      }),
      { seed: 7, numRuns: 40 },
    );
  });
});
