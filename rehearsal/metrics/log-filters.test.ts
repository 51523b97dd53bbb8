import type { LogMetricFilterDefinition } from "@cutover/domain/cloudwatch/definition";
import { describe, expect, it } from "vitest";
import { LogFilters } from "./log-filters";
import { parsePattern } from "./log-pattern";

const processed = {
  event: "message_processed",
  engine: "python",
  outcome: "failed",
  latencyMs: 12.5,
  synthetic: false,
};

describe("a JSON filter pattern", () => {
  const matching: [pattern: string, message: unknown][] = [
    ['{ $.event = "message_processed" }', processed],
    ['{ ($.event = "message_processed") && ($.synthetic IS FALSE) }', processed],
    ['{ $.event = "message_*" && $.outcome != "completed" }', processed],
    ["{ $.outcome = failed }", processed],
    ["{ $.latencyMs = 12.5 }", processed],
    ["{ $.latencyMs >= 12.5 && $.latencyMs < 13 }", processed],
    ["{ $.missing NOT EXISTS }", processed],
    ["{ $.a.b[1] = 2 }", { a: { b: [1, 2] } }],
    ["{ $.nothing IS NULL }", { nothing: null }],
    // && binds closer than ||
    ['{ $.outcome = "failed" || $.event = "x" && $.event = "y" }', processed],
    ['{ $.text = "a.b\\"c" }', { text: 'a.b"c' }],
  ];
  it.each(matching)("%s matches", (pattern, message) => {
    expect(parsePattern(pattern)(message)).toBe(true);
  });

  const other: [pattern: string, message: unknown][] = [
    ["{ $.synthetic IS FALSE }", { ...processed, synthetic: true }],
    ["{ $.synthetic IS FALSE }", { event: "message_processed" }],
    ["{ $.synthetic IS FALSE }", { synthetic: "false" }],
    ['{ ($.outcome = "failed" || $.event = "x") && $.event = "y" }', processed],
    ['{ $.event != "x" }', { other: 1 }],
    ['{ $.event = "message.processed" }', { event: "message_processed" }],
    ["{ $.a NOT EXISTS }", "no object"],
    ['{ $.latencyMs = "12.5" }', processed],
  ];
  it.each(other)("%s does not match", (pattern, message) => {
    expect(parsePattern(pattern)(message)).toBe(false);
  });

  it.each([
    "ERROR",
    "[ip, user]",
    "{ $.a = %regex% }",
    "{ $.a IS TRUE",
    "{ $.a IS MAYBE }",
    "{ $.a = }",
    "{ a = 1 }",
    '{ $.a < "b" }',
    "{ ($.a = 1 }",
    "{ $.a = 1 $.b = 2 }",
    "{ $.* = 1 }",
  ])("%s is refused", (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(/filter pattern/);
  });
});

const MINUTE = 1_800_000_000_000;
const filter = (more: Partial<LogMetricFilterDefinition> = {}): LogMetricFilterDefinition => ({
  name: "failed",
  logGroup: "/cutover/dev/python",
  pattern: '{ ($.outcome = "failed") && ($.synthetic IS FALSE) }',
  namespace: "Cutover/dev",
  metricName: "PythonMessagesFailed",
  value: "1",
  ...more,
});
const event = (ms: number, message: object | string) => ({
  timestamp: MINUTE + ms,
  message: typeof message === "string" ? message : JSON.stringify(message),
});

describe("log filters", () => {
  it("count matching events in the minute they happened in, and leave later ones for later", () => {
    const filters = new LogFilters();
    filters.use([filter()]);
    filters.receive("/cutover/dev/python", [event(0, processed), event(59_999, processed), event(60_000, processed)]);
    filters.receive("/cutover/dev/node", [event(0, processed)]);
    const metric = { namespace: "Cutover/dev", metricName: "PythonMessagesFailed", dimensions: {} };
    expect(filters.take(MINUTE + 60_000)).toEqual([{ ...metric, at: MINUTE, samples: [{ value: 1, count: 2 }] }]);
    expect(filters.take(MINUTE + 60_000)).toEqual([]);
    expect(filters.take(MINUTE + 120_000)).toEqual([
      { ...metric, at: MINUTE + 60_000, samples: [{ value: 1, count: 1 }] },
    ]);
  });

  it("give the default value only for minutes with events of which none matched", () => {
    const filters = new LogFilters();
    filters.use([filter({ defaultValue: 0 })]);
    expect(filters.take(MINUTE)).toEqual([]);
    filters.receive("/cutover/dev/python", [event(1, { ...processed, synthetic: true }), event(2, "Traceback:")]);
    expect(filters.take(MINUTE + 60_000)).toMatchObject([{ at: MINUTE, samples: [{ value: 0, count: 1 }] }]);
    const without = new LogFilters();
    without.use([filter()]);
    without.receive("/cutover/dev/python", [event(1, "nothing")]);
    expect(without.take(MINUTE + 60_000)).toEqual([]);
  });

  it("publish a field's number, and nothing where it has none", () => {
    const filters = new LogFilters();
    filters.use([filter({ value: "$.latencyMs" })]);
    const messages = [processed, processed, { ...processed, latencyMs: 3 }, { ...processed, latencyMs: "slow" }];
    filters.receive(
      "/cutover/dev/python",
      messages.map((message, i) => event(i, message)),
    );
    expect(filters.take(MINUTE + 60_000)).toMatchObject([
      {
        samples: [
          { value: 12.5, count: 2 },
          { value: 3, count: 1 },
        ],
      },
    ]);
  });

  it("count only what comes after a filter is in force, and refuse one that is not understood", () => {
    const filters = new LogFilters();
    filters.receive("/cutover/dev/python", [event(0, processed)]);
    filters.use([filter()]);
    expect(filters.take(MINUTE + 60_000)).toEqual([]);
    expect(() => filters.use([filter({ pattern: "?ERROR" })])).toThrow("?ERROR");
    filters.receive("/cutover/dev/python", [event(0, processed)]);
    expect(filters.take(MINUTE + 60_000)).toHaveLength(1);
  });
});
