import { Interrupted, RehearsalError } from "./errors";

/** The ways in which a rehearsal can be ended before its end. */
export interface Interrupts {
  /** Aborted by Ctrl-C, SIGTERM, an uncaught error or `abort`; its reason is the error. */
  readonly signal: AbortSignal;
  abort(error: Error): void;
  /** Takes the handlers away again. */
  release(): void;
}

/**
 * Turns everything that ends a rehearsal early into one abort signal. A second Ctrl-C calls `now`, which has to end the
 * processes without waiting.
 */
export function watchInterrupts(now: () => void): Interrupts {
  const controller = new AbortController();
  const abort = (error: Error) => controller.abort(error);
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) now();
    else abort(new Interrupted(signal));
  };
  const onError = (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    abort(new RehearsalError(`The rehearsal itself has a fault: ${text}`));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, onSignal);
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  return {
    signal: controller.signal,
    abort,
    release: () => {
      for (const name of signals) process.off(name, onSignal);
      process.off("uncaughtException", onError);
      process.off("unhandledRejection", onError);
    },
  };
}

/** The work's result, or the abort's reason as soon as there is one: no wait inside the work can delay the end. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      work.catch(() => {}); // it ends later, with an error that nobody needs any more
      reject(signal.reason);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
