import type { RehearsalClock } from "../clock";

const MINUTE_MS = 60_000;
/** Alarms with short periods are looked at this often (rehearsal ms), and logs and hosts are read. */
const TICK_MS = 10_000;

/** What happens in each rehearsal minute, in this order. Times are rehearsal ms, multiples of a minute or of 10 s. */
export interface MinuteSteps {
  /** Each 10 s: what is only known at the moment, and alarms with periods below a minute. */
  tick(now: number): Promise<void>;
  /** Runs that began a minute before `now` or earlier have ended, or had their time. */
  runsEnded(now: number): Promise<void>;
  /** The runs that come before everything else in the minute that begins. */
  beginFirst(minute: number): Promise<void>;
  /** The metrics of the minute from `start` are complete. */
  publish(start: number): Promise<void>;
  /** Alarms as of `now`, the end of a published minute. */
  evaluate(now: number): Promise<void>;
  /** All other runs of the minute that begins. */
  beginOthers(minute: number): Promise<void>;
}

export interface MinuteSequenceOptions {
  readonly clock: RehearsalClock;
  readonly steps: MinuteSteps;
  /** One step failed; the others go on. */
  readonly onProblem: (error: Error) => void;
}

/** How well the machine kept up. */
export interface Punctuality {
  readonly minutes: number;
  /** Minutes that were made up for together with a later one. */
  readonly late: number;
  /** Longest rehearsal ms between the end of a minute and its evaluation. */
  readonly longestLagMs: number;
}

/**
 * The rehearsal's minutes, one after the other: a minute's alarms are looked at only when its runs have ended and its
 * metrics are published. After a stall missed minutes are published and evaluated in order, but functions are called
 * once, for the present minute.
 */
export class MinuteSequence {
  readonly #options: MinuteSequenceOptions;
  readonly #stop = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #minutes = 0;
  #late = 0;
  #longestLagMs = 0;

  constructor(options: MinuteSequenceOptions) {
    this.#options = options;
  }

  get punctuality(): Punctuality {
    return { minutes: this.#minutes, late: this.#late, longestLagMs: this.#longestLagMs };
  }

  /** Begins with the minute that is going on. */
  start(): void {
    this.#loops = Promise.all([this.#ticks(), this.#everyMinute()]);
  }

  /** Resolves when the step that is going on has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
  }

  async #ticks(): Promise<void> {
    const { clock, steps } = this.#options;
    for (let next = after(clock.now(), TICK_MS); await this.#reached(next); next = after(clock.now(), TICK_MS)) {
      await this.#try(() => steps.tick(next));
    }
  }

  async #everyMinute(): Promise<void> {
    const { clock, steps } = this.#options;
    let open = after(clock.now(), MINUTE_MS) - MINUTE_MS;
    while (await this.#reached(open + MINUTE_MS)) {
      const due = open + MINUTE_MS;
      await this.#try(() => steps.runsEnded(due));
      const current = after(clock.now(), MINUTE_MS) - MINUTE_MS;
      await this.#try(() => steps.beginFirst(current));
      this.#late += (current - open) / MINUTE_MS - 1;
      for (; open < current && !this.#stop.signal.aborted; open += MINUTE_MS) {
        const start = open;
        await this.#try(() => steps.publish(start));
        await this.#try(() => steps.evaluate(start + MINUTE_MS));
        this.#minutes += 1;
        this.#longestLagMs = Math.max(this.#longestLagMs, clock.now() - (start + MINUTE_MS));
      }
      await this.#try(() => steps.beginOthers(current));
    }
  }

  async #try(step: () => Promise<void>): Promise<void> {
    if (this.#stop.signal.aborted) return;
    try {
      await step();
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** False when it was stopped before. */
  async #reached(time: number): Promise<boolean> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    // A timer may fire a little early.
    while (!signal.aborted && clock.now() < time) await pause(Math.ceil(clock.realSpan(time - clock.now())), signal);
    return !signal.aborted;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** The first multiple of `step` after `time`. */
const after = (time: number, step: number): number => Math.floor(time / step) * step + step;
