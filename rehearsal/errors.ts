/** The story failed, or the world broke while it was played: exit code 1. */
export class RehearsalError extends Error {
  override readonly name: string = "RehearsalError";
}

/** The rehearsal could not begin: wrong argument, busy port, missing tool, no space, another run. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** A person ended the run (Ctrl-C, SIGTERM): exit code 128 + the signal's number, as shells expect. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal === "SIGINT" ? "Ctrl-C" : signal}`);
    this.signal = signal;
  }

  get exitCode(): number {
    return this.signal === "SIGINT" ? 130 : 143;
  }
}

/** What to show of anything that was thrown: one text, no stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
