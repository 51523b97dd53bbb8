/** The confidence of every one-sided bound: 95 %, as the plan's "59 clean messages" for 5 % assumes. */
export const CONFIDENCE = 0.95;

/**
 * Clopper–Pearson: the rate above which `bad` or fewer of `n` would be seen with a probability of at most
 * `1 - confidence`. 1 without a message. Exact, and on the safe side: the confidence is at least what it says.
 */
export function upperBound(bad: number, n: number, confidence = CONFIDENCE): number {
  check(bad, n, confidence);
  if (bad >= n) return 1;
  // P(X ≤ bad) falls as the rate rises.
  return bisect((rate) => binomialCdf(bad, n, rate) > 1 - confidence);
}

/** Clopper–Pearson: the rate below which `bad` or more of `n` would be as improbable. 0 without a message. */
export function lowerBound(bad: number, n: number, confidence = CONFIDENCE): number {
  return 1 - upperBound(n - bad, n, confidence);
}

/**
 * Rank (1 = smallest) of the order statistic that lies at or above the `quantile` of the distribution with the given
 * confidence, whatever the distribution; undefined where `n` is too small for one (below 59 for the p95 at 95 %).
 */
export function quantileRank(n: number, quantile: number, confidence = CONFIDENCE): number | undefined {
  check(0, n, confidence);
  const enough = (rank: number) => binomialCdf(rank - 1, n, quantile) >= confidence;
  if (n === 0 || !enough(n)) return undefined;
  let [below, above] = [0, n];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (enough(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Part of `n` that has something. */
export interface Proportion {
  readonly hits: number;
  readonly n: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantiles of the two-sided confidences in use: a table of two instead of an inverse error function. */
const Z = { 0.95: 1.959963984540054, 0.99: 2.5758293035489004 } as const;

/**
 * Two-sided interval for `a - b`, Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10, without
 * continuity correction): good with small counts and with none, where the textbook's normal interval is not.
 * The whole of -1 to 1 where one side has no messages.
 */
export function differenceInterval(a: Proportion, b: Proportion, confidence: keyof typeof Z = CONFIDENCE): Interval {
  if (a.n === 0 || b.n === 0) return { low: -1, high: 1 };
  const [pa, pb] = [a.hits / a.n, b.hits / b.n];
  const [wa, wb] = [wilson(a, Z[confidence]), wilson(b, Z[confidence])];
  return {
    low: Math.max(-1, pa - pb - Math.hypot(pa - wa.low, wb.high - pb)),
    high: Math.min(1, pa - pb + Math.hypot(wa.high - pa, pb - wb.low)),
  };
}

/** Wilson's score interval of one proportion. */
function wilson({ hits, n }: Proportion, z: number): Interval {
  const p = hits / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** P(X ≤ k) for X binomial; summed from the nearer end, in logarithms because single terms underflow for large n. */
export function binomialCdf(k: number, n: number, rate: number): number {
  if (k >= n) return 1;
  if (k < 0) return 0;
  if (rate <= 0) return 1;
  if (rate >= 1) return 0;
  // Below the mean the lower tail is summed, above it the upper one: each is a sum of terms that only grow.
  return k < n * rate ? lowerTail(k, n, rate) : 1 - lowerTail(n - k - 1, n, 1 - rate);
}

/** P(X ≤ k), from the largest term downwards until nothing more is added. */
function lowerTail(k: number, n: number, rate: number): number {
  const odds = rate / (1 - rate);
  let term = Math.exp(logChoose(n, k) + k * Math.log(rate) + (n - k) * Math.log1p(-rate));
  let sum = 0;
  for (let i = k; i >= 0; i--) {
    sum += term;
    if (term < sum * 1e-17) break;
    term *= i / ((n - i + 1) * odds);
  }
  return Math.min(1, sum);
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** ln n!, Stirling's series with three terms (error below 1e-13 for n ≥ 16), plain sums below. */
function logFactorial(n: number): number {
  if (n < 16) {
    let sum = 0;
    for (let i = 2; i <= n; i++) sum += Math.log(i);
    return sum;
  }
  const inverse = 1 / (n * n);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / n;
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + series;
}

/** Where `below` turns from true to false between 0 and 1, to the last bit that matters. */
function bisect(below: (rate: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return high;
}

function check(bad: number, n: number, confidence: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`n is ${n}: expected a whole number, 0 or more`);
  if (!Number.isSafeInteger(bad) || bad < 0 || bad > n) throw new RangeError(`the count is ${bad}: expected 0 to ${n}`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence is ${confidence}: expected 0 to 1`);
}
