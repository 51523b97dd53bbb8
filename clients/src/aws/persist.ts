/** How long something is tried. All times in milliseconds, real ones. */
export interface PersistOptions {
  /** Attempts and waits together end after this. */
  readonly deadlineMs: number;
  /** Longest time for one attempt; default 3000. */
  readonly attemptMs?: number;
  /** First wait; doubles each time up to 1600. Default 100. */
  readonly baseMs?: number;
  /** 0 ≤ x < 1; default Math.random. */
  readonly random?: () => number;
}

/** A call to AWS that never succeeded within its time; the message names what and the last error. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

const LONGEST_WAIT_MS = 1_600;

/** Names of errors that pass by themselves, as the services of this project send them. */
const TRANSIENT =
  /throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalError|InternalFailure|InternalServer|InternalService|RequestTimeout|TimeoutError|AbortError|TooManyUpdates/i;
const TRANSIENT_CODES = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"]);

/** Whether a failed call to AWS is worth another try: throttled, unavailable, or no connection. A denied one is not. */
export function isTransientAws(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code, $metadata } = error as Error & {
    code?: unknown;
    $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return TRANSIENT.test(name) || TRANSIENT_CODES.has(String(code)) || status === 429 || status >= 500;
}

/**
 * Tries until it succeeds, fails for good, or the deadline passes. Each attempt gets a signal that ends it, so that one
 * hanging call can't use up the time.
 * @throws the error itself where another try can't help, else DeadlineError
 */
export async function persist<T>(
  what: string,
  attempt: (signal: AbortSignal) => Promise<T>,
  options: PersistOptions,
): Promise<T> {
  const { attemptMs = 3_000, baseMs = 100, random = Math.random } = options;
  const giveUpAt = Date.now() + options.deadlineMs;
  for (let failed = 0; ; failed++) {
    const left = giveUpAt - Date.now();
    try {
      return await attempt(AbortSignal.timeout(Math.max(1, Math.min(attemptMs, left))));
    } catch (error) {
      if (!isTransientAws(error)) throw error;
      const wait = Math.min(LONGEST_WAIT_MS, baseMs * 2 ** failed) * (0.5 + random() / 2);
      if (Date.now() + wait >= giveUpAt) {
        throw new DeadlineError(`${what}: not done within ${options.deadlineMs} ms (last: ${awsReason(error)})`);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** An error as people and logs may see it: name and message, one line. */
export function awsReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name}: ${error.message}`.replaceAll(/\s+/g, " ").slice(0, 300);
}
