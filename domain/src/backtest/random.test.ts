import { describe, expect, it } from "vitest";
import { Poisson, Random, Thinner } from "./random";

const many = (n: number, draw: () => number) => Array.from({ length: n }, draw);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("random numbers", () => {
  it("repeat with the seed and differ with another one", () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return many(5, () => random.next());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it("are even", () => {
    const random = new Random(3);
    const buckets = new Array<number>(10).fill(0);
    for (const k of many(100_000, () => random.below(10))) buckets[k] = (buckets[k] ?? 0) + 1;
    // Standard deviation 95: five of them.
    for (const n of buckets) expect(Math.abs(n - 10_000)).toBeLessThan(475);
  });

  it.each([0.05, 2, 83])("Poisson numbers of mean %f have it, and the same variance", (expected) => {
    const poisson = new Poisson(new Random(5), expected);
    const values = many(50_000, () => poisson.next());
    const average = mean(values);
    const tolerance = 5 * Math.sqrt(expected / 50_000);
    expect(Math.abs(average - expected)).toBeLessThan(tolerance);
    const variance = mean(values.map((x) => (x - average) ** 2));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.15);
  });

  it("a thinner picks its share, whatever the portions", () => {
    const thinner = new Thinner(new Random(8), 0.01);
    let picked = 0;
    let offered = 0;
    for (let i = 0; i < 60_000; i++) {
      const n = i % 7;
      picked += thinner.of(n);
      offered += n;
    }
    expect(Math.abs(picked - offered * 0.01)).toBeLessThan(5 * Math.sqrt(offered * 0.01));
    expect(new Thinner(new Random(1), 1).of(9)).toBe(9);
    expect(new Thinner(new Random(1), 0).of(9)).toBe(0);
  });

  it("refuses a mean that its table can't hold", () => {
    expect(() => new Poisson(new Random(1), 501)).toThrow("0 to 500");
  });
});
