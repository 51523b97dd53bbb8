/** Text of others inside Markdown: no markup, no mention of anybody, no HTML. */
export function plain(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/([\\`*_[\]|~#])/g, "\\$1")
    .replaceAll(/(^|\W)@(?=\w)/g, "$1@\u200b")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** Text of others as code on one line. */
export function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll(/\s+/g, " ").replaceAll("|", "\\|").trim()}\``;
}

/** "1 message", "12 messages" */
export function counted(count: number, word: string): string {
  return `${amount(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** A number as people say it: whole from ten on, below that two digits that count. */
export function amount(value: number): string {
  return Number(value.toPrecision(value < 10 ? 2 : Math.max(3, Math.round(value).toString().length))).toLocaleString(
    "en",
    {
      maximumFractionDigits: value < 10 ? 1 : 0,
    },
  );
}

/** "3 min", "1.5 h" */
export function duration(minutes: number): string {
  return minutes < 120 ? `${amount(minutes)} min` : `${amount(minutes / 60)} h`;
}

/** "about $36 a month more", to what such a number is good for. */
export function money(perMonth: number): string {
  return `about $${amount(Math.max(1, Math.round(Math.abs(perMonth))))} a month ${perMonth < 0 ? "less" : "more"}`;
}

/** First twelve digits of a digest: enough to find it, short enough to read. */
export function shortDigest(digest: string): string {
  return `\`${digest.replace(/^sha256:/, "").slice(0, 12)}…\``;
}
