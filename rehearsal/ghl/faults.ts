/** A way the stand-in GHL misbehaves for one request. "After" means: what was asked is done first. */
export type GhlFault =
  /** Answers this status without doing anything; with `done` having done what was asked. `html`: with a web page as body. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly message?: string | readonly string[];
      readonly html?: boolean;
      readonly done?: boolean;
      /** Value of the Retry-After header, in seconds or as an HTTP date. */
      readonly retryAfter?: string;
      /** Value of X-RateLimit-Interval-Milliseconds; default 10000. */
      readonly intervalMs?: number;
      /** Value of X-RateLimit-Daily-Remaining. */
      readonly dailyRemaining?: number;
    }
  /** Resets the connection before or after doing what was asked. `lists`: as `list-lags`. */
  | { readonly kind: "reset"; readonly when: "before" | "after"; readonly lists?: number }
  /** Answers after `ms` (real milliseconds), having done what was asked at once (`after`) or not at all. `lists`: as `list-lags`. */
  | { readonly kind: "slow"; readonly ms: number; readonly when: "before" | "after"; readonly lists?: number }
  /** Resets the connection and does what was asked only when so many lists more were read, or at `commitLate()`. */
  | { readonly kind: "late-commit"; readonly lists: number }
  /** Does what was asked and answers 200 with a web page. */
  | { readonly kind: "not-json" }
  /** Answers as if it had written, holding the old value, without writing. */
  | { readonly kind: "echo-old" }
  /** Writes, but the next `reads` reads of this value still show the old one. */
  | { readonly kind: "stale"; readonly reads: number }
  /** Makes the value, but the next `lists` lists don't have it. */
  | { readonly kind: "list-lags"; readonly lists: number }
  /** Keeps what is written trimmed, or with `&` escaped as in HTML. */
  | { readonly kind: "normalises"; readonly how: "trim" | "escape" }
  /** Leaves out `fieldKey`. */
  | { readonly kind: "no-field-key" }
  /** Answers with the value itself, without the `customValue` around it. */
  | { readonly kind: "no-wrapper" }
  /** Runs something just before the request is looked at, such as a human's edit. */
  | { readonly kind: "meanwhile"; readonly run: () => void };

/** Which requests a fault is for. */
export interface FaultMatch {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** `list`: the collection; `item`: one value. Default both. */
  readonly on?: "list" | "item";
  /** Requests that match but pass before the first fault; default 0. */
  readonly skip?: number;
  /** Requests that get the fault; default 1. `Infinity` until `clear`. */
  readonly times?: number;
}

interface Armed {
  readonly match: FaultMatch;
  readonly fault: GhlFault;
  skip: number;
  times: number;
}

/** The faults that are switched on, in order; each request takes the first that matches. */
export class FaultSwitch {
  #armed: Armed[] = [];

  add(match: FaultMatch, fault: GhlFault): void {
    this.#armed.push({ match, fault, skip: match.skip ?? 0, times: match.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault for a request, counted down. */
  take(method: string, on: "list" | "item"): GhlFault | undefined {
    for (const armed of this.#armed) {
      if (armed.times <= 0) continue;
      if (armed.match.method !== undefined && armed.match.method !== method) continue;
      if (armed.match.on !== undefined && armed.match.on !== on) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.times -= 1;
      return armed.fault;
    }
    return undefined;
  }
}
