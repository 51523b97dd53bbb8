import type { LogMetricFilterDefinition } from "@cutover/domain/cloudwatch/definition";
import { type Matcher, parsePattern, parseSelector, type Selector } from "./log-pattern";
import type { MetricValues } from "./store";

const MINUTE_MS = 60_000;

/** A log event as CloudWatch Logs got it. */
export interface LogEvent {
  /** Rehearsal time, ms since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

interface Compiled {
  readonly definition: LogMetricFilterDefinition;
  readonly matches: Matcher;
  /** The value of a matching event; undefined = it has none and is not counted. */
  readonly value: (message: unknown) => number | undefined;
}

/** Turns log events into metrics by the filters that are in force, as CloudWatch Logs does when events come in. */
export class LogFilters {
  #compiled: readonly Compiled[] = [];
  #inForce = "";
  readonly #events = new Map<string, LogEvent[]>();

  /**
   * Puts these filters in force, for events that come from now on.
   * @throws PatternError when one of them is not understood; then the ones before stay in force
   */
  use(definitions: readonly LogMetricFilterDefinition[]): void {
    const text = JSON.stringify(definitions);
    if (text === this.#inForce) return;
    this.#compiled = definitions.map(compile);
    this.#inForce = text;
    const groups = new Set(definitions.map(({ logGroup }) => logGroup));
    for (const group of this.#events.keys()) if (!groups.has(group)) this.#events.delete(group);
  }

  /** Events arrived at a log group. */
  receive(logGroup: string, events: readonly LogEvent[]): void {
    if (!this.#compiled.some(({ definition }) => definition.logGroup === logGroup)) return;
    const there = this.#events.get(logGroup);
    if (there) there.push(...events);
    else this.#events.set(logGroup, [...events]);
  }

  /**
   * The metrics of everything received that happened before `until` (rehearsal ms), one a filter and minute. A minute
   * in which events came and none matched has the default value, where there is one.
   */
  take(until: number): MetricValues[] {
    const values: MetricValues[] = [];
    for (const [group, events] of this.#events) {
      const due = events.filter(({ timestamp }) => timestamp < until);
      const filters = this.#compiled.filter(({ definition }) => definition.logGroup === group);
      this.#events.set(
        group,
        events.filter(({ timestamp }) => timestamp >= until),
      );
      for (const [minute, messages] of byMinute(due)) {
        for (const filter of filters) values.push(...apply(filter, minute, messages));
      }
    }
    return values;
  }
}

function byMinute(events: readonly LogEvent[]): Map<number, unknown[]> {
  const minutes = new Map<number, unknown[]>();
  for (const { timestamp, message } of events) {
    const minute = Math.floor(timestamp / MINUTE_MS) * MINUTE_MS;
    const there = minutes.get(minute);
    const parsed = parseMessage(message);
    if (there) there.push(parsed);
    else minutes.set(minute, [parsed]);
  }
  return minutes;
}

/** A message as JSON; undefined when it is none. */
export function parseMessage(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function apply(filter: Compiled, at: number, messages: readonly unknown[]): MetricValues[] {
  const { namespace, metricName, defaultValue } = filter.definition;
  const counts = new Map<number, number>();
  for (const message of messages) {
    const value = filter.matches(message) ? filter.value(message) : undefined;
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  if (counts.size === 0 && defaultValue !== undefined) counts.set(defaultValue, 1);
  if (counts.size === 0) return [];
  const samples = [...counts].map(([value, count]) => ({ value, count }));
  return [{ namespace, metricName, dimensions: {}, at, samples }];
}

function compile(definition: LogMetricFilterDefinition): Compiled {
  const matches = parsePattern(definition.pattern);
  const { value } = definition;
  if (/^[+-]?\d+(\.\d+)?$/.test(value)) return { definition, matches, value: () => Number(value) };
  const select: Selector = parseSelector(value);
  return {
    definition,
    matches,
    value: (message) => {
      const found = select(message);
      const number = typeof found === "string" && found.trim() !== "" ? Number(found) : found;
      return typeof number === "number" && Number.isFinite(number) ? number : undefined;
    },
  };
}
