import { describe, expect, it } from "vitest";
import type { AlarmDefinition } from "../cloudwatch/definition";
import type { Trigger } from "../triggers";
import { ANY, detectionTimes } from "./detection";
import { probeSlots, SLOTS_PER_MINUTE } from "./probes";
import { publishedMinutes } from "./published";
import { Random } from "./random";
import { emptyCounts, type HealthyTraffic } from "./traffic";

const MINUTES = 30_000;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("a minute of metrics", () => {
  it.each([0, 15, 30, 59])(
    "is visible %i s after its end in that share of 60 s, and the one before always",
    (phase) => {
      const published = publishedMinutes(new Random(3), new Uint8Array(MINUTES).fill(phase), 60);
      expect(published[0]).toBe(0);
      const late = [...published].map((there, i) => i - there).slice(1);
      expect(new Set(late.filter((n) => n !== 0 && n !== 1))).toEqual(new Set());
      // Standard deviation below 0.003: five of them.
      expect(Math.abs(late.filter((n) => n === 0).length / late.length - phase / 60)).toBeLessThan(0.015);
    },
  );

  it("is always visible where nothing is late, and after the longest delay", () => {
    const all = Array.from({ length: 100 }, (_, i) => i);
    expect([...publishedMinutes(new Random(1), new Uint8Array(100), 0)]).toEqual(all);
    expect([...publishedMinutes(new Random(1), new Uint8Array(100).fill(20), 20)]).toEqual(all);
  });

  it("is refused beyond 60 s: two minutes would be late at once", () => {
    for (const delay of [61, -1, Number.NaN]) {
      expect(() => publishedMinutes(new Random(1), [0], delay)).toThrow(`up to ${delay} s late: expected 0 to 60`);
    }
  });
});

describe("probes", () => {
  const stretches = 400;
  const slots = () => probeSlots(new Random(2), stretches * 2, 2, 0, () => 60);

  it("are visible 10 s after their slot: not the newest, but the one before", () => {
    const { time } = slots();
    expect(time.step).toBe(10);
    expect(time.length).toBe(stretches * 2 * SLOTS_PER_MINUTE);
    expect([...(time.published as Int32Array)]).toEqual(
      Array.from({ length: time.length + 1 }, (_, i) => Math.max(0, i - 1)),
    );
  });

  it("come every 15 s, each stretch with a phase of its own", () => {
    const { metric } = slots();
    const perStretch = 2 * SLOTS_PER_MINUTE;
    const patterns = Array.from({ length: stretches }, (_, k) =>
      Array.from(metric.count as Uint8Array)
        .slice(k * perStretch, (k + 1) * perStretch)
        .join(""),
    );
    // Of three slots, two hold a probe: 15 s apart.
    expect(new Set(patterns)).toEqual(new Set(["110110110110", "101101101101", "011011011011"]));
    const count = (pattern: string) => patterns.filter((one) => one === pattern).length / stretches;
    for (const unit of ["110", "101", "011"]) expect(Math.abs(count(unit.repeat(4)) - 1 / 3)).toBeLessThan(0.12);
  });

  it("fail from the second on that is given, and not before", () => {
    const { metric } = slots();
    const [count, minimum] = [metric.count as Uint8Array, metric.minimum as Uint8Array];
    const wrong = [...count.keys()].filter((i) => count[i] && minimum[i] !== (i % 12 < 6 ? 0 : 1));
    expect(wrong).toEqual([]);
  });
});

describe("the time until a fault is seen", () => {
  /** One error within five minutes, so that nothing but publication and evaluation takes time. */
  const definition: AlarmDefinition = {
    name: "one-error",
    description: "",
    queries: [
      {
        id: "m",
        metric: {
          namespace: "AWS/ApplicationELB",
          metricName: "HTTPCode_Target_5XX_Count",
          dimensions: {},
          period: 300,
          stat: "Sum",
        },
        returnData: true,
      },
    ],
    comparison: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
  };
  const alarm: Trigger = { key: "one-error", tier: "hard", action: "none", means: "", definition };
  /** So many messages that some of them come in the last second of a minute, too. */
  const busy: HealthyTraffic = {
    messagesPerHour: 18_000,
    take: (minutes) => {
      const counts = emptyCounts(minutes);
      counts.requests.fill(300);
      return counts;
    },
  };
  const times = (delaySeconds: number) =>
    detectionTimes(
      new Random(5),
      busy,
      [alarm],
      { kind: "errors", share: 1 },
      {
        trials: 1500,
        lead: 20,
        horizon: 5,
        delaySeconds,
        probeFailures: 0,
      },
    ).get(ANY) ?? [];

  it("is the rest of the minute, the moment of the evaluation, and a minute more where the metric is late", () => {
    // Seconds: 30.5 to the minute's end, 29.5 to the evaluation, and 60 in the share of cases in which it is too early.
    const late = 60 * (1 - 29.5 / 60);
    const found = times(60);
    expect(found).toHaveLength(1500);
    expect(Math.abs(mean(found) - (30.5 + 29.5 + late) / 60)).toBeLessThan(0.06);
    expect(Math.max(...found)).toBeGreaterThan(2);
    expect(Math.max(...found)).toBeLessThan(3);
  });

  it("is a minute on average where nothing is late", () => {
    const found = times(0);
    expect(Math.abs(mean(found) - 1)).toBeLessThan(0.06);
    expect(Math.max(...found)).toBeLessThan(2);
  });
});
