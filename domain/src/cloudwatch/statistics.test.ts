import { describe, expect, it } from "vitest";
import { lowSampleBound, statistic } from "./statistics";

const samples = [1, 2, 3, 3.5, 10].map((value) => ({ value, count: 1 }));

describe("statistics", () => {
  it.each([
    ["Sum", 19.5],
    ["Average", 3.9],
    ["Minimum", 1],
    ["Maximum", 10],
    ["SampleCount", 5],
    ["p50", 3],
    ["p95", 10],
    ["p0", 1],
    ["p100", 10],
    // Up to and including the upper bound, above the lower one.
    ["PR(:3)", 60],
    ["PR(3:)", 40],
    ["PR(1:3)", 40],
  ])("%s", (stat, expected) => {
    expect(statistic(stat, samples)).toBe(expected);
  });

  it("counts repeated values and has nothing to say without samples", () => {
    expect(
      statistic("Average", [
        { value: 0, count: 3 },
        { value: 4, count: 1 },
      ]),
    ).toBe(1);
    expect(
      statistic("p50", [
        { value: 9, count: 1 },
        { value: 1, count: 3 },
      ]),
    ).toBe(1);
    expect(statistic("Sum", [])).toBeUndefined();
  });

  it.each(["TM(10%:90%)", "p101", "PR(:)", "average", "IQM", "TC(3:)"])("%s is refused by name", (stat) => {
    expect(() => statistic(stat, samples)).toThrow(`"${stat}"`);
  });

  // "for p99: fewer than 1000"; facts: 200 for p95.
  it.each([
    ["p99", 1000],
    ["p95", 200],
    ["p50", 20],
    ["p10", 100],
    ["Sum", undefined],
    ["PR(:3)", undefined],
  ])("%s needs %s samples", (stat, bound) => {
    expect(lowSampleBound(stat)).toBe(bound);
  });
});
