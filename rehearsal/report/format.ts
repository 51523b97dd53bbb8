import { escapeHtml } from "./escape";

/** A whole number with separators. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "–" stands for what is not known or did not happen. */
export function unknownOr(value: number | null | undefined, show: (value: number) => string = count): string {
  return value === null || value === undefined ? "–" : show(value);
}

export function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;
}

/** Part of a whole in percent, "20.7 %"; "–" of nothing. */
export function percentOf(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}

/** A table cell that holds a number. */
export function numberCell(html: string, tone = ""): string {
  return `<td class="n${tone ? ` ${tone}` : ""}">${html}</td>`;
}
