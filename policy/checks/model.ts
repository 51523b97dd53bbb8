/** Stands for a value that is known only once the update runs, such as the ARN of a resource that is about to be made. */
export const UNKNOWN: unique symbol = Symbol("known after the update");

/** A resource as it is declared, in a form that needs no engine. */
export interface Declared {
  /** Pulumi's type token, such as `aws:lb/listener:Listener`. */
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  readonly stack: string;
  /** Plain values; secrets unwrapped, `UNKNOWN` where a value is not known yet. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Properties whose changes are ignored; undefined where nobody could tell. */
  readonly ignoreChanges?: readonly string[];
  /** For each property the resources its value is made from; undefined where nobody could tell. */
  readonly comesFrom?: Readonly<Record<string, readonly Origin[]>>;
  /** Keys of the tags that the resource's provider adds by itself (`aws:defaultTags`). */
  readonly defaultTags?: readonly string[];
}

/** A resource that a value is made from: type token and logical name. */
export interface Origin {
  readonly type: string;
  readonly name: string;
}

/** Settings of a policy (`--policy-pack-config`). */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Looks at one resource. Returns a sentence for each violation: what is wrong, and what mends it. No sentence holds a value
 * that may be secret.
 */
export type ResourceCheck = (resource: Declared, settings?: Settings) => readonly string[];

/** A violation of the whole stack, with the resource to blame where there is one. */
export interface Finding {
  readonly message: string;
  readonly about?: Declared;
}

/** Looks at everything that the stack will consist of. */
export type StackCheck = (all: readonly Declared[]) => readonly Finding[];

/** An object, or undefined for everything else, unknown values too. */
export function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The elements of a list; a single value counts as a list of one, as in IAM's documents. Nothing for undefined and unknown. */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null || value === UNKNOWN ? [] : [value];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/**
 * Whether a property's value is the target's ARN (or another of its outputs). Where a preview knows neither, what the value
 * is made from decides; where that is not known either, the `up` will tell.
 * @param value The value, where it is not the property itself but lies within it.
 */
export function pointsAt(
  from: Declared,
  property: string,
  target: Declared,
  { value = from.props[property], outputs = ["arn"] }: { value?: unknown; outputs?: readonly string[] } = {},
): boolean {
  const known = outputs.map((output) => text(target.props[output])).filter((output) => output !== undefined);
  if (value === undefined || (typeof value === "string" && known.length > 0)) return known.includes(String(value));
  if (!from.comesFrom) return true;
  return (from.comesFrom[property] ?? []).some(({ type, name }) => type === target.type && name === target.name);
}

/** Parsed JSON; unknown stays unknown, no JSON is undefined. */
export function json(value: unknown): unknown {
  if (value === UNKNOWN) return UNKNOWN;
  if (typeof value !== "string") return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Stacks that carry customers: `prod`, `production`, `prod-eu`. */
export function isProduction(stack: string): boolean {
  return /^prod/.test(stack);
}
