import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binomialCdf, differenceInterval, lowerBound, quantileRank, upperBound } from "./bounds";
import { binomialBand } from "./split";

/** Made by reference/make.py with SciPy and statsmodels; the command is at its head. */
const lines = readFileSync(join(__dirname, "reference/reference.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Record<string, number> & { kind: string; rank: number | null });
const of = (kind: string) => lines.filter((line) => line.kind === kind);
const number = (line: Record<string, number>, key: string) => line[key] ?? Number.NaN;

describe("against SciPy and statsmodels", () => {
  it("one-sided Clopper–Pearson bounds", () => {
    const rows = of("one-sided");
    expect(rows.length).toBeGreaterThan(300);
    for (const row of rows) {
      const [k, n, confidence] = [number(row, "k"), number(row, "n"), number(row, "confidence")];
      expect(upperBound(k, n, confidence), `upper ${k}/${n}`).toBeCloseTo(number(row, "upper"), 10);
      expect(lowerBound(k, n, confidence), `lower ${k}/${n}`).toBeCloseTo(number(row, "lower"), 10);
    }
  });

  it("ranks of order statistics", () => {
    const rows = of("rank");
    expect(rows.length).toBeGreaterThan(100);
    for (const row of rows) {
      const { n = 0, quantile = 0, confidence = 0 } = row;
      expect(quantileRank(n, quantile, confidence) ?? null, JSON.stringify(row)).toBe(row.rank);
    }
  });

  it("the band of an honest split, for every rung's share and up to 200,000 requests", () => {
    const rows = of("band");
    expect(rows.length).toBe(90);
    for (const row of rows) {
      const band = binomialBand(number(row, "n"), number(row, "share"), number(row, "confidence"));
      expect(band, JSON.stringify(row)).toEqual({ low: row.low, high: row.high });
    }
  });

  it("the binomial distribution itself", () => {
    const rows = of("cdf");
    expect(rows.length).toBeGreaterThan(250);
    for (const row of rows) {
      const seen = binomialCdf(number(row, "k"), number(row, "n"), number(row, "share"));
      expect(seen, JSON.stringify(row)).toBeCloseTo(number(row, "cdf"), 9);
    }
  });

  it("Newcombe's intervals for a difference", () => {
    const rows = of("difference");
    expect(rows.length).toBeGreaterThan(20);
    for (const { k1 = 0, n1 = 0, k2 = 0, n2 = 0, confidence, low = 0, high = 0 } of rows) {
      const seen = differenceInterval({ hits: k1, n: n1 }, { hits: k2, n: n2 }, confidence === 0.99 ? 0.99 : 0.95);
      expect(seen.low, `${k1}/${n1} - ${k2}/${n2}`).toBeCloseTo(low, 10);
      expect(seen.high, `${k1}/${n1} - ${k2}/${n2}`).toBeCloseTo(high, 10);
    }
  });
});

describe("the plan's counts", () => {
  it.each([
    [0.05, 59],
    [0.02, 149],
    [0.01, 299],
    [0.1, 29],
  ])("%f needs %i messages without a fault, and one fewer is not enough", (limit, n) => {
    expect(upperBound(0, n)).toBeLessThan(limit);
    expect(upperBound(0, n - 1)).toBeGreaterThan(limit);
  });

  it("the p95 has an upper bound from 59 messages on: the slowest of them", () => {
    expect(quantileRank(58, 0.95)).toBeUndefined();
    expect(quantileRank(59, 0.95)).toBe(59);
  });
});

describe("bounds", () => {
  const counts = fc
    .integer({ min: 0, max: 3000 })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));

  it("enclose the rate that was seen, and more messages of the same kind move them the right way", () => {
    fc.assert(
      fc.property(counts, ([bad, n]) => {
        const [low, high] = [lowerBound(bad, n), upperBound(bad, n)];
        if (n > 0) expect(low).toBeLessThanOrEqual(bad / n);
        if (n > 0) expect(high).toBeGreaterThanOrEqual(bad / n);
        expect(upperBound(bad, n + 1)).toBeLessThanOrEqual(high);
        expect(upperBound(bad + 1, n + 1)).toBeGreaterThanOrEqual(high);
        expect(lowerBound(bad, n + 1)).toBeLessThanOrEqual(low);
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it("hold what they promise: at the bound, so few faults are as improbable as it says", () => {
    fc.assert(
      fc.property(counts, ([bad, n]) => {
        if (bad < n) expect(binomialCdf(bad, n, upperBound(bad, n))).toBeCloseTo(0.05, 8);
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it("say nothing without messages", () => {
    expect([lowerBound(0, 0), upperBound(0, 0)]).toEqual([0, 1]);
    expect(differenceInterval({ hits: 0, n: 0 }, { hits: 5, n: 9 })).toEqual({ low: -1, high: 1 });
    expect(quantileRank(0, 0.95)).toBeUndefined();
  });

  it.each([
    [2, 1],
    [-1, 5],
    [0.5, 5],
    [0, Number.NaN],
  ])("refuse %f of %f", (bad, n) => {
    expect(() => upperBound(bad, n)).toThrow(RangeError);
  });
});
