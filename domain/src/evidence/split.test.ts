import { describe, expect, it } from "vitest";
import { binomialBand, splitAgrees } from "./split";

/** P(X = k) by plain multiplication, for small n. */
function pmf(n: number, p: number, k: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
  return ways * p ** k * (1 - p) ** (n - k);
}

describe("binomialBand", () => {
  it.each([
    [10, 0.5, 0.95],
    [40, 0.1, 0.9999],
    [33, 0.75, 0.99],
    [60, 0.9, 0.9999],
  ])("leaves at most half the error on each side and is as narrow as that allows (n=%i, p=%f, %f)", (n, p, level) => {
    const { low, high } = binomialBand(n, p, level);
    const below = (k: number) =>
      Array.from({ length: Math.max(0, k) }, (_, i) => pmf(n, p, i)).reduce((a, b) => a + b, 0);
    const above = (k: number) =>
      Array.from({ length: n - k }, (_, i) => pmf(n, p, k + 1 + i)).reduce((a, b) => a + b, 0);
    const tail = (1 - level) / 2;
    expect(below(low)).toBeLessThanOrEqual(tail);
    expect(below(low + 1)).toBeGreaterThan(tail);
    expect(above(high)).toBeLessThanOrEqual(tail);
    expect(above(high - 1)).toBeGreaterThan(tail);
  });

  it("is the published 95 % interval of 100 coin tosses", () => {
    expect(binomialBand(100, 0.5, 0.95)).toEqual({ low: 40, high: 60 });
  });

  it("knows certain splits", () => {
    expect(binomialBand(5000, 0)).toEqual({ low: 0, high: 0 });
    expect(binomialBand(5000, 1)).toEqual({ low: 5000, high: 5000 });
    expect(binomialBand(0, 0.3)).toEqual({ low: 0, high: 0 });
  });

  it("stays finite where single terms underflow", () => {
    const { low, high } = binomialBand(200_000, 0.9);
    expect(low).toBeGreaterThan(179_000);
    expect(high).toBeLessThan(181_000);
    expect(low + high).toBeGreaterThan(359_900);
  });

  it("catches five points at 5,000 requests and accepts the declared share", () => {
    expect(splitAgrees(500, 5000, 0.1)).toBe(true);
    expect(splitAgrees(750, 5000, 0.1)).toBe(false);
    expect(splitAgrees(1, 5000, 0)).toBe(false);
  });

  it.each([
    [1.5, 0.5],
    [-1, 0.5],
    [10, 1.1],
    [10, Number.NaN],
  ])("refuses n=%f, share=%f", (n, share) => {
    expect(() => binomialBand(n, share)).toThrow(RangeError);
  });
});
