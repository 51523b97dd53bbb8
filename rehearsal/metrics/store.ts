import type { MetricName, MetricStat } from "@cutover/domain/cloudwatch/definition";
import { type Sample, statistic } from "@cutover/domain/cloudwatch/statistics";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** How old (rehearsal ms) the end of a period has to be before alarms and readers see it. */
export interface PublicationDelay {
  /** Metrics stored by the minute: the load balancer's, the log filters', most of ours. */
  readonly minuteMs: number;
  /** Metrics stored at a resolution of 1 s. */
  readonly secondMs: number;
}

/** What the rehearsal promises: later than CloudWatch usually is, never earlier. */
export const PUBLICATION_DELAY: PublicationDelay = { minuteMs: 60_000, secondMs: 10_000 };

/** Values of one metric that arrived together. */
export interface MetricValues extends MetricName {
  /** Rehearsal time, ms since the epoch. */
  readonly at: number;
  readonly samples: readonly Sample[];
  /** Stored at a resolution of 1 s; default: of a minute. Once a metric was, it stays so. */
  readonly highResolution?: boolean;
}

/** One metric: raw samples by the smallest span it is stored in, and what was computed from them. */
class Series {
  highResolution = false;
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;
  readonly #slots = new Map<number, Sample[]>();
  /** By period and statistic, then by start. */
  readonly #computed = new Map<string, Map<number, number | undefined>>();

  get slotMs(): number {
    return this.highResolution ? SECOND_MS : MINUTE_MS;
  }

  add(at: number, samples: readonly Sample[], highResolution: boolean): void {
    // What came before stays at the start of its minute: CloudWatch can't split it either.
    if (highResolution) this.highResolution = true;
    const slot = Math.floor(at / this.slotMs) * this.slotMs;
    const there = this.#slots.get(slot);
    if (there) there.push(...samples);
    else this.#slots.set(slot, [...samples]);
    this.first = Math.min(this.first, slot);
    this.last = Math.max(this.last, slot);
    for (const [key, values] of this.#computed) {
      const periodMs = Number.parseInt(key, 10);
      for (const start of values.keys()) if (start <= slot && slot < start + periodMs) values.delete(start);
    }
  }

  /** The statistic over what is published by `published` of the period at `start`. */
  value(stat: string, start: number, periodMs: number, published: number): number | undefined {
    const end = start + periodMs;
    if (end > published) return statistic(stat, this.#within(start, Math.min(end, published)));
    const key = `${periodMs} ${stat}`;
    let known = this.#computed.get(key);
    if (!known) {
      known = new Map();
      this.#computed.set(key, known);
    }
    if (!known.has(start)) known.set(start, statistic(stat, this.#within(start, end)));
    return known.get(start);
  }

  #within(since: number, until: number): readonly Sample[] {
    const found: Sample[] = [];
    const { slotMs } = this;
    for (let slot = Math.floor(since / slotMs) * slotMs; slot + slotMs <= until; slot += slotMs) {
      const samples = this.#slots.get(slot);
      if (samples) found.push(...samples);
    }
    return found;
  }
}

/**
 * What the emulated CloudWatch holds: every sample with its moment in rehearsal time. Nothing is aggregated on the way
 * in, so every statistic can be computed exactly. Periods become visible when they are complete and published.
 */
export class MetricStore {
  readonly #series = new Map<string, { readonly name: MetricName; readonly series: Series }>();
  readonly #delay: PublicationDelay;

  constructor(delay: PublicationDelay = PUBLICATION_DELAY) {
    this.#delay = delay;
  }

  put({ at, samples, highResolution = false, ...name }: MetricValues): void {
    if (samples.length === 0) return;
    const key = keyOf(name);
    let entry = this.#series.get(key);
    if (!entry) {
      const { namespace, metricName, dimensions } = name;
      entry = { name: { namespace, metricName, dimensions: { ...dimensions } }, series: new Series() };
      this.#series.set(key, entry);
    }
    entry.series.add(at, samples, highResolution);
  }

  /** Metrics that have data. */
  names(): readonly MetricName[] {
    return [...this.#series.values()].map(({ name }) => name);
  }

  /**
   * The statistic over what is published, as of `now`, of the periods that begin at `starts`; a period without published
   * samples is not in it. A metric that is stored by the minute has no periods shorter than that. Rehearsal ms.
   * @throws NotSupported for a statistic that domain/cloudwatch does not compute
   */
  series(metric: MetricStat, starts: readonly number[], now: number): ReadonlyMap<number, number> {
    const points = new Map<number, number>();
    const series = this.#series.get(keyOf(metric))?.series;
    const periodMs = metric.period * SECOND_MS;
    if (!series || periodMs < series.slotMs) return points;
    const published = this.#published(series, now);
    for (const start of starts) {
      const value = series.value(metric.stat, start, periodMs, published);
      if (value !== undefined) points.set(start, value);
    }
    return points;
  }

  /** Beginnings of the metric's periods by the clock that have data and are complete and published, as of `now`. */
  starts(metric: MetricStat, now: number, since = Number.NEGATIVE_INFINITY): number[] {
    const series = this.#series.get(keyOf(metric))?.series;
    const starts: number[] = [];
    if (!series) return starts;
    const periodMs = metric.period * SECOND_MS;
    const end = Math.min(this.#published(series, now), series.last + periodMs);
    const first = Math.floor(Math.max(series.first, since) / periodMs) * periodMs;
    for (let start = first; start + periodMs <= end; start += periodMs) starts.push(start);
    return starts;
  }

  #published({ highResolution }: Series, now: number): number {
    return now - (highResolution ? this.#delay.secondMs : this.#delay.minuteMs);
  }
}

function keyOf({ namespace, metricName, dimensions }: MetricName): string {
  const pairs = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, metricName, pairs]);
}
