import { describe, expect, it } from "vitest";
import { applyFault, FAULT_KINDS, hitsProbes } from "./faults";
import { Random } from "./random";
import { HEALTHY, type MinuteCounts, recordedTraffic, slowShare, syntheticTraffic } from "./traffic";

const total = (values: Uint32Array, from = 0) => values.slice(from).reduce((a, b) => a + b, 0);
const MINUTES = 20_000;

function healthy(seed = 2): MinuteCounts {
  return syntheticTraffic(new Random(seed), 120, HEALTHY).take(MINUTES);
}

/** No minute has more of a part than of the whole. */
function consistent(counts: MinuteCounts): void {
  const wrong = counts.requests.findIndex((requests, i) => {
    const at = (key: keyof MinuteCounts) => counts[key][i] as number;
    return (
      at("errors") + at("routings") !== requests ||
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
      slow: ["slow", "requests"],
      routing: ["routingFailures", "routings"],
      bookings: ["bookingFailures", "bookings"],
      connections: ["connectionErrors", "requests"],
    } as const;
    const [bad, all] = column[kind];
    expect(counts[bad].slice(0, from)).toEqual(before[bad].slice(0, from));
    const healthyShare = kind === "connections" ? 0 : 0.01;
    expect(total(counts[bad], from) / total(counts[all], from)).toBeCloseTo(0.2 + 0.8 * healthyShare, 1);
    const others = (["errors", "slow", "connectionErrors"] as const).filter((key) => key !== bad);
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

  it("hits probes only when it hits every message", () => {
    expect(hitsProbes({ kind: "errors", share: 1 })).toBe(true);
    expect(hitsProbes({ kind: "connections", share: 1 })).toBe(true);
    expect(hitsProbes({ kind: "errors", share: 0.99 })).toBe(false);
    expect(hitsProbes({ kind: "bookings", share: 1 })).toBe(false);
  });
});

describe("recorded traffic", () => {
  it("is the record itself when all of it is asked for, else a stretch of it, round and round", () => {
    const record = healthy();
    const traffic = recordedTraffic(new Random(1), record);
    expect(traffic.take(MINUTES)).toEqual(record);
    expect(traffic.messagesPerHour).toBe((total(record.requests) * 60) / MINUTES);
    const stretch = traffic.take(MINUTES + 10);
    expect(stretch.requests[0]).toBe(stretch.requests[MINUTES]);
    expect(total(stretch.requests.slice(0, MINUTES))).toBe(total(record.requests));
  });
});
