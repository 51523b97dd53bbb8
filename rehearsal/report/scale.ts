import type { ReportDetails } from "./model";

/** Values of one axis mapped to pixels, with round tick marks. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Linear scale from [0, max] to [from, to]; ticks at 1, 2 or 5 times a power of ten, about `count` of them. */
export function scale(max: number, from: number, to: number, count: number): Scale {
  const top = max > 0 ? max : 1;
  const step = niceStep(top / count);
  const ticks: number[] = [];
  for (let i = 0; i * step <= top * 1.0001; i++) ticks.push(Number((i * step).toPrecision(12)));
  return Object.assign((value: number) => from + (value / top) * (to - from), { ticks });
}

/** The next larger of 1, 2, 5 times a power of ten. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const found = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.9999) ?? 10;
  return found * power;
}

/** Seconds as "1:05"; rehearsal time as "1 h 05 min" or "2 d 3 h". */
export function minutesSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function hoursMinutes(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (d > 0) return `${d} d ${h} h`;
  return h > 0 ? `${h} h ${String(m).padStart(2, "0")} min` : `${m} min`;
}

/** Rehearsal time as hours and minutes, "4:40"; to be shown with its unit, h. */
export function clockTime(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** Whether the machine kept up with the rehearsal's clock, in a sentence; seconds are the rehearsal's. */
export function keptUp({ minutes, late, longestLagMs }: ReportDetails["punctuality"]): string {
  const lag = `at most ${Math.round(longestLagMs / 1000)} s of it passed between a minute and the look at its alarms`;
  return `The rehearsal's clock: ${minutes} minutes, ${late} of them looked at late; ${lag}.`;
}
