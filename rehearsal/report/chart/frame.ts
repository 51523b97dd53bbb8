import { escapeHtml } from "../escape";
import type { ReportDetails } from "../model";
import { type Scale, scale } from "../scale";
import { label, line, px } from "../svg";

/** Width of the drawing; the gutter at the left holds names and tick marks. */
export const WIDTH = 1160;
const LEFT = 188;
/** Room for the last of the slanted names. */
const RIGHT = WIDTH - 84;
/** Height of a panel's headline, space above it included. */
export const HEADLINE = 30;

/** The time axis that all panels share: real time, in ms since the start of the rehearsal. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly endMs: number;
  /** Position of a moment. */
  x(atMs: number): number;
  /** Moments with a mark, ms. */
  readonly ticks: readonly number[];
}

/** A part of the drawing: it begins where the one above it ended. */
export interface Panel {
  readonly svg: string;
  readonly bottom: number;
}

/** Distances of the time axis' marks: at 60:1 each is a round time on both clocks. */
const STEPS_MS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);

export function frameOf(details: ReportDetails): Frame {
  const endMs = Math.max(1000, ...details.steps.map((s) => s.endedMs), ...details.samples.map((s) => s.atMs));
  const seconds = scale(endMs / 1000, LEFT, RIGHT, 1);
  const step = STEPS_MS.find((ms) => endMs / ms <= 14) ?? endMs;
  return {
    left: LEFT,
    right: RIGHT,
    endMs,
    x: (atMs) => seconds(Math.min(Math.max(atMs, 0), endMs) / 1000),
    ticks: Array.from({ length: Math.floor(endMs / step) + 1 }, (_, i) => i * step),
  };
}

/** One entry of a legend: how it is drawn, and what it means. */
export interface Key {
  readonly shape: keyof typeof SIGNS;
  readonly name: string;
  readonly means: string;
}

/** Signs of the legend are letters, so that they stand right at every size of the letters. */
const SIGNS = { box: "■", hatched: "▨", frame: "▣", line: "━", dot: "●" } as const;

/** A panel's headline with its legend at the right. */
export function headline(frame: Frame, top: number, title: string, keys: readonly Key[] = [], more = ""): string {
  const y = px(top + HEADLINE - 9);
  const also = more ? `<tspan class="faint" dx="9">${escapeHtml(more)}</tspan>` : "";
  const legend = keys.map(
    ({ shape, name, means }, i) =>
      `<tspan class="sign ${name}" dx="${i === 0 ? 0 : 14}">${SIGNS[shape]}</tspan><tspan class="faint" dx="4">${escapeHtml(means)}</tspan>`,
  );
  return `<text class="start" x="${px(frame.left)}" y="${y}"><tspan class="head">${escapeHtml(title)}</tspan>${also}</text><text class="end" x="${px(frame.right)}" y="${y}">${legend.join("")}</text>`;
}

/** Tick marks of a panel's own axis, with a line across. */
export function valueAxis(frame: Frame, y: Scale, unit: (value: number) => string): string {
  return y.ticks
    .map(
      (tick) =>
        line("grid", frame.left, y(tick), frame.right, y(tick)) +
        label("end axis", frame.left - 8, y(tick) + 4, unit(tick)),
    )
    .join("");
}

/** The name of a row, in the gutter. */
export function rowName(frame: Frame, middle: number, text: string): string {
  return label("end rowname", frame.left - 8, middle + 4, text);
}
