import { showUrl } from "@cutover/domain/webhook";
import { messageOf } from "../errors";
import type { Check } from "../report/model";

/** What an expectation saw. */
export interface Seen {
  readonly ok: boolean;
  /** What was seen; where it is not ok, also what was expected. */
  readonly seen: string;
}

/** Keeps what was expected and seen; one failure never hides the next. */
export class Checks {
  readonly all: Check[] = [];
  readonly #told: (check: Check) => void;

  constructor(told: (check: Check) => void = () => {}) {
    this.#told = told;
  }

  add(what: string, ok: boolean, seen: string): void {
    const check = { what, ok, seen };
    this.all.push(check);
    this.#told(check);
  }

  /** Runs the expectation; an error it throws is a failure with the error's text. */
  async attempt(what: string, look: () => Promise<Seen> | Seen, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
      const { ok, seen } = await look();
      this.add(what, ok, seen);
    } catch (error) {
      signal?.throwIfAborted();
      this.add(what, false, messageOf(error));
    }
  }

  get failures(): Check[] {
    return this.all.filter((check) => !check.ok);
  }
}

/** "yes" with what was seen, or "no" with what was expected. */
export function same(seen: unknown, expected: unknown, unit = ""): Seen {
  const show = (value: unknown) => `${typeof value === "string" ? value : JSON.stringify(value)}${unit}`;
  const ok = JSON.stringify(seen) === JSON.stringify(expected);
  return { ok, seen: ok ? show(seen) : `${show(seen)}, expected ${show(expected)}` };
}

/** "yes" where a URL is exactly this one; shown without query strings, which may hold tokens. */
export function sameUrl(seen: string | undefined, expected: string): Seen {
  const [shown, wanted] = [seen === undefined ? "nothing" : showUrl(seen), showUrl(expected)];
  if (seen === expected) return { ok: true, seen: shown };
  return { ok: false, seen: `${shown}, expected ${wanted}${shown === wanted ? " with another query string" : ""}` };
}
