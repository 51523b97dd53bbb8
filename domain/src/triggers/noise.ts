/** CloudWatch looks at no more than a day, in minutes. */
const LONGEST_MINUTES = 24 * 60;

/**
 * How often a day noise alone lifts a sliding window's count from below `count` to `count`. Events come as a Poisson
 * stream; the count is reached exactly when one comes while the window holds `count - 1` others.
 *
 * @param perHour events an hour, in health
 * @param minutes length of the window
 */
export function reachedPerDay(count: number, perHour: number, minutes: number): number {
  const mean = (perHour * minutes) / 60;
  let probability = Math.exp(-mean);
  for (let k = 1; k < count; k++) probability *= mean / k;
  return 24 * perHour * probability;
}

/**
 * The longest window (whole minutes, at most a day) in which noise reaches `count` at most `perDay` times a day;
 * 0 when there is none.
 */
export function longestWindow(count: number, perHour: number, perDay: number): number {
  let low = 0;
  // Beyond a mean of count - 1 the frequency falls again, because the window then hardly ever holds so few.
  let high = Math.min(LONGEST_MINUTES, Math.floor(((count - 1) * 60) / perHour));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (reachedPerDay(count, perHour, middle) <= perDay) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The smallest count, at least `atLeast`, that noise reaches in such a window at most `perDay` times a day. */
export function smallestCount(atLeast: number, perHour: number, minutes: number, perDay: number): number {
  const mean = (perHour * minutes) / 60;
  let count = Math.max(atLeast, Math.ceil(mean) + 1);
  while (reachedPerDay(count, perHour, minutes) > perDay) count++;
  return count;
}
