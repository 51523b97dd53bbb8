import { BOOKINGS_PER_MESSAGE, HEALTHY_SHARE, SLOW_SECONDS } from "../triggers/plan";
import { MOST_MEAN, Poisson, type Random, Thinner } from "./random";

/** What Python did, by minute. */
export interface MinuteCounts {
  /** Messages that the load balancer handed to Python. */
  readonly requests: Uint32Array;
  /** Of them answered with 5xx. */
  readonly errors: Uint32Array;
  /** Of them answered with 4xx: a sender that never repeats has lost them. */
  readonly refused: Uint32Array;
  /** Of those accepted, given up on: the log says `message_processed` with outcome `failed`. */
  readonly failed: Uint32Array;
  /** Of them answered later than 3 s. */
  readonly slow: Uint32Array;
  /** Routing decisions of accepted messages, and those that failed. */
  readonly routings: Uint32Array;
  readonly routingFailures: Uint32Array;
  readonly bookings: Uint32Array;
  readonly bookingFailures: Uint32Array;
  readonly connectionErrors: Uint32Array;
  /** Healthy tasks. */
  readonly hosts: Uint32Array;
}

/** Minutes of a healthy Python, as many as wanted; `start` begins a new stretch that has nothing to do with the last. */
export interface HealthyTraffic {
  readonly messagesPerHour: number;
  take(minutes: number): MinuteCounts;
}

/** What goes wrong in health, as shares. Default of each: 1 %, the plan's success criterion for errors. */
export interface HealthyRates {
  /** 5xx, 4xx and given up on, together: the triggers add them up. */
  readonly errors: number;
  readonly slow: number;
  readonly routing: number;
  readonly bookings: number;
  /** Probes that fail. */
  readonly probes: number;
  /** Bookings tried for each message. Default 0.2. */
  readonly bookingsPerMessage: number;
}

export const HEALTHY: HealthyRates = {
  errors: HEALTHY_SHARE,
  slow: HEALTHY_SHARE,
  routing: HEALTHY_SHARE,
  bookings: HEALTHY_SHARE,
  probes: HEALTHY_SHARE,
  bookingsPerMessage: BOOKINGS_PER_MESSAGE,
};

/** Healthy tasks while nothing is wrong. */
const HOSTS = 2;

export function emptyCounts(minutes: number): MinuteCounts {
  const column = () => new Uint32Array(minutes);
  return {
    requests: column(),
    errors: column(),
    refused: column(),
    failed: column(),
    slow: column(),
    routings: column(),
    routingFailures: column(),
    bookings: column(),
    bookingFailures: column(),
    connectionErrors: column(),
    hosts: column().fill(HOSTS),
  };
}

/** The same rate at every hour. */
const STEADY: readonly number[] = [1];

/**
 * A working day of 24 hours: a fifth of the mean at night, twice the mean in the busy hours. An assumption; the mean is 1.
 */
export const WORKING_DAY: readonly number[] = [
  ...Array<number>(7).fill(0.2),
  ...[0.8, 0.8, 2, 2, 2, 1.6, 1.6, 2, 2, 2, 2, 1, 1, 1],
  ...Array<number>(3).fill(0.8 / 3),
];

/** Most messages an hour that are simulated. */
const MOST_PER_HOUR = MOST_MEAN * 60;

/**
 * Messages that arrive as a Poisson stream; each goes wrong by itself.
 *
 * @param hours by hour, what the rate is multiplied with; then from the start again. Default: always 1
 * @throws RangeError for a rate that is not above 0 or more than can be simulated
 */
export function syntheticTraffic(
  random: Random,
  messagesPerHour: number,
  rates: HealthyRates,
  hours: readonly number[] = STEADY,
): HealthyTraffic {
  if (!(messagesPerHour > 0 && messagesPerHour * Math.max(...hours) <= MOST_PER_HOUR)) {
    throw new RangeError(
      `${messagesPerHour} messages an hour can't be simulated: expected above 0, up to ${MOST_PER_HOUR}. At such rates every trigger is as fast as at ${MOST_PER_HOUR}.`,
    );
  }
  const arrivals = hours.map((factor) => new Poisson(random, (messagesPerHour * factor) / 60));
  const errors = new Thinner(random, rates.errors);
  const slow = new Thinner(random, rates.slow);
  const routing = new Thinner(random, rates.routing);
  const bookings = new Thinner(random, rates.bookingsPerMessage);
  const failures = new Thinner(random, rates.bookings);
  return {
    messagesPerHour,
    take(minutes) {
      const counts = emptyCounts(minutes);
      const from = hours.length > 1 ? random.below(hours.length * 60) : 0;
      for (let i = 0; i < minutes; i++) {
        const hour = Math.floor((from + i) / 60) % hours.length;
        const requests = (arrivals[hour] as Poisson).next();
        const failed = errors.of(requests);
        const accepted = requests - failed;
        const booked = bookings.of(accepted);
        counts.requests[i] = requests;
        counts.errors[i] = failed;
        counts.slow[i] = slow.of(requests);
        counts.routings[i] = accepted;
        counts.routingFailures[i] = routing.of(accepted);
        counts.bookings[i] = booked;
        counts.bookingFailures[i] = failures.of(booked);
      }
      return counts;
    },
  };
}

/** A recorded stretch, repeated from a random minute on whenever it is asked for. */
export function recordedTraffic(random: Random, record: MinuteCounts): HealthyTraffic {
  const length = record.requests.length;
  const messages = record.requests.reduce((sum, n) => sum + n, 0);
  return {
    messagesPerHour: (messages * 60) / length,
    take(minutes) {
      const from = minutes === length ? 0 : random.below(length);
      const counts = emptyCounts(minutes);
      for (const key of Object.keys(counts) as (keyof MinuteCounts)[]) {
        for (let i = 0; i < minutes; i++) counts[key][i] = record[key][(from + i) % length] as number;
      }
      return counts;
    },
  };
}

/** Share of answers slower than 3 s when answer times are log-normal with these percentiles (s). */
export function slowShare(p50: number, p99: number): number {
  if (!(p50 > 0 && p99 > p50)) throw new RangeError(`p50 ${p50} s and p99 ${p99} s: expected 0 < p50 < p99`);
  const sigma = Math.log(p99 / p50) / 2.3263478740408408;
  return 1 - normalBelow(Math.log(SLOW_SECONDS / p50) / sigma);
}

/** Standard normal distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - above : above;
}
