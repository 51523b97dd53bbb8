import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULTS, LEVELS } from "./backtest";
import { MEASURED } from "./measured";
import { PROMISED } from "./measured-promises";
import { promiseWords, triggerPromise } from "./promise";
import { LOOK_BACKS, PROMISE_LEVELS, type PromiseRow, promiseRow } from "./promise-rows";

const row = (
  messagesPerHour: number,
  falseRollbacksPerDay: number,
  detect100P95Min: number | null,
  detect20P95Min: number | null,
  lookBackMinutes: number | null = null,
): PromiseRow => ({ messagesPerHour, lookBackMinutes, falseRollbacksPerDay, detect100P95Min, detect20P95Min });
const TABLE = [row(6, 0.04, 1.6, 350), row(30, 0.045, 1.5, 79.2), row(120, 0.02, 1.6, 22.1)];

describe("what the triggers promise", () => {
  it("is the table's own row at its levels", () => {
    expect(triggerPromise(300, 10, undefined, TABLE)).toEqual({
      messagesPerHour: 30,
      falseRollbacksPerDay: 0.045,
      totalOutageMinutes: 1.5,
      oneInFiveMinutes: 80,
      totalOutageMessages: 1,
      oneInFiveMessages: 8,
    });
  });

  it("is the worse of two levels between them", () => {
    expect(triggerPromise(60, 100, undefined, TABLE)).toMatchObject({
      falseRollbacksPerDay: 0.045,
      totalOutageMinutes: 1.6,
      oneInFiveMinutes: 80,
    });
  });

  it("above the last level gets no better, below the first worse in proportion, up to a day", () => {
    expect(triggerPromise(5000, 100, undefined, TABLE)).toMatchObject({
      falseRollbacksPerDay: 0.02,
      oneInFiveMinutes: 23,
    });
    expect(triggerPromise(30, 10, undefined, TABLE)).toMatchObject({ messagesPerHour: 3, oneInFiveMinutes: 700 });
    expect(triggerPromise(10, 10, undefined, TABLE)).toMatchObject({ oneInFiveMinutes: null, oneInFiveMessages: null });
  });

  it("takes what was not seen as the worst", () => {
    const table = [row(6, 0, null, 350), row(30, 0, 1.5, null)];
    expect(triggerPromise(12, 100, undefined, table)).toMatchObject({
      totalOutageMinutes: null,
      oneInFiveMinutes: null,
    });
  });

  it("says nothing where nothing reaches Python", () => {
    expect(triggerPromise(600, 0, undefined, TABLE)).toBeUndefined();
  });

  it("never promises more at a lower rate", () => {
    const rates = [1, 3, 6, 10, 29, 30, 31, 119, 120, 300, 600, 2000];
    const minutes = rates.map((rate) => triggerPromise(rate, 100)?.oneInFiveMinutes ?? Number.POSITIVE_INFINITY);
    expect(minutes).toEqual([...minutes].sort((a, b) => b - a));
  });

  it("reads as a sentence", () => {
    const words = (rate: number) => promiseWords(triggerPromise(rate, 100, undefined, TABLE) as never);
    expect(words(30)).toBe(
      "a total outage is seen within 1.5 min (~1 message), a 20 % fault within 80 min (~8 messages), about 1 false rollback in 22 days",
    );
    expect(words(6)).toContain("a 20 % fault within 5.9 h (~7 messages)");
    expect(words(1)).toContain("a 20 % fault perhaps not within a day");
  });

  it("is of the next shorter windows that were measured, while they are shortened after a rollback", () => {
    const table = [...TABLE, row(30, 0.01, 1.5, 700, 30), row(30, 0.01, 1.5, null, 10), row(30, 0.02, 1.5, 90, 360)];
    const minutes = (lookBack: number) => triggerPromise(300, 10, lookBack, table);
    expect(minutes(1439)).toMatchObject({ oneInFiveMinutes: 90, lookBackMinutes: 1439, falseRollbacksPerDay: 0.02 });
    expect(minutes(59)).toMatchObject({ oneInFiveMinutes: 700, totalOutageMinutes: 1.5 });
    expect(minutes(30)).toMatchObject({ oneInFiveMinutes: 700 });
    expect(minutes(29)).toMatchObject({ oneInFiveMinutes: null });
    // Shorter than anything measured: only the outage is known.
    expect(triggerPromise(300, 10, 3, [...TABLE, row(30, 0.01, 1.5, 20, 10)])).toMatchObject({
      totalOutageMinutes: 1.5,
      oneInFiveMinutes: null,
    });
  });

  it("was measured at every rate, without and with shortened windows, the same as the table where both did", () => {
    expect(PROMISED.map(({ messagesPerHour, lookBackMinutes }) => [lookBackMinutes, messagesPerHour])).toEqual(
      [null, ...LOOK_BACKS].flatMap((lookBack) => PROMISE_LEVELS.map((level) => [lookBack, level])),
    );
    for (const level of LEVELS) {
      const interval = MEASURED.intervals.find(({ messagesPerHour }) => messagesPerHour === level);
      const promised = triggerPromise(level, 100);
      const [low = 0, high] = interval?.detect20P95Min ?? [];
      // Another seed and a fifth of the faults: chance is twice as large.
      expect(promised?.oneInFiveMinutes).toBeGreaterThan(low * 0.94);
      expect(promised?.oneInFiveMinutes).toBeLessThan((high ?? 0) * 1.06 + 1);
    }
  });

  it("gets worse the shorter the windows are", () => {
    for (const level of PROMISE_LEVELS) {
      const minutes = [...LOOK_BACKS, undefined].map(
        (lookBack) => triggerPromise(level, 100, lookBack)?.oneInFiveMinutes ?? Number.POSITIVE_INFINITY,
      );
      // Chance: 12 %.
      for (const [i, one] of minutes.entries()) {
        expect([level, i, one >= (minutes[i + 1] ?? 0) / 1.12 - 1]).toEqual([level, i, true]);
      }
    }
  });

  it.each([
    [8, undefined],
    [37, undefined],
    [75, undefined],
    [400, undefined],
    [37, 45],
    [150, 100],
  ])(
    "is kept at %i messages an hour, between two rates that were measured, looking back %s min",
    (rate, lookBack) => {
      const promised = triggerPromise(rate, 100, lookBack);
      const found = promiseRow(rate, lookBack ?? null, { ...DEFAULTS, seed: 77, days: 200, trials: 400 });
      // 400 faults: the p95 scatters by a tenth.
      expect(found.detect20P95Min).toBeLessThan((promised?.oneInFiveMinutes ?? 1440) * 1.12 + 1);
      expect(found.detect100P95Min).toBeLessThanOrEqual((promised?.totalOutageMinutes ?? 0) + 0.1);
      // 200 days: some 6 rollbacks, at most 14 by chance.
      expect(found.falseRollbacksPerDay * 200).toBeLessThan((promised?.falseRollbacksPerDay ?? 0) * 200 + 9);
      // And no more than twice too careful.
      expect(found.detect20P95Min).toBeGreaterThan(
        (promised?.oneInFiveMinutes ?? 0) / (lookBack === undefined ? 2 : 4),
      );
    },
    60_000,
  );

  it("is what docs/gate.md shows for 40 messages an hour", () => {
    const page = readFileSync(join(__dirname, "../../../docs/gate.md"), "utf8");
    const shown = [...page.matchAll(/^at ramp-50: about 40 messages an hour to Python; (.*)$/gm)].map(
      ([, words]) => words,
    );
    const words = promiseWords(triggerPromise(80, 50) as never);
    expect(shown).toEqual([words, words]);
  });
});
