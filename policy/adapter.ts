import type { PolicyProviderResource, PolicyResourceOptions } from "@pulumi/policy";
import { type Declared, json, type Origin, record, UNKNOWN } from "./checks/model";

/** What the SDK tells of a resource, in resource and in stack policies alike. */
export interface Seen {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly opts: PolicyResourceOptions;
  readonly provider?: PolicyProviderResource;
  /** Only in stack policies: the resources that each property is made from. */
  readonly propertyDependencies?: Readonly<Record<string, readonly Origin[]>>;
}

/** The resource as our checks want it: plain values, `UNKNOWN` for what a preview can't know. */
export function declared(seen: Seen): Declared {
  // The SDK tells an unknown value by an error; a trace of where each came from takes longer than all checks.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return asDeclared(seen);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function asDeclared({ type, name, urn, props, opts, provider, propertyDependencies }: Seen): Declared {
  return {
    type,
    name,
    stack: urn.split(":")[2] ?? "",
    props: record(plain(props)) ?? {},
    ignoreChanges: opts.ignoreChanges,
    defaultTags: defaultTagsOf(provider),
    ...(propertyDependencies ? { comesFrom: origins(propertyDependencies) } : {}),
  };
}

function origins(dependencies: Readonly<Record<string, readonly Origin[]>>): Record<string, Origin[]> {
  return Object.fromEntries(
    Object.entries(dependencies).map(([property, of]) => [property, of.map(({ type, name }) => ({ type, name }))]),
  );
}

/**
 * A copy without the SDK's proxies. They throw when an unknown value is read, which would end the check at the first one and
 * report the rest as "can't run during preview".
 */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => plainAt(value, i));
  if (typeof value !== "object" || value === null) return value;
  // Assets, archives and the like: no check looks into them.
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  return Object.fromEntries(Object.keys(value).map((key) => [key, plainAt(value, key)]));
}

function plainAt(of: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = (of as Readonly<Record<string | number, unknown>>)[key];
  } catch (error) {
    if (error instanceof Error && / can't be known during preview$/.test(error.message)) return UNKNOWN;
    throw error;
  }
  return plain(value);
}

/** Keys of `aws:defaultTags`; a provider's settings are JSON text. */
function defaultTagsOf(provider: PolicyProviderResource | undefined): string[] {
  const settings: unknown = provider ? plainAt(provider.props, "defaultTags") : undefined;
  const tags = record(typeof settings === "string" ? json(settings) : settings)?.tags;
  return Object.keys(record(tags) ?? {});
}
