/** What the load balancer counted in an hour. */
export interface HourCount {
  /** Begin of the hour, milliseconds since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** Messages an hour, both engines together. */
export interface TrafficRate {
  /** Of all hours, those without messages included. */
  readonly median: number;
  /** The busiest hour of a day; the middle one of the days that were counted. */
  readonly busyHour: number;
  /** Whole days that were counted. */
  readonly days: number;
}

const HOUR_MS = 3_600_000;
/** Days that are looked at: a week has every kind of day. */
export const RATE_DAYS = 7;
/** The alarms' windows are off by so much before anybody is told: false rollbacks then double, or more. */
const TELL_ABOVE = 1.5;
/** And by so much the other way: small faults are found in twice the time. */
const TELL_BELOW = 0.5;

/**
 * The rate from counts of hours, several an hour added up; hours without a count had no message.
 * @param until end of the last whole hour, milliseconds since the epoch
 * @returns undefined before a whole day was counted
 */
export function trafficRate(counts: readonly HourCount[], until: number): TrafficRate | undefined {
  const first = Math.min(...counts.map(({ at }) => at));
  const days = Math.min(RATE_DAYS, Math.floor((until - first) / (24 * HOUR_MS)));
  if (!(days >= 1)) return undefined;
  const hours = new Array<number>(days * 24).fill(0);
  for (const { at, value } of counts) {
    const back = Math.ceil((until - at) / HOUR_MS);
    if (back >= 1 && back <= hours.length) hours[hours.length - back] = (hours[hours.length - back] ?? 0) + value;
  }
  const busiest = Array.from({ length: days }, (_, day) => Math.max(...hours.slice(day * 24, day * 24 + 24)));
  return { median: middle(hours), busyHour: middle(busiest), days };
}

/** What people should know of it; nothing where the alarms are made for about this rate. */
export function rateWarnings(rate: TrafficRate | undefined, expected: number, stack: string): string[] {
  if (!rate) return [];
  const { busyHour, median, days } = rate;
  const seen = `The load balancer counted ${busyHour} messages in a busy hour (median ${median}, ${days} ${days === 1 ? "day" : "days"}), cutover:expectedMessagesPerHour is ${expected}`;
  const set = `pulumi config set cutover:expectedMessagesPerHour ${Math.max(1, Math.ceil(busyHour))} --stack ${stack}`;
  if (busyHour > expected * TELL_ABOVE) {
    return [
      `${seen}: the alarms are made for less and may roll back for noise several times as often as said.\n  ${set}`,
    ];
  }
  if (busyHour > 0 && busyHour < expected * TELL_BELOW) {
    return [`${seen}: the alarms are made for more and find small faults later than said.\n  ${set}`];
  }
  return [];
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
}
