import { hasUnknown, isEmpty, isObject, type Json, type Live, type Props, stableText, UNKNOWN } from "./json";
import type { Field, Fields } from "./schema";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** A value, or its default when it is left out; undefined when there is nothing. */
function settled(field: Field, value: Json | undefined): Json | undefined {
  const chosen = value === undefined || value === null ? field.default : value;
  return isEmpty(chosen) ? undefined : chosen;
}

/**
 * Whether what is declared already describes what exists. Left-out properties stand for their default, or for anything
 * where AWS chooses. An unknown value is never the same.
 */
export function same(field: Field, declared: Json | undefined, existing: Json | undefined): boolean {
  const want = settled(field, declared);
  const have = settled(field, existing);
  if (want === undefined && have === undefined) return true;
  if (want === undefined) return field.computed === true || isDefaultObject(field, have);
  if (have === undefined) return !hasUnknown(want) && isDefaultObject(field, want);
  if (hasUnknown(want)) return false;
  if (field.canonical && stableText(field.canonical(want)) === stableText(field.canonical(have))) return true;
  if (field.canonical && field.kind !== "list" && field.kind !== "set") return false;
  switch (field.kind) {
    case "string":
    case "boolean":
      return String(want) === String(have);
    case "number":
      return Number(want) === Number(have);
    case "list":
      return Array.isArray(want) && Array.isArray(have) && sameList(field.of, want, have);
    case "set":
      return Array.isArray(want) && Array.isArray(have) && sameSet(field.of, want, have);
    case "object":
      return isObject(want) && isObject(have) && sameMembers(field.fields ?? {}, want, have);
    case "map":
      return isObject(want) && isObject(have) && stableText(asTexts(want)) === stableText(asTexts(have));
    case "any":
      return stableText(want) === stableText(have);
  }
}

/** An object that says no more than leaving it out would. */
function isDefaultObject(field: Field, value: Json | undefined): boolean {
  return field.kind === "object" && isObject(value) && sameMembers(field.fields ?? {}, {}, value);
}

function sameList(of: Field | undefined, want: Json[], have: Json[]): boolean {
  return want.length === have.length && want.every((item, at) => (of ? same(of, item, have[at]) : item === have[at]));
}

function sameSet(of: Field | undefined, want: Json[], have: Json[]): boolean {
  if (want.length !== have.length) return false;
  const rest = [...have];
  return want.every((item) => {
    const at = of ? rest.findIndex((other) => same(of, item, other)) : rest.indexOf(item);
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

function sameMembers(fields: Fields, want: Props, have: Props): boolean {
  return Object.entries(fields).every(([name, member]) => member.local || same(member, want[name], have[name]));
}

function asTexts(value: Props): Props {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]));
}

/**
 * What exists, written the way it was declared: where both mean the same the declared text stays, so that a refresh
 * shows nothing but real drift. With `full`, values AWS chose are added; without, only what differs from the defaults.
 */
export function overlay(
  field: Field,
  declared: Json | undefined,
  live: Json | undefined,
  full: boolean,
): Json | undefined {
  if (declared !== undefined && declared !== null && same(field, declared, live)) {
    if (full && field.kind === "object" && isObject(declared) && isObject(live)) {
      return overlayMembers(field.fields ?? {}, declared, live, full);
    }
    return declared;
  }
  if (live === undefined || live === null) return undefined;
  if (!full && (declared === undefined || declared === null) && same(field, undefined, live)) return undefined;
  if (field.kind === "object" && isObject(live)) {
    return overlayMembers(field.fields ?? {}, isObject(declared) ? declared : {}, live, full);
  }
  if ((field.kind === "list" || field.kind === "set") && Array.isArray(live) && field.of) {
    const of = field.of;
    const before = Array.isArray(declared) ? declared : [];
    return live.map((item, at) => {
      const twin = field.kind === "set" ? before.find((other) => same(of, other, item)) : before[at];
      return overlay(of, twin, item, full) ?? item;
    });
  }
  return live;
}

function overlayMembers(fields: Fields, declared: Props, live: Live, full: boolean): Props {
  const out: Props = {};
  for (const [name, member] of Object.entries(fields)) {
    const value = member.local ? declared[name] : overlay(member, declared[name], live[name], full);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** Fills in the defaults of left-out properties, at any depth of declared objects. */
export function withDefaults(fields: Fields, props: Props): Props {
  const out: Props = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = filled(field, props[name]);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

function filled(field: Field, value: Json | undefined): Json | undefined {
  if (value === undefined || value === null) return field.default;
  if (field.kind === "object" && isObject(value)) return withDefaults(field.fields ?? {}, value);
  const of = field.of;
  if (of && Array.isArray(value)) return value.map((item) => filled(of, item) ?? item);
  return value;
}

/** Declared properties as the handlers take them: documents given as data become JSON text; nulls go. */
export function normalized(fields: Fields, props: Props): Props {
  const out: Props = {};
  for (const [name, value] of Object.entries(props)) {
    const field = fields[name];
    if (value !== null) out[name] = field ? normalizedValue(field, value) : value;
  }
  return out;
}

function normalizedValue(field: Field, value: Json): Json {
  if (field.document && isObject(value)) return hasUnknown(value) ? UNKNOWN : JSON.stringify(value);
  if (field.kind === "object" && isObject(value)) return normalized(field.fields ?? {}, value);
  const of = field.of;
  return of && Array.isArray(value) ? value.map((item) => normalizedValue(of, item)) : value;
}

export interface Difference {
  /** Property path as the engine writes it: `defaultActions[0].forward.targetGroups[1].weight`. */
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  readonly replace: boolean;
}

/** Where the new inputs ask for something the old ones did not; empty when nothing has to change. */
export function differences(fields: Fields, olds: Props, news: Props): Difference[] {
  const found: Difference[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (field.local ? stableText(olds[name]) === stableText(news[name]) : same(field, news[name], olds[name])) continue;
    const paths = detail(name, olds[name], news[name]);
    const spots: Omit<Difference, "replace">[] = paths.length > 0 ? paths : [{ path: name, kind: "update" }];
    for (const spot of spots) found.push({ ...spot, replace: field.replace === true });
  }
  return found;
}

function detail(path: string, old: Json | undefined, now: Json | undefined): Omit<Difference, "replace">[] {
  if (stableText(old) === stableText(now)) return [];
  if (old === undefined || old === null) return [{ path, kind: "add" }];
  if (now === undefined || now === null) return [{ path, kind: "delete" }];
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, at) => detail(`${path}[${at}]`, old[at], now[at])).flat();
  }
  if (isObject(old) && isObject(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
    return keys.flatMap((key) => detail(`${path}${segment(key)}`, old[key], now[key]));
  }
  return [{ path, kind: "update" }];
}

function segment(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `["${key.replaceAll('"', '\\"')}"]`;
}

export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** Everything wrong with declared properties: unknown names, wrong kinds, missing ones. Unknown values pass. */
export function problems(fields: Fields, props: Props, where: string, prefix = ""): Problem[] {
  const found: Problem[] = [];
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("__")) continue;
    const path = `${prefix}${name}`;
    const field = fields[name];
    if (field === undefined) {
      found.push({ property: path, reason: `rehearsal provider: ${path} of ${where} is not served; add it there` });
    } else {
      found.push(...valueProblems(field, value, where, path));
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field.required && isMissing(props[name])) {
      found.push({ property: `${prefix}${name}`, reason: `${prefix}${name} is required` });
    }
  }
  return found;
}

function isMissing(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function valueProblems(field: Field, value: Json, where: string, path: string): Problem[] {
  if (value === null || value === UNKNOWN || field.kind === "any") return [];
  if (isObject(value) && SIGNATURE in value) return [];
  if (field.kind === "list" || field.kind === "set") {
    if (!Array.isArray(value)) return [{ property: path, reason: `expected a list, found ${describe(value)}` }];
    return value.flatMap((item, at) => (field.of ? valueProblems(field.of, item, where, `${path}[${at}]`) : []));
  }
  if (field.kind === "object" || field.kind === "map") {
    if (!isObject(value)) return [{ property: path, reason: `expected an object, found ${describe(value)}` }];
    return field.fields ? problems(field.fields, value, where, `${path}.`) : [];
  }
  if (fits(field.kind, value)) return [];
  return [{ property: path, reason: `expected a ${field.kind}, found ${describe(value)}` }];
}

function fits(kind: "string" | "number" | "boolean", value: Json): boolean {
  if (kind === "string") return typeof value !== "object";
  if (kind === "number") return value !== "" && typeof value !== "object" && Number.isFinite(Number(value));
  return typeof value === "boolean" || value === "true" || value === "false";
}

/** The kind of a value, never the value: it may be a secret. */
function describe(value: Json): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
