import type { MetricStat } from "@cutover/domain/cloudwatch/definition";
import { describe, expect, it } from "vitest";
import { MetricStore } from "./store";

const T = 1_800_000_000_000;
const MINUTE = 60_000;
const name = { namespace: "AWS/ApplicationELB", metricName: "RequestCount", dimensions: { LoadBalancer: "app/a/1" } };
const metric = (stat: string, period = 60): MetricStat => ({ ...name, stat, period });
const ones = (count: number) => [{ value: 1, count }];

describe("the metric store", () => {
  it("shows a minute only when it is complete and published", () => {
    const store = new MetricStore();
    store.put({ ...name, at: T, samples: ones(5) });
    const seen = (now: number) => store.series(metric("Sum"), [T], now).get(T);
    expect(seen(T + 2 * MINUTE - 1)).toBeUndefined();
    expect(seen(T + 2 * MINUTE)).toBe(5);
    expect(store.starts(metric("Sum"), T + 2 * MINUTE - 1)).toEqual([]);
    expect(store.starts(metric("Sum"), T + 2 * MINUTE)).toEqual([T]);
  });

  it("shows of a longer period what is published, wherever it begins", () => {
    const store = new MetricStore();
    for (let i = 0; i < 10; i++) store.put({ ...name, at: T + i * MINUTE, samples: ones(10 ** i) });
    const now = T + 5 * MINUTE;
    const starts = [T - 2 * MINUTE, T + MINUTE, T + 3 * MINUTE];
    expect([...store.series(metric("Sum", 300), starts, now)]).toEqual([
      [T - 2 * MINUTE, 111],
      [T + MINUTE, 1110],
      [T + 3 * MINUTE, 1000],
    ]);
  });

  it("counts what comes late", () => {
    const store = new MetricStore();
    store.put({ ...name, at: T, samples: ones(1) });
    const now = T + 10 * MINUTE;
    expect(store.series(metric("Sum", 120), [T], now).get(T)).toBe(1);
    store.put({ ...name, at: T + MINUTE, samples: ones(2) });
    expect(store.series(metric("Sum", 120), [T], now).get(T)).toBe(3);
  });

  it("publishes after 10 s what is stored by the second, and has no short periods of anything else", () => {
    const store = new MetricStore();
    store.put({ ...name, at: T + 5500, samples: ones(1), highResolution: true });
    expect(store.series(metric("Maximum", 10), [T], T + 15_999).size).toBe(0);
    expect(store.series(metric("Maximum", 10), [T], T + 16_000).get(T)).toBe(1);
    const other = { ...name, metricName: "Other" };
    store.put({ ...other, at: T, samples: ones(1) });
    expect(store.series({ ...other, stat: "Sum", period: 10 }, [T], T + 10 * MINUTE).size).toBe(0);
  });

  it("keeps dimensions apart, in whatever order they are named", () => {
    const store = new MetricStore();
    store.put({ ...name, dimensions: { A: "1", B: "2" }, at: T, samples: ones(1) });
    store.put({ ...name, dimensions: { A: "1", B: "3" }, at: T, samples: ones(7) });
    const sum = (dimensions: Record<string, string>) =>
      store.series({ ...metric("Sum"), dimensions }, [T], T + 5 * MINUTE).get(T);
    expect(sum({ B: "2", A: "1" })).toBe(1);
    expect(sum({ A: "1" })).toBeUndefined();
  });

  it("computes percentiles and ranks from the samples, and refuses what it can't compute", () => {
    const store = new MetricStore();
    store.put({
      ...name,
      at: T,
      samples: [
        { value: 0.1, count: 90 },
        { value: 4, count: 10 },
      ],
    });
    const value = (stat: string) => store.series(metric(stat), [T], T + 5 * MINUTE).get(T);
    expect(["p90", "p95", "PR(:3)", "SampleCount"].map(value)).toEqual([0.1, 4, 90, 100]);
    expect(() => value("tm90")).toThrow("tm90");
  });
});
