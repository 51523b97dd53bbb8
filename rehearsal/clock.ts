/**
 * The one clock of the rehearsal. Deployed definitions (periods, windows, bake times, schedules) run in rehearsal time,
 * `factor` times as fast as real time; HTTP, calls, processes and Pulumi take real time. No other module may scale time.
 */
export interface ClockSettings {
  /** Rehearsal seconds per real second; default 60: one rehearsal minute a second. */
  readonly factor: number;
  /** Real time (ms since the epoch) at which rehearsal time and real time were equal. */
  readonly originMs: number;
}

export const DEFAULT_CLOCK_FACTOR = 60;

export class RehearsalClock {
  readonly factor: number;
  readonly originMs: number;

  constructor(settings: Partial<ClockSettings> = {}) {
    this.factor = settings.factor ?? DEFAULT_CLOCK_FACTOR;
    this.originMs = settings.originMs ?? Date.now();
    if (!(this.factor >= 1 && this.factor <= 600)) {
      throw new RangeError(`clock factor ${this.factor}: expected 1 to 600 rehearsal seconds per real second`);
    }
  }

  /** Rehearsal time now, in ms since the epoch. */
  now(): number {
    return this.toRehearsal(Date.now());
  }

  /** Rehearsal time at a moment of real time (ms since the epoch). */
  toRehearsal(realMs: number): number {
    return this.originMs + (realMs - this.originMs) * this.factor;
  }

  /** How many real milliseconds a span of rehearsal milliseconds takes. */
  realSpan(rehearsalMs: number): number {
    return rehearsalMs / this.factor;
  }

  /** Resolves when rehearsal time has reached `rehearsalMs` (ms since the epoch). */
  sleepUntil(rehearsalMs: number): Promise<void> {
    const real = this.realSpan(rehearsalMs - this.now());
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, real)));
  }

  /** For child processes: `CUTOVER_CLOCK=<originMs>,<factor>`. */
  toEnv(): string {
    return `${this.originMs},${this.factor}`;
  }
}
