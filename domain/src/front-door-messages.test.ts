import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockTime, quietNeededMs, refuseRemoval, secretEvidence } from "./front-door-messages";

const minutes = (...counts: [matched: number, unmatched: number][]) =>
  counts.map(([matched, unmatched], i) => ({ atMs: i * 60_000, matched, unmatched }));

describe("messages with the right header in a row", () => {
  it.each([
    ["none at all", [], 0],
    [
      "all of them",
      [
        [5, 0],
        [0, 0],
        [15, 0],
      ],
      20,
    ],
    [
      "only those after the last one without",
      [
        [100, 0],
        [0, 1],
        [3, 0],
        [4, 0],
      ],
      7,
    ],
    [
      "not those of a minute with both",
      [
        [10, 0],
        [50, 1],
      ],
      0,
    ],
  ] as [string, [number, number][], number][])("%s", (_what, counts, expected) => {
    expect(secretEvidence(minutes(...counts)).inARow).toBe(expected);
  });

  it("names the last minute without, in whatever order they come", () => {
    const seen = secretEvidence(minutes([1, 2], [1, 0], [9, 3], [4, 0]).reverse());
    expect(seen).toEqual({ inARow: 4, unmatched: 5, lastUnmatchedMs: 120_000 });
  });

  it("never grow by an older message", () => {
    const minute = fc.record({ matched: fc.nat(30), unmatched: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(minute, { maxLength: 20 }), (list) => {
        const all = list.map((one, i) => ({ ...one, atMs: i }));
        const tail = all.slice(all.findLastIndex((one) => one.unmatched > 0) + 1);
        expect(secretEvidence(all).inARow).toBe(tail.reduce((sum, one) => sum + one.matched, 0));
      }),
      { seed: 5 },
    );
  });
});

describe("silence that says the address is no longer in use", () => {
  it.each([
    [0, 0],
    [1, 86_400_000],
    [24, 36_000_000],
    [1440, 600_000],
    [100_000, 300_000],
  ])("after %i messages a day: %i ms", (count, quiet) => {
    expect(quietNeededMs(count)).toBe(quiet);
  });
});

it("tells a minute as people do", () => {
  expect(clockTime(Date.UTC(2026, 10, 22, 14, 3, 59))).toBe("14:03 UTC");
});

describe("removing Node", () => {
  const NOW = 20 * 86_400_000;
  const hoursAgo = (...seen: [hours: number, matched: number, unmatched: number][]) =>
    seen.map(([hours, matched, unmatched]) => ({ atMs: NOW - hours * 3_600_000, matched, unmatched }));

  it.each([
    ["no message at all", [], /only 0 of the newest 20 messages/],
    ["too few with the header", [[1, 19, 0]], /only 19 of the newest 20/],
    [
      "one without it today, though more came after",
      [
        [2, 0, 1],
        [1, 500, 0],
      ],
      /1 message of the last 24 hours .* at 22:00 UTC/,
    ],
    ["several without it today", [[2, 500, 3]], /3 messages of the last 24 hours/],
    [
      "one without it days ago and few since",
      [
        [48, 100, 1],
        [1, 19, 0],
      ],
      /only 19/,
    ],
    ["twenty with it", [[1, 20, 0]], undefined],
    [
      "few a day, all with it",
      [
        [200, 10, 0],
        [30, 10, 0],
      ],
      undefined,
    ],
    [
      "one without it days ago and many since",
      [
        [48, 0, 1],
        [1, 20, 0],
      ],
      undefined,
    ],
  ] as [string, [number, number, number][], RegExp | undefined][])("%s", (_what, seen, refusal) => {
    const said = refuseRemoval(hoursAgo(...seen), NOW);
    if (refusal) expect(said).toMatch(refusal);
    else expect(said).toBeUndefined();
  });
});
