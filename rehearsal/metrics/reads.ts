import { parsed } from "@cutover/domain/cloudwatch/evaluate";
import { evaluate, type Points, type Value } from "@cutover/domain/cloudwatch/maths";
import { type CloudWatchReality, type JsonObject, NotRehearsed } from "../aws/gateway/reality";
import type { RehearsalClock } from "../clock";
import { dimensionsOf } from "./deployed-alarm";
import { type LogEvent, type LogFilters, parseMessage } from "./log-filters";
import { parsePattern } from "./log-pattern";
import type { MetricStore, MetricValues } from "./store";

/** FilterLogEvents gives so many in a page. */
const MOST_EVENTS = 10_000;

interface StoredEvent extends LogEvent {
  readonly logStreamName: string;
}

/** The store in the wording of CloudWatch's API: what functions put and everybody reads. */
export class StoreApi implements CloudWatchReality {
  /** Log events by group, as they came. */
  readonly #events = new Map<string, StoredEvent[]>();

  constructor(
    private readonly store: MetricStore,
    private readonly filters: LogFilters,
    private readonly clock: RehearsalClock,
  ) {}

  putMetricData(request: JsonObject): void {
    const data = list(request.MetricData).map((datum) => this.#values(String(request.Namespace), datum));
    for (const values of data) this.store.put(values);
  }

  getMetricData(request: JsonObject): JsonObject {
    const queries = list(request.MetricDataQueries);
    const starts = startsOf(request, periodOf(queries));
    const read = (id: string): Value => this.#value(queries, id, starts);
    const results = queries
      .filter(({ ReturnData }) => ReturnData !== false)
      .map((query) => {
        const points = supported(() => pairs(read(String(query.Id)), starts));
        if (request.ScanBy !== "TimestampAscending") points.reverse();
        return {
          Id: String(query.Id),
          Label: String(query.Label ?? query.Id),
          StatusCode: "Complete",
          Timestamps: points.map(([at]) => at / 1000),
          Values: points.map(([, value]) => value),
        };
      });
    return { MetricDataResults: results, Messages: [] };
  }

  getMetricStatistics(request: JsonObject): JsonObject {
    const starts = startsOf(request, Number(request.Period));
    const stats = [...strings(request.Statistics), ...strings(request.ExtendedStatistics)];
    const points = new Map<number, Record<string, number>>();
    for (const stat of stats) {
      const metric = { ...nameOf(request), period: Number(request.Period), stat };
      const found = supported(() => this.store.series(metric, starts, this.clock.now()));
      for (const [at, value] of found) points.set(at, { ...points.get(at), [stat]: value });
    }
    const extended = new Set(strings(request.ExtendedStatistics));
    const split = (values: Record<string, number>, wanted: boolean) =>
      Object.fromEntries(Object.entries(values).filter(([stat]) => extended.has(stat) === wanted));
    const Datapoints = [...points].map(([at, values]) => ({
      Timestamp: at / 1000,
      Unit: "None",
      ...split(values, false),
      ...(extended.size > 0 ? { ExtendedStatistics: split(values, true) } : {}),
    }));
    return { Label: String(request.MetricName), Datapoints };
  }

  listMetrics(request: JsonObject): JsonObject {
    const wanted = list(request.Dimensions);
    const Metrics = this.store
      .names()
      .filter(({ namespace, metricName, dimensions }) => {
        if (request.Namespace && request.Namespace !== namespace) return false;
        if (request.MetricName && request.MetricName !== metricName) return false;
        return wanted.every(({ Name, Value }) => {
          const value = dimensions[String(Name)];
          return value !== undefined && (Value === undefined || Value === value);
        });
      })
      .map(({ namespace, metricName, dimensions }) => ({
        Namespace: namespace,
        MetricName: metricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      }));
    return { Metrics };
  }

  logEvents(logGroup: string, logStream: string, events: readonly JsonObject[]): void {
    const received = events.map(({ timestamp, message }) => ({
      timestamp: Number(timestamp),
      message: String(message),
    }));
    this.filters.receive(logGroup, received);
    const kept = this.#events.get(logGroup) ?? [];
    kept.push(...received.map((event) => ({ ...event, logStreamName: logStream })));
    this.#events.set(logGroup, kept);
  }

  filterLogEvents(request: JsonObject): JsonObject | undefined {
    const kept = this.#events.get(String(request.logGroupName));
    const pattern = String(request.filterPattern ?? "").trim();
    if (!kept || !pattern.startsWith("{")) return undefined;
    if (request.logStreamNames || request.logStreamNamePrefix || request.nextToken) {
      throw new NotRehearsed("FilterLogEvents: the rehearsal reads a whole group in one page");
    }
    const matches = supported(() => parsePattern(pattern));
    const since = Number(request.startTime ?? 0);
    const until = Number(request.endTime ?? Number.POSITIVE_INFINITY);
    const found = kept.filter(
      ({ timestamp, message }) => timestamp >= since && timestamp <= until && matches(parseMessage(message)),
    );
    const limit = Math.min(Number(request.limit ?? MOST_EVENTS), MOST_EVENTS);
    const events = found.slice(0, limit).map((event, i) => ({ ...event, eventId: String(i) }));
    return { events, searchedLogStreams: [], ...(found.length > limit ? { nextToken: "more" } : {}) };
  }

  #values(namespace: string, datum: JsonObject): MetricValues {
    if (datum.StatisticValues) {
      throw new NotRehearsed(`the rehearsal keeps raw values: give Value or Values for ${datum.MetricName}`);
    }
    const values = Array.isArray(datum.Values) ? datum.Values.map(Number) : [Number(datum.Value)];
    const counts = Array.isArray(datum.Counts) ? datum.Counts.map(Number) : [];
    if (values.some((value) => !Number.isFinite(value))) {
      throw new NotRehearsed(`the value of ${datum.MetricName} is no number`);
    }
    const at = datum.Timestamp === undefined ? this.clock.now() : secondsOf(datum.Timestamp) * 1000;
    return {
      ...nameOf({ ...datum, Namespace: namespace }),
      at,
      samples: values.map((value, i) => ({ value, count: counts[i] ?? 1 })),
      highResolution: datum.StorageResolution === 1,
    };
  }

  #value(queries: readonly JsonObject[], id: string, starts: readonly number[]): Value {
    const query = queries.find(({ Id }) => Id === id);
    if (!query) throw new NotRehearsed(`GetMetricData has no query ${id}`);
    if (query.Expression !== undefined) {
      const others = queries.filter((other) => other !== query);
      return evaluate(parsed(String(query.Expression)), (other) => this.#value(others, other, starts));
    }
    const stat = (query.MetricStat ?? {}) as JsonObject;
    const metric = { ...nameOf(stat.Metric as JsonObject), period: Number(stat.Period), stat: String(stat.Stat) };
    const found = this.store.series(metric, starts, this.clock.now());
    return starts.map((start) => found.get(start));
  }
}

/** What domain/cloudwatch does not compute is the caller's mistake. */
function supported<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw new NotRehearsed(error instanceof Error ? error.message : String(error));
  }
}

/** One period for the whole call: maths over mixed periods is not rehearsed. */
function periodOf(queries: readonly JsonObject[]): number {
  const periods = new Set(
    queries.flatMap(({ MetricStat }) => (MetricStat ? Number((MetricStat as JsonObject).Period) : [])),
  );
  const [period] = periods;
  if (period === undefined || periods.size > 1) {
    throw new NotRehearsed(`GetMetricData with periods of ${[...periods].join(", ") || "no"} s: expected one period`);
  }
  return period;
}

/** Periods by the clock that begin in [StartTime, EndTime), the first rounded down as CloudWatch does. */
function startsOf(request: JsonObject, periodSeconds: number): number[] {
  const [periodMs, end] = [periodSeconds * 1000, secondsOf(request.EndTime) * 1000];
  if (!(periodMs >= 1000)) throw new NotRehearsed(`a period of ${periodSeconds} s: expected 1 and more`);
  const starts: number[] = [];
  const first = Math.floor((secondsOf(request.StartTime) * 1000) / periodMs) * periodMs;
  for (let start = first; start < end; start += periodMs) starts.push(start);
  return starts;
}

function pairs(value: Value, starts: readonly number[]): [number, number][] {
  const points: Points = typeof value === "number" ? starts.map(() => value) : value;
  return starts.flatMap((start, i) => {
    const point = points[i];
    return point === undefined ? [] : [[start, point] as [number, number]];
  });
}

const nameOf = (metric: JsonObject) => ({
  namespace: String(metric.Namespace),
  metricName: String(metric.MetricName),
  dimensions: dimensionsOf(list(metric.Dimensions) as { Name?: string; Value?: string }[]),
});

const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** A time as the JSON protocol sends it: seconds since the epoch, or a text. */
function secondsOf(time: unknown): number {
  const seconds = typeof time === "number" ? time : Date.parse(String(time)) / 1000;
  if (!Number.isFinite(seconds)) throw new NotRehearsed(`${String(time)} is no time`);
  return seconds;
}
