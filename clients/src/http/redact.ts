/** What replaces a secret in texts that people or logs may see. */
export const REDACTED = "[redacted]";

/** Secrets shorter than this are not searched for in texts: they would blot out ordinary words. */
const SHORTEST_SECRET = 6;

/**
 * A URL as it may be shown: scheme, host, port and path. Query string, fragment, user and password are dropped, because
 * webhook URLs carry tokens there. Text that is no URL becomes `[not a URL]`: it may be a secret in the wrong place.
 */
export function redactUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return "[not a URL]";
  }
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search || parsed.hash ? "?…" : ""}`;
}

/**
 * A text without the given secrets (also as they look inside JSON, a URL or base64), without anything that looks like a
 * GHL token or bearer header, and without the query string of any URL in it.
 */
export function redactText(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const form of formsOf(secret)) clean = clean.replaceAll(form, REDACTED);
  }
  return clean
    .replaceAll(/\bpit-[0-9a-z-]{8,}/gi, REDACTED)
    .replaceAll(/\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`)
    .replaceAll(/\b(eyJ[\w-]{8,})\.[\w-]+\.[\w-]*/g, REDACTED)
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]+@/gi, `$1${REDACTED}@`)
    .replaceAll(/\b(https?:\/\/[^\s?#"'<>]+)[?#][^\s"'<>]*/gi, "$1?…");
}

function formsOf(secret: string): Set<string> {
  const json = JSON.stringify(secret).slice(1, -1);
  return new Set([secret, json, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]);
}

/** A short piece of a foreign text for an error message: one line, no HTML tags, at most `max` characters (default 200). */
export function excerpt(text: string, max = 200): string {
  const line = text
    .replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
