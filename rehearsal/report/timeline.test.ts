import { describe, expect, it } from "vitest";
import { spread } from "./chart/lanes";
import type { AlarmChange, FaultDetails, Sample, StepDetails } from "./model";
import { commonStart, declaredOverTime, groupSamples, rang, stripsOf } from "./timeline";

function step(appliedMs: number | undefined, declaredShare: number): StepDetails {
  const times = { beganMs: 0, endedMs: 0, ...(appliedMs === undefined ? {} : { appliedMs }) };
  return { phase: "x", title: "x", declaredShare, changes: "", checks: [], ...times };
}

function fault(switchVerifiedMs: number, releasedMs?: number): FaultDetails {
  return { switchVerifiedMs, ...(releasedMs === undefined ? {} : { releasedMs }) } as FaultDetails;
}

describe("declaredOverTime", () => {
  it("follows the updates, is 0 while rolled back, and goes on where the release leads", () => {
    const steps = [step(10, 10), step(20, 50), step(undefined, 75), step(40, 10)];
    expect(declaredOverTime({ steps, faults: [fault(30, 40)] })).toEqual([
      { atMs: 0, share: 0 },
      { atMs: 10, share: 10 },
      { atMs: 20, share: 50 },
      { atMs: 30, share: 0 },
      { atMs: 40, share: 10 },
    ]);
  });

  it("stays 0 when an update is applied during a rollback, and when nothing releases it", () => {
    const steps = [step(10, 50), step(25, 75)];
    expect(declaredOverTime({ steps, faults: [fault(20)] }).at(-1)).toEqual({ atMs: 20, share: 0 });
    expect(declaredOverTime({ steps, faults: [] }).at(-1)).toEqual({ atMs: 25, share: 75 });
    expect(declaredOverTime({ steps: [], faults: [] })).toEqual([{ atMs: 0, share: 0 }]);
  });
});

describe("groupSamples", () => {
  const second = (atMs: number, node: number, python: number): Sample => ({
    atMs,
    node,
    python,
    errors: { node: 0, python: 0, unknown: 0 },
    p95Ms: {},
  });

  it("joins seconds until they say something", () => {
    const few = Array.from({ length: 7 }, (_, i) => second(i * 1000, 10, 5));
    expect(groupSamples(few, [])).toEqual([
      { fromMs: 0, toMs: 5000, node: 50, python: 25 },
      { fromMs: 5000, toMs: 7000, node: 20, python: 10 },
    ]);
    expect(groupSamples([second(0, 150, 60), second(1000, 1, 0)], [])).toHaveLength(2);
  });

  it("joins nothing across a change of the share or a pause, and nothing out of no message", () => {
    const seconds = [second(0, 10, 0), second(1000, 10, 0), second(2000, 5, 5), second(4000, 5, 5)];
    expect(groupSamples(seconds, [1500]).map((group) => [group.fromMs, group.toMs])).toEqual([
      [0, 2000],
      [2000, 3000],
      [4000, 5000],
    ]);
    expect(groupSamples([second(0, 0, 0)], [])).toEqual([]);
  });
});

describe("stripsOf", () => {
  const change = (alarm: string, to: string, atMs: number, rollsBack = false): AlarmChange => ({
    alarm,
    rollsBack,
    from: "",
    to,
    atMs,
    reason: to,
  });

  it("turns changes into spans, those that move traffic first, then by their first ring", () => {
    const strips = stripsOf(
      [
        change("late", "ALARM", 50),
        change("calm", "OK", 1),
        change("early", "ALARM", 20),
        change("both", "OK", 90, true),
        change("early", "OK", 30),
      ],
      100,
    );
    expect(strips.map((strip) => strip.alarm)).toEqual(["both", "early", "late", "calm"]);
    expect(strips.filter(rang).map((strip) => strip.alarm)).toEqual(["early", "late"]);
    expect(strips[1]?.states).toEqual([
      { state: "ALARM", fromMs: 20, toMs: 30, reason: "ALARM" },
      { state: "OK", fromMs: 30, toMs: 100, reason: "OK" },
    ]);
  });
});

describe("commonStart", () => {
  it("takes whole words only", () => {
    expect(commonStart(["cutover-x-errors", "cutover-x-elb-5xx"])).toBe("cutover-x-");
    expect(commonStart(["cutover-x-errors", "cutover-x-errors-burst"])).toBe("cutover-x-");
    expect(commonStart(["a", "b"])).toBe("");
    expect(commonStart(["cutover-x-only"])).toBe("");
    expect(commonStart([])).toBe("");
  });
});

describe("spread", () => {
  it("keeps names apart, in order, within the drawing, and where they belong if there is room", () => {
    expect(spread([100, 300], 1000)).toEqual([100, 300]);
    const crowded = spread([500, 501, 502, 990, 999, 999], 1000);
    for (let i = 1; i < crowded.length; i++)
      expect((crowded[i] ?? 0) - (crowded[i - 1] ?? 0)).toBeGreaterThanOrEqual(20);
    expect(crowded.at(-1)).toBeLessThanOrEqual(1000);
    expect(crowded[0]).toBe(500);
  });
});
