import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { triggers } from "../triggers";
import { type BulkMetric, type BulkReader, evaluateBulk, stateName } from "./bulk";
import type { AlarmDefinition, AlarmState, MetricName, TreatMissingData } from "./definition";
import { evaluateAlarm, metricsOf, paceOf, type SeriesReader } from "./evaluate";
import { type Sample, statistic } from "./statistics";

/** Samples of one metric by slot. */
type Slots = readonly (readonly number[])[];

const keyOf = ({ namespace, metricName }: MetricName) => `${namespace} ${metricName}`;

function asBulk(slots: Slots): BulkMetric {
  const sums = (by: (samples: readonly number[]) => number) => slots.map(by);
  return {
    count: sums((s) => s.length),
    sum: sums((s) => s.reduce((a, b) => a + b, 0)),
    minimum: sums((s) => Math.min(...s)),
    maximum: sums((s) => Math.max(...s)),
    atMost: new Map([[3, sums((s) => s.filter((x) => x <= 3).length)]]),
  };
}

/** What face (a) reads of the same data, when `published` slots are there. */
function asSeries(data: ReadonlyMap<string, Slots>, step: number, published: number): SeriesReader {
  return (metric, starts) =>
    new Map(
      starts.flatMap((start) => {
        const from = start / 1000 / step;
        const slots = data.get(keyOf(metric)) ?? [];
        const samples: Sample[] = [];
        for (let i = Math.max(0, from); i < Math.min(from + metric.period / step, published); i++) {
          for (const value of slots[i] ?? []) samples.push({ value, count: 1 });
        }
        const value = statistic(metric.stat, samples);
        return value === undefined ? [] : [[start, value] as const];
      }),
    );
}

function bothFaces(definition: AlarmDefinition, data: ReadonlyMap<string, Slots>, published: readonly number[]) {
  const step = paceOf(definition);
  const length = published.length - 1;
  const bulk = new Map([...data].map(([key, slots]) => [key, asBulk(slots)]));
  const read: BulkReader = (metric) => bulk.get(keyOf(metric));
  const fast = [...evaluateBulk(definition, read, { step, length, published })].map(stateName);
  let state: AlarmState = "INSUFFICIENT_DATA";
  const slow = published.map((there, i) => {
    state = evaluateAlarm(definition, asSeries(data, step, there), i * step * 1000, state).state;
    return state;
  });
  return { fast, slow };
}

/** Whole numbers, and a late newest slot now and then. */
const publishedFor = (length: number) =>
  fc
    .array(fc.boolean(), { minLength: length + 1, maxLength: length + 1 })
    .map((late) => late.map((is, i) => (is && i > 0 ? i - 1 : i)));

const slotsOf = (length: number, value: fc.Arbitrary<number>) =>
  fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(value, { maxLength: 4 })), {
    minLength: length,
    maxLength: length,
  });

describe("the fast evaluator", () => {
  const generated = [6, 120, 5000].flatMap((expectedMessagesPerHour) =>
    triggers({
      stack: "dev",
      loadBalancer: "lb",
      targetGroups: { pythonCustomer: "p", unmatched: "u" },
      pythonShare: 100,
      expectedMessagesPerHour,
      nodeExists: true,
    }).alarms.map(({ definition }) => definition),
  );

  it("gives what evaluateAlarm gives, for every generated alarm on any data", () => {
    const length = 60;
    fc.assert(
      fc.property(
        fc.constantFrom(...generated),
        fc.array(slotsOf(length, fc.integer({ min: 0, max: 4 })), { minLength: 4, maxLength: 4 }),
        publishedFor(length),
        (definition, columns, published) => {
          const keys = [...new Set(metricsOf(definition).map(keyOf))];
          const data = new Map(keys.map((key, i) => [key, columns[i] ?? []]));
          const { fast, slow } = bothFaces(definition, data, published);
          expect(fast).toEqual(slow);
        },
      ),
      { seed: 7, numRuns: 150 },
    );
  });

  const EXPRESSIONS = [
    "a",
    "-a + 2",
    "a - b",
    "a / b",
    "2 / a",
    "a / 0 + b",
    "FILL(a, 1) * b",
    "IF(a > 1, b, 3)",
    "IF(a, b)",
    "IF(a >= 2 AND FILL(b, 0) < 3, a, b)",
    "IF(a == b OR a != 2, 4, b)",
    "IF(0, a, b)",
    "IF(1 > 2, a)",
    "IF(FILL(a, 0) >= 3, b, 0)",
    "IF(FILL(a, 0) + FILL(b, 0) + 0.5 >= 6 AND a > 0, 5, 0)",
    "IF(FILL(a, 0) * (100 - FILL(b, 100)) / 100 + 0.5 >= 3, 9, 0)",
  ];

  it("gives what evaluateAlarm gives, for any periods, M of N, missing data and statistic", () => {
    const length = 40;
    const definitions = fc
      .record({
        expression: fc.constantFrom(...EXPRESSIONS),
        periods: fc.integer({ min: 1, max: 4 }),
        step: fc.constantFrom(10, 60),
        n: fc.integer({ min: 1, max: 4 }),
        m: fc.integer({ min: 1, max: 4 }),
        missing: fc.constantFrom<TreatMissingData>("missing", "ignore", "breaching", "notBreaching"),
        stats: fc.tuple(
          ...(["a", "b"] as const).map(() =>
            fc.constantFrom("Sum", "Average", "Minimum", "Maximum", "SampleCount", "PR(:3)"),
          ),
        ),
        comparison: fc.constantFrom(
          "GreaterThanThreshold",
          "GreaterThanOrEqualToThreshold",
          "LessThanThreshold",
          "LessThanOrEqualToThreshold",
        ),
      })
      .filter(({ step, periods }) => step === 60 || periods <= 3)
      .map(({ expression, periods, step, n, m, missing, stats, comparison }): AlarmDefinition => {
        const metric = (i: number) => ({
          namespace: "n",
          metricName: `m${i}`,
          dimensions: {},
          period: periods * step,
          stat: stats[i] as string,
        });
        return {
          name: "any",
          description: "",
          queries:
            expression === "a"
              ? [{ id: "a", metric: metric(0), returnData: true }]
              : [
                  { id: "a", metric: metric(0) },
                  { id: "b", metric: metric(1) },
                  { id: "e", expression, returnData: true },
                ],
          comparison,
          threshold: 2,
          evaluationPeriods: n,
          datapointsToAlarm: Math.min(m, n),
          treatMissingData: missing,
        };
      });
    const value = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(
        definitions,
        slotsOf(length, value),
        slotsOf(length, value),
        publishedFor(length),
        (definition, a, b, published) => {
          const data = new Map<string, Slots>([
            ["n m0", a],
            ["n m1", b],
          ]);
          const { fast, slow } = bothFaces(definition, data, published);
          expect(fast).toEqual(slow);
        },
      ),
      { seed: 11, numRuns: 600 },
    );
  });

  it("says of many stretches what it says of all, where the first ALARM after each lead is asked for", () => {
    const [span, lead, count] = [20, 8, 5];
    const length = span * count;
    fc.assert(
      fc.property(
        fc.constantFrom(...generated.filter((definition) => paceOf(definition) === 60)),
        fc.array(slotsOf(length, fc.integer({ min: 0, max: 4 })), { minLength: 4, maxLength: 4 }),
        publishedFor(length),
        (definition, columns, published) => {
          const keys = [...new Set(metricsOf(definition).map(keyOf))];
          const bulk = new Map(keys.map((key, i) => [key, asBulk(columns[i] ?? [])]));
          const states = (stretches?: { span: number; lead: number }) =>
            evaluateBulk(definition, (metric) => bulk.get(keyOf(metric)), { step: 60, length, published }, stretches);
          const firsts = (all: Uint8Array) =>
            Array.from({ length: count }, (_, k) => all.slice(k * span + lead, (k + 1) * span + 1).indexOf(1));
          expect(firsts(states({ span, lead }))).toEqual(firsts(states()));
        },
      ),
      { seed: 13, numRuns: 100 },
    );
  });

  it("refuses what slots can't tell, by name", () => {
    const definition = (stat: string): AlarmDefinition => ({
      name: "p",
      description: "",
      queries: [
        {
          id: "a",
          metric: { namespace: "n", metricName: "Latency", dimensions: {}, period: 60, stat },
          returnData: true,
        },
      ],
      comparison: "GreaterThanThreshold",
      threshold: 1,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      treatMissingData: "missing",
    });
    const time = { step: 60, length: 1, published: [0, 1] };
    const data = { count: [1], sum: [1] };
    for (const stat of ["p95", "Maximum", "PR(:3)"]) {
      expect(() => evaluateBulk(definition(stat), () => data, time)).toThrow(`${stat} of Latency`);
    }
    expect(() => evaluateBulk(definition("Sum"), () => data, { ...time, step: 10 })).toThrow("every 60 s");
  });
});

describe("the generated alarms", () => {
  const rate = triggers({
    stack: "dev",
    loadBalancer: "lb",
    targetGroups: { pythonCustomer: "p", unmatched: "u" },
    pythonShare: 100,
    expectedMessagesPerHour: 2000,
    nodeExists: true,
  }).alarms.filter(({ tier, key }) => tier === "soft" || key.includes("burst") || key.includes("down"));

  it("depend on nothing that CloudWatch leaves open: FILL of an empty series, the length of the evaluation range", () => {
    const length = 40;
    fc.assert(
      fc.property(
        fc.constantFrom(...rate),
        fc.array(slotsOf(length, fc.integer({ min: 0, max: 4 })), { minLength: 3, maxLength: 3 }),
        ({ definition }, columns) => {
          const keys = [...new Set(metricsOf(definition).map(keyOf))];
          const data = new Map(keys.map((key, i) => [key, columns[i] ?? []]));
          for (let i = 0; i <= length; i++) {
            const states = [{}, { fillsEmpty: false }, { extraPeriods: 0 }].map(
              (options) => evaluateAlarm(definition, asSeries(data, 60, i), i * 60_000, "OK", options).state,
            );
            expect(new Set(states).size).toBe(1);
          }
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });
});
