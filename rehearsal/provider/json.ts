/** Plain data as it travels between the engine and the provider. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** The properties of one resource. */
export type Props = { [key: string]: Json };
/** Properties as a reader of AWS returns them: what AWS does not have is undefined. */
export type Live = { [key: string]: Json | undefined };

/** What the engine sends, and accepts, for a value that is not known before the change is made. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True if the value is, or contains, an unknown. */
export function hasUnknown(value: Json | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Nothing: absent, null, an empty text, list or object. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** A text that is equal for equal data: object keys sorted, lists in their order. */
export function stableText(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join(",")}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${stableText(value[key])}`).join(",")}}`;
  }
  return value === undefined ? "undefined" : JSON.stringify(value);
}

/** Without the keys whose value is undefined, at any depth. */
export function defined(live: Live): Props {
  const out: Props = {};
  for (const [key, value] of Object.entries(live)) {
    if (value !== undefined) out[key] = value;
  }
  return out;
}

/** A text as JSON; undefined when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
