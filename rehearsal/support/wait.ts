/** A condition did not come true in time. The message says what was waited for and what was last seen. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

export interface WaitOptions {
  /** What is waited for, as it reads in "waited 5 s for …". */
  readonly what: string;
  /** Real milliseconds after which to give up. */
  readonly deadlineMs: number;
  /** Real milliseconds between two looks; default 50. */
  readonly everyMs?: number;
  /** Stops the wait early with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Looks until `probe` returns something other than undefined or false; a throwing probe counts as "not yet". */
export async function waitFor<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const started = Date.now();
  let last = "";
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const seen = await probe();
      if (seen !== undefined && seen !== false) return seen;
      last = "";
    } catch (error) {
      last = `; last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() - started > options.deadlineMs) {
      throw new DeadlineError(`waited ${(options.deadlineMs / 1000).toFixed(1)} s for ${options.what}, in vain${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 50));
  }
}
