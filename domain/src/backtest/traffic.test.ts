import { describe, expect, it } from "vitest";
import { applyFault, FAULT_KINDS, hitsProbes } from "./faults";
import { Random } from "./random";
import { HEALTHY, type MinuteCounts, recordedTraffic, slowShare, syntheticTraffic, WORKING_DAY } from "./traffic";

const total = (values: Uint32Array, from = 0) => values.slice(from).reduce((a, b) => a + b, 0);
const MINUTES = 20_000;

function healthy(seed = 2): MinuteCounts {
  return syntheticTraffic(new Random(seed), 120, HEALTHY).take(MINUTES);
}

/** Columns that are not the same; comparing them as objects takes seconds. */
const differing = (a: MinuteCounts, b: MinuteCounts) =>
  (Object.keys(b) as (keyof MinuteCounts)[]).filter((key) => Buffer.compare(bytes(a[key]), bytes(b[key])) !== 0);
const bytes = (values: Uint32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** No minute has more of a part than of the whole. */
function consistent(counts: MinuteCounts): void {
  const wrong = counts.requests.findIndex((requests, i) => {
    const at = (key: keyof MinuteCounts) => counts[key][i] as number;
    return (
      at("errors") + at("refused") + at("routings") !== requests ||
      at("failed") > at("routings") ||
      at("slow") > requests ||
      at("routingFailures") > at("routings") ||
      at("bookings") > at("routings") ||
      at("bookingFailures") > at("bookings")
    );
  });
  expect(wrong).toBe(-1);
}

describe("synthetic traffic", () => {
  it("has the rate and the healthy shares, and no minute that can't be", () => {
    const counts = healthy();
    consistent(counts);
    const share = (part: Uint32Array, whole: Uint32Array) => total(part) / total(whole);
    expect(total(counts.requests) / MINUTES).toBeCloseTo(2, 1);
    expect(share(counts.errors, counts.requests)).toBeCloseTo(0.01, 2);
    expect(share(counts.slow, counts.requests)).toBeCloseTo(0.01, 2);
    expect(share(counts.routingFailures, counts.routings)).toBeCloseTo(0.01, 2);
    expect(share(counts.bookings, counts.routings)).toBeCloseTo(0.2, 1);
    expect(share(counts.bookingFailures, counts.bookings)).toBeCloseTo(0.01, 2);
  });

  it("of a working day has the same mean, and ten times as much in a busy hour as at night", () => {
    expect(WORKING_DAY).toHaveLength(24);
    expect(WORKING_DAY.reduce((sum, factor) => sum + factor, 0)).toBeCloseTo(24, 9);
    const { requests } = syntheticTraffic(new Random(9), 120, HEALTHY, WORKING_DAY).take(30 * 1440);
    expect(total(requests) / (30 * 1440)).toBeCloseTo(2, 1);
    // It begins at a random minute: by the hour of the day it is the same again each day.
    const hours = Array.from({ length: 24 }, (_, hour) =>
      Array.from({ length: 30 }, (_, day) =>
        total(requests.slice((day * 24 + hour) * 60, (day * 24 + hour + 1) * 60)),
      ).reduce((sum, n) => sum + n),
    ).sort((a, b) => a - b);
    expect((hours[22] as number) / (hours[1] as number)).toBeGreaterThan(8);
  });

  it("refuses a rate that can't be simulated, by the rate", () => {
    expect(() => syntheticTraffic(new Random(1), 30_001, HEALTHY)).toThrow("30001 messages an hour can't be simulated");
    expect(() => syntheticTraffic(new Random(1), 16_000, HEALTHY, WORKING_DAY)).toThrow("16000 messages an hour");
    expect(() => syntheticTraffic(new Random(1), 0, HEALTHY)).toThrow("expected above 0, up to 30000");
  });

  it("takes the slow share from percentiles", () => {
    expect(slowShare(0.5, 3)).toBeCloseTo(0.01, 6);
    expect(slowShare(3, 9)).toBeCloseTo(0.5, 6);
    expect(slowShare(0.2, 0.5)).toBeLessThan(1e-6);
    expect(() => slowShare(1, 1)).toThrow("p50 < p99");
  });
});

describe("a fault", () => {
  it.each(FAULT_KINDS.filter((kind) => kind !== "hosts"))("of kind %s hits its share from its second on", (kind) => {
    const counts = healthy();
    const before = healthy();
    const from = MINUTES / 2;
    applyFault(new Random(4), counts, { kind, share: 0.2 }, { from, second: 30, to: MINUTES });
    if (kind !== "connections") consistent(counts);
    const column = {
      errors: ["errors", "requests"],
      refused: ["refused", "requests"],
      failed: ["failed", "requests"],
      slow: ["slow", "requests"],
      routing: ["routingFailures", "routings"],
      bookings: ["bookingFailures", "bookings"],
      connections: ["connectionErrors", "requests"],
    } as const;
    const [bad, all] = column[kind];
    expect(Buffer.compare(bytes(counts[bad].slice(0, from)), bytes(before[bad].slice(0, from)))).toBe(0);
    const healthyShare = ["connections", "refused", "failed"].includes(kind) ? 0 : 0.01;
    expect(total(counts[bad], from) / total(counts[all], from)).toBeCloseTo(0.2 + 0.8 * healthyShare, 1);
    const others = (["errors", "refused", "failed", "slow", "connectionErrors"] as const).filter((key) => key !== bad);
    for (const key of others) expect(total(counts[key])).toBe(total(before[key]));
  });

  it("at second 0 and everywhere leaves nothing healthy; in the last second nearly everything", () => {
    const at = (second: number) => {
      const counts = healthy();
      applyFault(new Random(4), counts, { kind: "errors", share: 1 }, { from: 0, second, to: 1 });
      return (counts.errors[0] as number) / (counts.requests[0] as number);
    };
    expect(at(0)).toBe(1);
    expect(at(59)).toBeLessThan(1);
  });

  it("of no hosts leaves none", () => {
    const counts = healthy();
    applyFault(new Random(4), counts, { kind: "hosts", share: 1 }, { from: 5, second: 0, to: 8 });
    expect([...counts.hosts.slice(3, 10)]).toEqual([2, 2, 0, 0, 0, 2, 2]);
  });

  it.each(["errors", "refused"] as const)(
    "of kind %s takes its share of routings, bookings and their failures along",
    (kind) => {
      const counts = healthy();
      const before = healthy();
      applyFault(new Random(4), counts, { kind, share: 0.2 }, { from: 0, second: 0, to: MINUTES });
      consistent(counts);
      for (const key of ["routings", "routingFailures", "bookings", "bookingFailures"] as const) {
        const [left, all] = [total(counts[key]), total(before[key])];
        // Four standard deviations of what a share of 0.8 leaves.
        expect([key, Math.abs(left - 0.8 * all) < 4 * Math.sqrt(0.16 * all)]).toEqual([key, true]);
      }
    },
  );

  it("that gives up leaves the answers as they were", () => {
    const counts = healthy();
    const before = healthy();
    applyFault(new Random(4), counts, { kind: "failed", share: 1 }, { from: 0, second: 0, to: MINUTES });
    expect(differing({ ...counts, failed: before.failed }, before)).toEqual([]);
    expect(differing(counts, { ...before, failed: before.routings })).toEqual([]);
  });

  it("hits probes only when it hits every message", () => {
    expect(hitsProbes({ kind: "errors", share: 1 })).toBe(true);
    expect(hitsProbes({ kind: "connections", share: 1 })).toBe(true);
    expect(hitsProbes({ kind: "errors", share: 0.99 })).toBe(false);
    for (const kind of ["bookings", "refused", "failed"] as const) {
      expect(hitsProbes({ kind, share: 1 })).toBe(false);
    }
  });
});

describe("recorded traffic", () => {
  it("is the record itself when all of it is asked for, else a stretch of it, round and round", () => {
    const record = healthy();
    const traffic = recordedTraffic(new Random(1), record);
    expect(differing(traffic.take(MINUTES), record)).toEqual([]);
    expect(traffic.messagesPerHour).toBe((total(record.requests) * 60) / MINUTES);
    const stretch = traffic.take(MINUTES + 10);
    expect(stretch.requests[0]).toBe(stretch.requests[MINUTES]);
    expect(total(stretch.requests.slice(0, MINUTES))).toBe(total(record.requests));
  });
});
