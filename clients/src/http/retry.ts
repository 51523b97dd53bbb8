/** When and how often a failed call is repeated. All times in milliseconds. */
export interface RetryPolicy {
  /** Calls in all, the first one included; default 5. */
  readonly attempts: number;
  /** First wait; doubles each time; default 250. */
  readonly baseMs: number;
  /** Longest wait of the exponential kind; default 8000. */
  readonly capMs: number;
  /** Longest wait that a server's Retry-After or interval header may ask for; default 60 000. Longer: give up at once. */
  readonly longestAskedMs: number;
  /** Waits and calls together take no longer than this; default 120 000. */
  readonly budgetMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  baseMs: 250,
  capMs: 8_000,
  longestAskedMs: 60_000,
  budgetMs: 120_000,
};

/** Chance and time, given from outside so that tests are exact. */
export interface Surroundings {
  /** 0 ≤ x < 1; default Math.random. */
  readonly random: () => number;
  /** Resolves after so many ms; default a timer. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now: () => number;
}

export const REAL_SURROUNDINGS: Surroundings = {
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  now: Date.now,
};

/** Methods that may be sent again without asking what became of the first: RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method.toUpperCase());
}

/** 429 and the server errors that pass by themselves; 501 and 505 don't. */
export function isTransientStatus(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * The wait a server asks for: `Retry-After` in seconds or as an HTTP date, else GHL's `X-RateLimit-Interval-Milliseconds`
 * when `X-RateLimit-Remaining` is 0 or the status is 429 (facts: ghl-supabase A3). Undefined when it asks for nothing.
 */
export function askedWaitMs(
  status: number,
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | undefined {
  const after = headers["retry-after"]?.trim();
  if (after !== undefined && after !== "") {
    if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  const interval = Number(headers["x-ratelimit-interval-milliseconds"]);
  return status === 429 && Number.isFinite(interval) && interval > 0 ? interval : undefined;
}

/**
 * The wait before attempt `failed + 1` after `failed` failures: what the server asked for plus up to a tenth, else
 * exponential with full jitter between half and the whole. Undefined: give up (no attempts or budget left, or the server
 * asks for longer than the policy allows).
 */
export function nextWaitMs(
  policy: RetryPolicy,
  seen: { readonly failed: number; readonly spentMs: number; readonly askedMs: number | undefined },
  random: () => number,
): number | undefined {
  if (seen.failed >= policy.attempts) return undefined;
  if (seen.askedMs !== undefined && seen.askedMs > policy.longestAskedMs) return undefined;
  const exponential = Math.min(policy.capMs, policy.baseMs * 2 ** (seen.failed - 1));
  const wait = seen.askedMs === undefined ? exponential * (0.5 + random() / 2) : seen.askedMs * (1 + random() / 10);
  return seen.spentMs + wait > policy.budgetMs ? undefined : Math.round(wait);
}
