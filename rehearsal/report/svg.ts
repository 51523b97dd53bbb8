import { escapeHtml } from "./escape";

/** A length in the drawing's own units, short. */
export function px(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** A box from left to right and top to bottom; `title` is shown by a pointer that rests on it. */
export function box(
  name: string,
  { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number },
  title = "",
): string {
  const said = title ? `><title>${escapeHtml(title)}</title></rect>` : "/>";
  return `<rect class="${name}" x="${px(left)}" y="${px(top)}" width="${px(Math.max(0, right - left))}" height="${px(Math.max(0, bottom - top))}"${said}`;
}

export function line(name: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${name}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;
}

/** Text with its anchor where the class puts it: `start`, `end`, else the middle. */
export function label(name: string, x: number, y: number, text: string): string {
  return `<text class="${name}" x="${px(x)}" y="${px(y)}">${escapeHtml(text)}</text>`;
}

/** About how wide a text is drawn; generous, as the page enlarges the chart's letters on a narrow screen. */
export function widthOf(text: string): number {
  return text.length * 9.2;
}
