import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BacktestRow } from "./backtest";
import { MEASURED } from "./measured";
import { promiseWords, triggerPromise } from "./promise";

const row = (messagesPerHour: number, perDay: number, total: number | null, part: number | null): BacktestRow => ({
  messagesPerHour,
  trigger: "any",
  falseRollbacksPerDay: perDay,
  detect100P50Min: 1,
  detect100P95Min: total,
  detect20P50Min: 1,
  detect20P95Min: part,
});
const TABLE = [row(6, 0.04, 1.6, 350), row(30, 0.045, 1.5, 79.2), row(120, 0.02, 1.6, 22.1)];

describe("what the triggers promise", () => {
  it("is the table's own row at its levels", () => {
    expect(triggerPromise(300, 10, TABLE)).toEqual({
      messagesPerHour: 30,
      falseRollbacksPerDay: 0.045,
      totalOutageMinutes: 1.5,
      oneInFiveMinutes: 80,
      totalOutageMessages: 1,
      oneInFiveMessages: 8,
    });
  });

  it("is the worse of two levels between them", () => {
    expect(triggerPromise(60, 100, TABLE)).toMatchObject({
      falseRollbacksPerDay: 0.045,
      totalOutageMinutes: 1.6,
      oneInFiveMinutes: 80,
    });
  });

  it("above the last level gets no better, below the first worse in proportion, up to a day", () => {
    expect(triggerPromise(5000, 100, TABLE)).toMatchObject({ falseRollbacksPerDay: 0.02, oneInFiveMinutes: 23 });
    expect(triggerPromise(30, 10, TABLE)).toMatchObject({ messagesPerHour: 3, oneInFiveMinutes: 700 });
    expect(triggerPromise(10, 10, TABLE)).toMatchObject({ oneInFiveMinutes: null, oneInFiveMessages: null });
  });

  it("takes what was not seen as the worst", () => {
    const table = [row(6, 0, null, 350), row(30, 0, 1.5, null)];
    expect(triggerPromise(12, 100, table)).toMatchObject({ totalOutageMinutes: null, oneInFiveMinutes: null });
  });

  it("says nothing where nothing reaches Python", () => {
    expect(triggerPromise(600, 0, TABLE)).toBeUndefined();
  });

  it("never promises more at a lower rate", () => {
    const rates = [1, 3, 6, 10, 29, 30, 31, 119, 120, 300, 600, 2000];
    const minutes = rates.map((rate) => triggerPromise(rate, 100)?.oneInFiveMinutes ?? Number.POSITIVE_INFINITY);
    expect(minutes).toEqual([...minutes].sort((a, b) => b - a));
    expect(MEASURED.together).toHaveLength(4);
  });

  it("reads as a sentence", () => {
    const words = (rate: number) => promiseWords(triggerPromise(rate, 100, TABLE) as never);
    expect(words(30)).toBe(
      "a total outage is seen within 1.5 min (~1 message), a 20 % fault within 80 min (~8 messages), about 1 false rollback in 22 days",
    );
    expect(words(6)).toContain("a 20 % fault within 5.9 h (~7 messages)");
    expect(words(1)).toContain("a 20 % fault perhaps not within a day");
  });

  it("is what docs/gate.md shows for 40 messages an hour", () => {
    const page = readFileSync(join(__dirname, "../../../docs/gate.md"), "utf8");
    const shown = [...page.matchAll(/^at ramp-50: about 40 messages an hour to Python; (.*)$/gm)].map(
      ([, words]) => words,
    );
    const words = promiseWords(triggerPromise(80, 50) as never);
    expect(shown).toEqual([words, words]);
  });
});
