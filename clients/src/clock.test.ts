import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RehearsalClock } from "../../rehearsal/clock";
import { clockFrom, realClock } from "./clock";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the clock", () => {
  it("is real time without CUTOVER_CLOCK", async () => {
    expect(clockFrom({})).toBe(realClock);
    expect(clockFrom({ CUTOVER_CLOCK: "" })).toBe(realClock);
    const before = realClock.now();
    const slept = realClock.sleep(1500);
    await vi.advanceTimersByTimeAsync(1500);
    await slept;
    expect(realClock.now() - before).toBe(1500);
  });

  it("agrees with the rehearsal's", () => {
    const rehearsal = new RehearsalClock({ factor: 60 });
    const clock = clockFrom({ CUTOVER_CLOCK: rehearsal.toEnv() });
    vi.advanceTimersByTime(7_250);
    expect(clock.now()).toBe(rehearsal.now());
    expect(clock.realSpan(60_000)).toBe(rehearsal.realSpan(60_000));
    expect(clock.fromReal(Date.now() - 500)).toBe(rehearsal.now() - 30_000);
    expect(realClock.fromReal(1234)).toBe(1234);
  });

  it("sleeps by its own time", async () => {
    const clock = clockFrom({ CUTOVER_CLOCK: `${Date.now()},60` });
    let woken = false;
    const slept = clock.sleep(15_000).then(() => {
      woken = true;
    });
    await vi.advanceTimersByTimeAsync(249);
    expect(woken).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await slept;
    expect(woken).toBe(true);
  });

  it("does not wait for a time that has passed", async () => {
    const slept = realClock.sleep(-5);
    await vi.advanceTimersByTimeAsync(0);
    await expect(slept).resolves.toBeUndefined();
  });

  it.each(["60", "x,60", "1700000000000,0", "1700000000000,-1", "1700000000000,60,1"])("refuses %s", (text) => {
    expect(() => clockFrom({ CUTOVER_CLOCK: text })).toThrow(/CUTOVER_CLOCK/);
  });
});
