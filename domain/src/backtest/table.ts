import { createHash } from "node:crypto";
import type { VariationRow } from "./assumptions";
import { type BacktestOptions, type BacktestRow, type FaultRow, rollbackAlarms } from "./backtest";
import { ANY } from "./detection";
import type { Interval } from "./intervals";

/** A backtest that was run, with what it was run on. */
export interface MeasuredBacktest {
  /** Of the alarms' definitions at all levels: another value, and the numbers are of other alarms. */
  readonly definitions: string;
  /** Of small runs with the same code: see `runsHash`. */
  readonly runs: string;
  /** Processor time that the table of the four levels took, seconds. */
  readonly seconds: number;
  readonly options: BacktestOptions;
  /** All triggers together, at each level; every single trigger is in docs/measured/backtest.json. */
  readonly together: readonly BacktestRow[];
  /** All triggers together against the other kinds of fault. */
  readonly faults: readonly FaultRow[];
  /** All triggers together on traffic that is not what was expected. */
  readonly variations: readonly VariationRow[];
  /** Chance in the rows of `together`. */
  readonly intervals: readonly Interval[];
}

/** Stands for the definitions that a table was measured with. */
export function definitionsHash(levels: readonly number[]): string {
  const definitions = levels.map((level) => rollbackAlarms(level).map(({ key, definition }) => [key, definition]));
  return createHash("sha256").update(JSON.stringify(definitions)).digest("hex").slice(0, 16);
}

/** What design and issue ask of all triggers together, by messages an hour on Python. */
export const GOALS: readonly { readonly messagesPerHour: number; readonly detect20P95Min: number }[] = [
  { messagesPerHour: 6, detect20P95Min: 360 },
  { messagesPerHour: 30, detect20P95Min: 95 },
  { messagesPerHour: 120, detect20P95Min: 26 },
  { messagesPerHour: 600, detect20P95Min: 12 },
];
export const FALSE_ROLLBACKS_GOAL = 0.05;
export const TOTAL_OUTAGE_GOAL_MINUTES = 2.5;

const show = (value: number | null): string => (value === null ? "–" : String(value));

/** The rows as a Markdown table; what a trigger does not see is shown as –. */
export function markdownTable(rows: readonly BacktestRow[]): string {
  const lines = rows.map((row) => {
    const mark = row.trigger === ANY ? "**" : "";
    const cells = [
      row.messagesPerHour,
      `${mark}${row.trigger}${mark}`,
      row.falseRollbacksPerDay,
      `${show(row.detect100P50Min)} / ${show(row.detect100P95Min)}`,
      `${show(row.detect20P50Min)} / ${show(row.detect20P95Min)}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| messages/h on Python | trigger | false rollbacks a day | total outage, min p50 / p95 | 20 % fault, min p50 / p95 |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

/** The same for a terminal: columns, no marks. */
export function textTable(rows: readonly BacktestRow[]): string {
  const head = ["msgs/h", "trigger", "false/day", "100 % p50", "p95 min", "20 % p50", "p95 min"];
  const body = rows.map((row) => [
    String(row.messagesPerHour),
    row.trigger,
    String(row.falseRollbacksPerDay),
    ...[row.detect100P50Min, row.detect100P95Min, row.detect20P50Min, row.detect20P95Min].map(show),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((cells) => (cells[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), ...body.map(line)].join("\n");
}
