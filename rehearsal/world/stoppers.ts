import { messageOf } from "../errors";

/** Ends what was started, the last first. Each end gets its own time; one that fails or hangs never keeps the next back. */
export class Stoppers {
  readonly #ends: { readonly name: string; readonly end: () => Promise<void> | void }[] = [];
  #stopping: Promise<string[]> | undefined;

  add(name: string, end: () => Promise<void> | void): void {
    this.#ends.push({ name, end });
  }

  /** Ends everything; safe to call again. Returns sentences about what could not be ended in `eachMs` (default 15 s). */
  stop(eachMs = 15_000): Promise<string[]> {
    this.#stopping ??= this.#stopAll(eachMs);
    return this.#stopping;
  }

  async #stopAll(eachMs: number): Promise<string[]> {
    const problems: string[] = [];
    for (;;) {
      const next = this.#ends.pop();
      if (!next) return problems;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`did not end within ${eachMs / 1000} s`)), eachMs);
      });
      try {
        await Promise.race([Promise.resolve().then(next.end), late]);
      } catch (error) {
        problems.push(`${next.name}: ${messageOf(error)}`);
      } finally {
        clearTimeout(timer);
      }
    }
  }
}
