import { GhlError } from "./errors";

/** The same text but for spaces around it and the escapes of HTML and URLs. */
export function isAltered(seen: string, wanted: string): boolean {
  const bare = (text: string) => {
    const plain = text
      .trim()
      .replaceAll(/&(amp|lt|gt|quot|#0?39|#x27|#x2F);/gi, (_all, name: string) => ENTITY[name.toLowerCase()] ?? "");
    try {
      return decodeURI(plain);
    } catch {
      return plain;
    }
  };
  return bare(seen) === bare(wanted);
}

const ENTITY: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  "#039": "'",
  "#x27": "'",
  "#x2f": "/",
};

/** A name as people take it for the same: without case and with single spaces. */
export function normal(name: string): string {
  return name.trim().replaceAll(/\s+/g, " ").toLowerCase();
}

/** The URL itself. @throws GhlError unless it is https, or http on loopback */
export function checkedBaseUrl(baseUrl: string): string {
  const local = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(baseUrl);
  if (!local && !/^https:\/\/[^\s?#]+$/.test(baseUrl)) {
    throw new GhlError(
      "invalid",
      "cutover:ghl.baseUrl must be an https URL without a query string; leave it out for GHL itself",
    );
  }
  return baseUrl;
}

/**
 * The token itself. One with a line break would be refused deep inside the HTTP stack with a message that shows it.
 * @throws GhlError for such a token
 */
export function checkedToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new GhlError(
      "token",
      "cutover:ghl.token is empty or has spaces or line breaks in it; set it again: pulumi config set --secret --path 'cutover:ghl.token'",
    );
  }
  return token;
}
