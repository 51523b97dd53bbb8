import type { BacktestRow } from "./backtest";
import { ANY } from "./detection";

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 60;

/** Times shown on the axis, minutes. */
const TICKS: readonly [minutes: number, label: string][] = [
  [1, "1 min"],
  [3, "3 min"],
  [10, "10 min"],
  [30, "30 min"],
  [60, "1 h"],
  [180, "3 h"],
  [360, "6 h"],
  [720, "12 h"],
  [1440, "24 h"],
];

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dashes: string;
  readonly minutes: (row: BacktestRow) => number | null;
}

const LINES: readonly Line[] = [
  { label: "20 % fault, p95", colour: "#b45309", dashes: "", minutes: (row) => row.detect20P95Min },
  { label: "20 % fault, p50", colour: "#b45309", dashes: "5 4", minutes: (row) => row.detect20P50Min },
  { label: "total outage, p95", colour: "#1d4ed8", dashes: "", minutes: (row) => row.detect100P95Min },
  { label: "total outage, p50", colour: "#1d4ed8", dashes: "5 4", minutes: (row) => row.detect100P50Min },
];

/** Time until a fault is seen over messages an hour on Python, both logarithmic, as an SVG picture. */
export function plotSvg(rows: readonly BacktestRow[]): string {
  const together = rows.filter(({ trigger }) => trigger === ANY).sort((a, b) => a.messagesPerHour - b.messagesPerHour);
  const rates = together.map(({ messagesPerHour }) => messagesPerHour);
  const x = scale(Math.min(...rates), Math.max(...rates), LEFT, WIDTH - RIGHT);
  const y = scale(1, 1440, HEIGHT - BOTTOM, TOP);
  const text = (at: readonly [number, number], what: string, anchor = "middle") =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" text-anchor="${anchor}">${what}</text>`;
  const grid = TICKS.map(
    ([minutes, label]) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(minutes).toFixed(1)}" y2="${y(minutes).toFixed(1)}" stroke="#ddd"/>${text([LEFT - 8, y(minutes) + 4], label, "end")}`,
  );
  const levels = together.map((row) => [
    text([x(row.messagesPerHour), HEIGHT - BOTTOM + 18], String(row.messagesPerHour)),
    text([x(row.messagesPerHour), HEIGHT - BOTTOM + 34], `${row.falseRollbacksPerDay}/day`),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text([LEFT, 22], "From fault to ALARM, by messages an hour on Python (below: false rollbacks a day)", "start"),
    ...grid,
    ...levels.flat(),
    ...LINES.map((line) => drawn(line, together, x, y)),
    "</svg>",
  ].join("\n");
}

function drawn(line: Line, rows: readonly BacktestRow[], x: (v: number) => number, y: (v: number) => number): string {
  const points = rows.flatMap((row) => {
    const minutes = line.minutes(row);
    return minutes === null ? [] : [[x(row.messagesPerHour), y(Math.max(1, minutes))] as const];
  });
  const last = points[points.length - 1];
  if (!last) return "";
  const path = points.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" ");
  const dots = points.map(
    ([cx, cy]) => `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="3" fill="${line.colour}"/>`,
  );
  // Labels of the dashed lines go below, so that neighbours don't overlap.
  const label = `<text x="${(last[0] + 10).toFixed(1)}" y="${(last[1] + (line.dashes ? 14 : 0)).toFixed(1)}" fill="${line.colour}">${line.label}</text>`;
  return `<polyline points="${path}" fill="none" stroke="${line.colour}" stroke-width="2" stroke-dasharray="${line.dashes}"/>${dots.join("")}${label}`;
}

/** Logarithmic: from → a, to → b. One value alone stands in the middle. */
function scale(from: number, to: number, a: number, b: number): (value: number) => number {
  if (from === to) return () => (a + b) / 2;
  return (value) => a + ((b - a) * Math.log(value / from)) / Math.log(to / from);
}
