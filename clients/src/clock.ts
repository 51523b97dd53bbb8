/** Where schedules, timestamps and pauses get their time from. HTTP time-outs don't use it: they are real everywhere. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds of this clock; at once for 0 and less. */
  sleep(ms: number): Promise<void>;
  /** Real milliseconds that `ms` of this clock take. */
  realSpan(ms: number): number;
  /** What this clock showed at a moment of real time: for stamps that somebody else's real clock made. */
  fromReal(realMs: number): number;
}

/** Time as everybody has it: what a function uses in AWS. */
export const realClock: Clock = scaledClock(0, 1);

/**
 * The clock the environment asks for: real time, or in a rehearsal `CUTOVER_CLOCK=<originMs>,<factor>`, under which `factor`
 * seconds pass in a real one since `originMs`.
 * @throws RangeError for a value of another form: a function that silently kept real time would see nothing happen
 */
export function clockFrom(env: Readonly<Record<string, string | undefined>>): Clock {
  const text = env.CUTOVER_CLOCK;
  if (text === undefined || text === "") return realClock;
  const [, origin, factor] = /^(\d+),(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (origin === undefined || factor === undefined || Number(factor) < 1) {
    throw new RangeError(
      `CUTOVER_CLOCK is "${text}": expected <originMs>,<factor>, milliseconds since the epoch and 1 or more`,
    );
  }
  return scaledClock(Number(origin), Number(factor));
}

function scaledClock(originMs: number, factor: number): Clock {
  const fromReal = (realMs: number) => (factor === 1 ? realMs : originMs + (realMs - originMs) * factor);
  return {
    fromReal,
    now: () => fromReal(Date.now()),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms / factor))),
    realSpan: (ms) => ms / factor,
  };
}

let processClock: Clock | undefined;

function ours(): Clock {
  processClock ??= clockFrom(process.env);
  return processClock;
}

/** Milliseconds since the epoch by this process's clock. */
export function now(): number {
  return ours().now();
}

/** Resolves after `ms` milliseconds of this process's clock. */
export function sleep(ms: number): Promise<void> {
  return ours().sleep(ms);
}
