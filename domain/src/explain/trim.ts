/** A part of a comment: kept as it is, or a list whose rows may go. */
export type Part =
  | { readonly keep: true; readonly text: string }
  | {
      readonly keep: false;
      /** What its rows are, for the sentence about what is left out. */
      readonly name: string;
      readonly open: string;
      readonly rows: readonly string[];
      readonly close: string;
    };

/** Room for the sentence that names what was cut. */
const NOTE = 400;
const ELLIPSIS = "\n\n… (cut: the comment would be too long; the job's log has the whole text)";

/**
 * Joins the parts to at most `max` characters. Rows go first, from the last list upwards, and a sentence says how many of
 * what; only when the kept parts alone are too long is the end cut off: headlines come first and stay.
 */
export function trimmed(parts: readonly Part[], max: number): string {
  const whole = parts.map((part) => join(part, Number.POSITIVE_INFINITY)).join("\n\n");
  if (whole.length + 1 <= max) return `${whole}\n`;
  const shown = new Map(parts.map((part) => [part, part.keep ? 0 : part.rows.length]));
  let over = whole.length + 1 + NOTE - max;
  for (const part of [...parts].reverse()) {
    if (part.keep) continue;
    let rows = part.rows.length;
    while (over > 0 && rows > 0) over -= (part.rows[--rows] ?? "").length + 1;
    shown.set(part, rows);
  }
  const kept = parts.filter((part) => part.keep || (shown.get(part) ?? 0) > 0);
  const cut = parts.flatMap((part) => {
    const left = part.keep ? 0 : part.rows.length - (shown.get(part) ?? 0);
    return part.keep || left === 0 ? [] : [`${left} ${part.name}`];
  });
  const note = `**Left out, because a comment may have ${max.toLocaleString("en")} characters:** ${cut.join(", ")}. The job's log has the whole text.`;
  const text = `${[...kept.map((part) => join(part, shown.get(part) ?? 0)), note].join("\n\n")}\n`;
  if (text.length <= max) return text;
  return `${text.slice(0, Math.max(0, max - ELLIPSIS.length))}${ELLIPSIS}`.slice(0, max);
}

function join(part: Part, rows: number): string {
  if (part.keep) return part.text;
  return [part.open, ...part.rows.slice(0, rows), part.close].join("\n");
}
