import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { upperBound } from "./bounds";
import { judge } from "./judge";
import type { Bar, Evidence, FaultCount, Outcome, Read, SlowCount } from "./model";
import { evidenceOf, NOW } from "./testkit";

const ORDER: Record<Outcome, number> = { FAIL: 0, "NOT ENOUGH EVIDENCE": 1, PASS: 2 };
const RUNS = { seed: 15, numRuns: 300 };
const bars = fc.constantFrom<Bar>("ladder", "final");

/** What the plan allows, by criterion: bound on the ladder, and what success is. */
const LIMITS = {
  errors: { trigger: 0.05, success: 0.01 },
  processing: { trigger: 0.05, success: 0.02 },
  routing: { trigger: 0.1, success: 0.05 },
  acknowledgement: { trigger: 0.05, success: 0.05 },
} as const;
type Part = keyof typeof LIMITS;
const PARTS = Object.keys(LIMITS) as Part[];
const parts = fc.constantFrom(...PARTS);

const sizes = fc.integer({ min: 0, max: 1500 });
const faults = sizes.chain((n) => fc.record({ n: fc.constant(n), bad: fc.integer({ min: 0, max: Math.min(n, 60) }) }));
const slows = sizes.chain((n) =>
  fc.integer({ min: 0, max: Math.min(n, 60) }).chain((overSuccess) =>
    fc.record({
      n: fc.constant(n),
      overSuccess: fc.constant(overSuccess),
      overTrigger: fc.integer({ min: 0, max: overSuccess }),
    }),
  ),
);
const read = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Read<T>> =>
  fc.oneof(
    { weight: 5, arbitrary: values.map((value) => ({ value })) },
    { weight: 1, arbitrary: fc.constant({ unavailable: "AccessDenied" }) },
  );
const comparisons = fc
  .record({ p: faults, n: faults })
  .map(({ p, n }) => ({ python: { hits: p.n - p.bad, n: p.n }, node: { hits: n.n - n.bad, n: n.n } }));
const evidences: fc.Arbitrary<Evidence> = fc
  .record({
    errors: read(faults),
    processing: read(faults),
    routing: read(faults),
    acknowledgement: read(slows),
    bookingFailures: read(faults),
    watched: fc.array(fc.record({ name: fc.constant("booking rate"), reading: read(comparisons) }), { maxLength: 1 }),
  })
  .map((some) => evidenceOf(0, some));

/** The part with more messages, of which some are faulty (slow, with the acknowledgement, against both limits). */
function more(evidence: Evidence, part: Part, n: number, bad: number): Evidence {
  const of = evidence[part];
  if ("unavailable" in of) return evidence;
  const value: FaultCount | SlowCount =
    "bad" in of.value
      ? { n: of.value.n + n, bad: of.value.bad + bad }
      : { n: of.value.n + n, overTrigger: of.value.overTrigger + bad, overSuccess: of.value.overSuccess + bad };
  return { ...evidence, [part]: { value } };
}

const outcomeOf = (evidence: Evidence, bar: Bar, id: string) =>
  judge(evidence, bar, NOW).criteria.find((one) => one.id === id)?.outcome ?? "none";

describe("each criterion and the whole verdict, whatever the evidence", () => {
  it("never PASS on less than the bound, nor on more faults than success allows", () => {
    let passed = 0;
    fc.assert(
      fc.property(evidences, bars, parts, (evidence, bar, part) => {
        if (outcomeOf(evidence, bar, part) !== "PASS") return;
        passed++;
        const of = evidence[part];
        if ("unavailable" in of) throw new Error("PASS on what was not read");
        const { n } = of.value;
        const [counted, seen] =
          "bad" in of.value
            ? [of.value.bad, of.value.bad]
            : [bar === "ladder" ? of.value.overTrigger : of.value.overSuccess, of.value.overSuccess];
        expect(upperBound(counted, n)).toBeLessThan(LIMITS[part][bar === "ladder" ? "trigger" : "success"]);
        expect(seen / n).toBeLessThan(LIMITS[part].success);
      }),
      { ...RUNS, numRuns: 1500 },
    );
    // A property that nothing ever reaches would hold, too.
    expect(passed).toBeGreaterThan(30);
  });

  it("never PASS as a whole while a blocking part is missing or a criterion fails", () => {
    const whole = fc.record({
      bar: bars,
      missing: fc.subarray(PARTS, { minLength: 1 }),
      n: fc.integer({ min: 0, max: 5000 }),
    });
    fc.assert(
      fc.property(whole, ({ bar, missing, n }) => {
        const gone = Object.fromEntries(missing.map((part) => [part, { unavailable: "AccessDenied" }]));
        expect(judge(evidenceOf(n, gone), bar, NOW).outcome).toBe("NOT ENOUGH EVIDENCE");
      }),
      RUNS,
    );
    fc.assert(
      fc.property(evidences, bars, (evidence, bar) => {
        const { outcome, criteria } = judge(evidence, bar, NOW);
        const blocking = criteria.filter(({ kind }) => kind === "blocking");
        if (criteria.some((one) => one.outcome === "FAIL")) expect(outcome).toBe("FAIL");
        else expect(outcome === "PASS").toBe(blocking.every((one) => one.outcome === "PASS"));
      }),
      RUNS,
    );
  });

  it("is monotone: faultless messages never make it worse, a further fault never better", () => {
    fc.assert(
      fc.property(evidences, bars, parts, fc.integer({ min: 1, max: 400 }), (evidence, bar, part, n) => {
        const before = ORDER[judge(evidence, bar, NOW).outcome];
        expect(ORDER[judge(more(evidence, part, n, 0), bar, NOW).outcome]).toBeGreaterThanOrEqual(before);
        expect(ORDER[judge(more(evidence, part, 1, 1), bar, NOW).outcome]).toBeLessThanOrEqual(before);
      }),
      RUNS,
    );
  });

  it("asks no less at the end than on the ladder", () => {
    fc.assert(
      fc.property(evidences, parts, (evidence, part) => {
        if (outcomeOf(evidence, "final", part) === "PASS") expect(outcomeOf(evidence, "ladder", part)).toBe("PASS");
      }),
      { ...RUNS, numRuns: 1000 },
    );
  });
});
