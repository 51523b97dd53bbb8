import { longestWindow, smallestCount } from "./noise";

/** A sliding window with the count of bad events it takes, whatever their share. */
export interface CountWindow {
  readonly minutes: number;
  readonly count: number;
}

/**
 * How one alarm of a family gets its window, and the false alarms a day that noise may cost here. Either by count:
 * `step` is added to the smallest count that the family can use at this traffic, and the window is the longest that
 * noise allows. Or by events: the window holds so many (of health and fault together, at most a day's), and the count
 * is the smallest that noise allows; that is for faults not far above the threshold.
 */
export type WindowRule =
  | { readonly step: number; readonly perDay: number }
  | { readonly events: number; readonly perDay: number };

/** Below this, one late minute of data would be most of the window. */
export const SHORTEST_MINUTES = 3;

/** The smallest count of a family: two bad events may be one sender's bad luck. */
const SMALLEST = 3;

/**
 * Windows of a family. More bad events in a longer time find smaller faults; together they come near what the best
 * sequential test could do.
 *
 * @param eventsPerHour events of this kind an hour, good and bad
 * @param badPerHour bad ones among them in health
 */
export function windowsFor(rules: readonly WindowRule[], eventsPerHour: number, badPerHour: number): CountWindow[] {
  return rules.map((rule) => {
    if ("events" in rule) {
      const minutes = Math.max(SHORTEST_MINUTES, rounded(windowHolding(rule.events, eventsPerHour)));
      return { minutes, count: smallestCount(SMALLEST, badPerHour, minutes, rule.perDay) };
    }
    const count = smallestUsable(badPerHour) + rule.step;
    return { count, minutes: Math.max(SHORTEST_MINUTES, rounded(longestWindow(count, badPerHour, rule.perDay))) };
  });
}

/** What a count in the shortest window may cost. */
const SHORTEST_PER_DAY = 0.001;

/** The smallest count whose window is not too short for CloudWatch. */
function smallestUsable(badPerHour: number): number {
  let count = SMALLEST;
  while (longestWindow(count, badPerHour, SHORTEST_PER_DAY) < SHORTEST_MINUTES) count++;
  return count;
}

/** The window that holds `expected` events on average, within what CloudWatch and late data allow. */
export function windowHolding(expected: number, perHour: number): number {
  return Math.min(24 * 60, Math.max(SHORTEST_MINUTES, Math.ceil((expected * 60) / perHour)));
}

/** Downwards to a number that people can read, never up: a longer window would let more noise in. */
function rounded(minutes: number): number {
  const unit = minutes < 60 ? 1 : minutes < 240 ? 5 : 10;
  return Math.floor(minutes / unit) * unit;
}
