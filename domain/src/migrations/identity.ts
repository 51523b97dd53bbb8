import { createHash } from "node:crypto";

/** The Supabase CLI's naming, so that `supabase db push` could run the same folder. */
const FILE_NAME = /^([0-9]+)_(.*)\.sql$/;

/** A file as the program names it: enough to tell whether anything changed. */
export interface FileRef {
  readonly file: string;
  /** SHA-256 of the text with LF line ends, in hex. */
  readonly sha256: string;
}

/** SHA-256 of the text, the same whether git checked it out with LF or CRLF, with or without a byte order mark. */
export function checksum(text: string): string {
  const normalised = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  return createHash("sha256").update(normalised).digest("hex");
}

/** MD5 of a function's text, as `md5(prosrc)` gives it: to tell whether it changed, not to guard it. */
export function bodyDigest(body: string): string {
  return createHash("md5").update(body).digest("hex");
}

/** Version and name of a file, or undefined for a file that is no migration (a README, a lint setting). */
export function parseFileName(file: string): { version: string; name: string } | undefined {
  const match = FILE_NAME.exec(file);
  return match?.[1] && match[2] !== undefined ? { version: match[1], name: match[2] } : undefined;
}

/** Versions are numbers of any length; leading zeros don't count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [BigInt(a), BigInt(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
