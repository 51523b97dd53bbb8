import { describe, expect, it } from "vitest";
import type { AlarmDefinition, MetricQuery, MetricStat } from "./definition";
import { evaluateAlarm, metricsOf, paceOf, type SeriesReader, startsOf } from "./evaluate";
import { AlarmEvaluator } from "./evaluator";

const MINUTE = 60_000;

const metric = (metricName: string, period = 60, stat = "Sum"): MetricStat => ({
  namespace: "Cutover/dev",
  metricName,
  dimensions: {},
  period,
  stat,
});

function alarm(queries: readonly MetricQuery[], more: Partial<AlarmDefinition> = {}): AlarmDefinition {
  return {
    name: "one",
    description: "",
    queries,
    comparison: "GreaterThanThreshold",
    threshold: 5,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    ...more,
  };
}

/** Sums events (ms) over whatever periods are asked for; nothing later than `published`. */
function sums(events: Readonly<Record<string, readonly number[]>>, published = Number.POSITIVE_INFINITY): SeriesReader {
  return ({ metricName, period }, starts) =>
    new Map(
      starts.flatMap((start) => {
        const inside = (events[metricName] ?? []).filter(
          (at) => at >= start && at < start + period * 1000 && at < published,
        );
        return inside.length > 0 ? [[start, inside.length] as const] : [];
      }),
    );
}

const rate = (period: number) =>
  alarm([
    { id: "requests", metric: metric("Requests", period) },
    { id: "errors", metric: metric("Errors", period) },
    {
      id: "share",
      expression: "IF(FILL(errors, 0) >= 2, 100 * FILL(errors, 0) / FILL(requests, 0), 0)",
      returnData: true,
    },
  ]);

describe("evaluateAlarm", () => {
  it("slides: a long period ends at the last full minute, not at a multiple of itself", () => {
    const definition = rate(600);
    const now = 7 * MINUTE + 59_000;
    expect(startsOf(definition, now)).toEqual([-23, -13, -3].map((minutes) => minutes * MINUTE));
    const series = sums({ Requests: [1, 2, 3 * MINUTE], Errors: [2, 3 * MINUTE] });
    expect(evaluateAlarm(definition, series, now, "OK").state).toBe("ALARM");
    // Ten minutes after the second error, the window has lost it.
    expect(evaluateAlarm(definition, series, 13 * MINUTE, "ALARM").state).toBe("OK");
  });

  it("keeps quiet below the guard and within the threshold", () => {
    const requests = Array.from({ length: 60 }, (_, i) => i * 10_000);
    const at = (errors: readonly number[]) =>
      evaluateAlarm(rate(600), sums({ Requests: requests, Errors: errors }), 10 * MINUTE, "OK").state;
    expect(at([])).toBe("OK");
    expect(at([0])).toBe("OK");
    expect(at([0, 0, 0])).toBe("OK");
    expect(at([0, 0, 0, 0])).toBe("ALARM");
  });

  it("looks at 10, 20 and 30 s periods every 10 s", () => {
    const definition = alarm([{ id: "m", metric: metric("ProbeFailed", 20), returnData: true }]);
    expect(paceOf(definition)).toBe(10);
    expect(startsOf(definition, 95_000)).toEqual([30_000, 50_000, 70_000]);
    expect(paceOf(rate(60))).toBe(60);
  });

  it("with FILL, a last minute that is not published counts as filled: such alarms need a window, not a minute", () => {
    const definition = alarm([
      { id: "m", metric: metric("Errors") },
      { id: "e", expression: "FILL(m, 0)", returnData: true },
    ]);
    const errors = Array.from({ length: 50 }, () => 8.5 * MINUTE);
    const late = sums({ Errors: errors }, 9 * MINUTE);
    expect(evaluateAlarm(definition, late, 10 * MINUTE, "OK").state).toBe("OK");
    const tolerant = { ...definition, evaluationPeriods: 3 };
    expect(evaluateAlarm(tolerant, late, 10 * MINUTE, "OK").state).toBe("ALARM");
    // Without FILL the evaluation range reaches back to the last real datum.
    const plain = alarm([{ id: "m", metric: metric("Errors"), returnData: true }]);
    expect(evaluateAlarm(plain, late, 10 * MINUTE, "OK").state).toBe("ALARM");
  });

  it("keeps the state while a percentile has too few samples and the alarm ignores that", () => {
    const query = { id: "m", metric: metric("Latency", 60, "p95"), returnData: true };
    const definition = alarm([query], { lowSamples: "ignore" });
    const reader =
      (samples: number): SeriesReader =>
      ({ stat }, starts) =>
        new Map(starts.map((start) => [start, stat === "SampleCount" ? samples : 9]));
    expect(evaluateAlarm(definition, reader(199), 10 * MINUTE, "OK")).toEqual({
      state: "OK",
      reason: "199 samples are too few for p95: expected 200.",
    });
    expect(evaluateAlarm(definition, reader(200), 10 * MINUTE, "OK").state).toBe("ALARM");
    expect(evaluateAlarm(alarm([query]), reader(1), 10 * MINUTE, "OK").state).toBe("ALARM");
    const sum = alarm([{ id: "m", metric: metric("Latency"), returnData: true }], { lowSamples: "ignore" });
    expect(() => evaluateAlarm(sum, reader(1), 0, "OK")).toThrow("percentile");
  });

  it("says why, with the data it saw", () => {
    const plain = alarm([{ id: "m", metric: metric("Errors"), returnData: true }]);
    const { reason } = evaluateAlarm(plain, sums({ Errors: [9.5 * MINUTE] }), 10 * MINUTE, "OK");
    expect(reason).toBe("OK: the last data are 1; ALARM when 1 of 1 are greater than 5.");
    expect(evaluateAlarm(plain, sums({}), 10 * MINUTE, "OK").reason).toContain("treated as notBreaching");
  });

  it("refuses a reader that keeps to the clock's hours", () => {
    const clock: SeriesReader = ({ period }, starts) =>
      new Map(starts.map((start) => [Math.ceil(start / (period * 1000)) * period * 1000, 1]));
    expect(() => evaluateAlarm(rate(600), clock, 7 * MINUTE, "OK")).toThrow("second argument");
  });

  it.each<[string, AlarmDefinition, string]>([
    ["mixed periods", alarm([...rate(60).queries, { id: "m", metric: metric("x", 300) }]), "60, 300"],
    ["two results", alarm([...rate(60).queries, { id: "m", metric: metric("x"), returnData: true }]), "2 queries"],
    ["no metric", alarm([{ id: "e", expression: "1", returnData: true }]), "expected one"],
    ["an unknown id", alarm([...rate(60).queries.slice(0, 1), { id: "e", expression: "q", returnData: true }]), '"q"'],
    [
      "a circle",
      alarm([
        { id: "m", metric: metric("x") },
        { id: "e", expression: "f + m", returnData: true },
        { id: "f", expression: "e" },
      ]),
      "itself",
    ],
  ])("refuses %s by name", (_, definition, message) => {
    expect(() => evaluateAlarm(definition, sums({}), 0, "OK")).toThrow(message);
  });

  it("tells which metrics it reads", () => {
    expect(metricsOf(rate(60)).map(({ metricName }) => metricName)).toEqual(["Requests", "Errors"]);
  });
});

describe("AlarmEvaluator", () => {
  it("tells of transitions only, children before the composite alarm, and of no state twice", () => {
    const child = alarm([{ id: "m", metric: metric("Errors"), returnData: true }], { threshold: 1 });
    const evaluator = new AlarmEvaluator([child], [{ name: "any", description: "", rule: 'ALARM("one")' }]);
    const errors = [3.1, 3.2, 4.1, 4.2, 5.1, 5.2].map((minutes) => minutes * MINUTE);
    const seen = Array.from({ length: 12 }, (_, i) => (i + 1) * MINUTE).flatMap((now) =>
      evaluator.evaluate(sums({ Errors: errors }), now),
    );
    expect(seen.map(({ alarm: name, from, to, atMs }) => `${atMs / MINUTE} ${name} ${from}>${to}`)).toEqual([
      "1 one INSUFFICIENT_DATA>OK",
      "1 any INSUFFICIENT_DATA>OK",
      "4 one OK>ALARM",
      "4 any OK>ALARM",
      // Two minutes longer than the errors: the last datum stays in the evaluation range.
      "9 one ALARM>OK",
      "9 any ALARM>OK",
    ]);
    expect(evaluator.stateOf("any")).toBe("OK");
    expect(() => evaluator.stateOf("none")).toThrow('"none"');
  });

  it("looks at alarms with minutes once a minute, however often it is called", () => {
    const child = alarm([{ id: "m", metric: metric("Errors"), returnData: true }]);
    const evaluator = new AlarmEvaluator([child]);
    const errors = Array.from({ length: 9 }, () => 61_000);
    expect(evaluator.evaluate(sums({}), 130_000)).toHaveLength(1);
    expect(evaluator.evaluate(sums({ Errors: errors }), 170_000)).toEqual([]);
    expect(evaluator.evaluate(sums({ Errors: errors }), 180_000)).toHaveLength(1);
  });
});
