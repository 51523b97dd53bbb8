/** Counts that an honest split may show: both ends belong to the band. */
export interface CountBand {
  readonly low: number;
  readonly high: number;
}

/** 99.99 %: at most one honest split in 10,000 falls outside. */
export const SPLIT_CONFIDENCE = 0.9999;

/**
 * The equal-tailed band of a binomial count: of `n` requests, each independently given to the group with probability
 * `share`, fewer than `low` or more than `high` have at most (1 - confidence) / 2 each. Exact sums, no normal
 * approximation. Throws RangeError for an n that is no whole number ≥ 0, or a share or confidence outside 0 to 1.
 */
export function binomialBand(n: number, share: number, confidence = SPLIT_CONFIDENCE): CountBand {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`n is ${n}: expected a whole number, 0 or more`);
  if (!(share >= 0 && share <= 1)) throw new RangeError(`share is ${share}: expected 0 to 1`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence is ${confidence}: expected 0 to 1`);
  const tail = (1 - confidence) / 2;
  // P(X > high) of share p is P(X < n - high) of share 1 - p.
  return { low: lowerEnd(n, share, tail), high: n - lowerEnd(n, 1 - share, tail) };
}

/** Whether `hits` of `n` requests agree with `share`, by {@link binomialBand}. No requests agree with every share. */
export function splitAgrees(hits: number, n: number, share: number, confidence = SPLIT_CONFIDENCE): boolean {
  const { low, high } = binomialBand(n, share, confidence);
  return hits >= low && hits <= high;
}

/** The largest k with P(X < k) ≤ tail. */
function lowerEnd(n: number, p: number, tail: number): number {
  if (p === 0) return 0;
  if (p === 1) return n;
  // In logarithms, because P(X = 0) itself underflows for large n.
  const odds = p / (1 - p);
  let logTerm = n * Math.log1p(-p);
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    sum += Math.exp(logTerm);
    if (sum > tail) return k;
    logTerm += Math.log(((n - k) / (k + 1)) * odds);
  }
  return n;
}
