import { longestWindow } from "./noise";

/** A sliding window with the count of bad events it takes, whatever their share. */
export interface CountWindow {
  readonly minutes: number;
  readonly count: number;
}

/** How one alarm of a family gets its window. */
export interface WindowRule {
  /** Added to the smallest count that the family can use at this traffic. */
  readonly step: number;
  /** False alarms a day that noise may cost here. */
  readonly perDay: number;
}

/** Below this, one late minute of data would be most of the window. */
export const SHORTEST_MINUTES = 3;

/** The smallest count of a family: two bad events may be one sender's bad luck. */
const SMALLEST = 3;

/**
 * Windows of a family: for each count the longest window that noise allows, from the smallest count whose window is
 * not too short for CloudWatch. More bad events in a longer time find smaller faults; together they come near what the
 * best sequential test could do.
 *
 * @param perHour bad events an hour in health
 */
export function windowsFor(rules: readonly WindowRule[], perHour: number): CountWindow[] {
  const first = rules[0];
  if (!first) return [];
  let smallest = SMALLEST;
  while (longestWindow(smallest, perHour, first.perDay) < SHORTEST_MINUTES) smallest++;
  return rules.map(({ step, perDay }) => {
    const count = smallest + step;
    return { count, minutes: Math.max(SHORTEST_MINUTES, rounded(longestWindow(count, perHour, perDay))) };
  });
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
