import { type Preview, valuesOf } from "./preview";

/** What stands where something was hidden. */
export const HIDDEN = "[hidden]";

/** Names of properties and variables whose values are secret, or lead to a secret. */
const SECRET_NAME = /secret|passw|token|api_?key|key$|dsn|credential|authorization|private|database|connection|url$/i;

/** Shorter values, and short plain words, would blot out ordinary text. */
const SHORTEST = 6;
const PLAIN_WORD = /^[a-z-]{1,12}$/;

/** Forms that are never secret, and that a comment needs. */
const HARMLESS = /^(\[secret\]|sha256:[0-9a-f]{64}|\d+|cutover-[a-z0-9-]+|arn:aws[a-z-]*:[^?]*|urn:pulumi:.*)$/;

/** What looks like a secret wherever it stands. */
const LOOKS_SECRET: readonly RegExp[] = [
  /\b(?:sk|pk|rk|pit|xox[abpr]|gh[opsu])[-_][A-Za-z0-9-_]{8,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g,
  /\bAKIA[0-9A-Z]{12,}/g,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@"'<>]+@[^\s"'<>]*/gi,
  /\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=\bhttps?:\/\/[^\s?#"'<>]+)[?#][^\s"'<>)]+/gi,
  // Long random text; a digest says so before it, a resource's or file's name has word breaks.
  /(?<![\w:/-])(?=[A-Za-z0-9+/=]*\d)(?=[A-Za-z0-9+/=]*[A-Za-z])[A-Za-z0-9+/=]{24,}(?![\w/-])/g,
];

/**
 * Makes the last net under everything that is shown: takes out each value that lies under a secret-sounding name in this
 * preview, and whatever looks like a secret. The first net is `allowed.ts`.
 */
export function hider(preview: Preview): (text: string) => string {
  const secrets = new Set<string>();
  for (const value of valuesOf(preview)) collect(value, false, secrets);
  const known = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN);
    for (const form of LOOKS_SECRET) clean = clean.replaceAll(form, HIDDEN);
    return clean;
  };
}

/** Every string in a value, changed by `hide`. */
export function hideIn<T>(value: T, hide: (text: string) => string): T {
  if (typeof value === "string") return hide(value) as T;
  if (Array.isArray(value)) return value.map((one) => hideIn(one, hide)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hideIn(one, hide)])) as T;
}

function collect(value: unknown, secret: boolean, into: Set<string>): void {
  if (typeof value === "string") {
    const inner = parsed(value);
    if (inner !== undefined) collect(inner, secret, into);
    else if (secret && isWorthHiding(value)) into.add(value);
  } else if (Array.isArray(value)) {
    for (const one of value) collect(one, secret, into);
  } else if (typeof value === "object" && value !== null) {
    const named = Object.entries(value);
    // ECS and others write a variable as {name, value}.
    const variable = "name" in value && SECRET_NAME.test(String(value.name));
    for (const [key, one] of named)
      collect(one, secret || SECRET_NAME.test(key) || (variable && key === "value"), into);
  }
}

function isWorthHiding(value: string): boolean {
  return value.length >= SHORTEST && !PLAIN_WORD.test(value) && !HARMLESS.test(value);
}

/** JSON inside a string: a policy, a secret's content, container definitions. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
