import type { Json } from "./json";

/** How one input property of a resource behaves. */
export interface Field {
  readonly kind: "string" | "number" | "boolean" | "list" | "set" | "map" | "object" | "any";
  /** Element of a list or set. */
  readonly of?: Field;
  /** Members of an object. */
  readonly fields?: Fields;
  readonly required?: boolean;
  /** A change needs a new resource (Terraform's ForceNew). */
  readonly replace?: boolean;
  /** What AWS (or the real provider) uses when the property is left out. */
  readonly default?: Json;
  /** AWS fills it in when it is left out, and leaving it out later changes nothing (Optional and Computed). */
  readonly computed?: boolean;
  /** Only the provider knows it, or AWS never gives it back: a refresh keeps what was declared. */
  readonly local?: boolean;
  /** Left out, it becomes `<resource name>-<7 random characters>`; the number is AWS's maximum length. */
  readonly autoname?: number;
  /** A JSON text that may be declared as data, as policy documents may. */
  readonly document?: boolean;
  /** Two values mean the same if these are equal; for policy documents, container definitions and the like. */
  readonly canonical?: (value: Json) => Json;
}

export type Fields = { readonly [name: string]: Field };
type Options = Omit<Field, "kind" | "of" | "fields">;

export const str = (options: Options = {}): Field => ({ kind: "string", ...options });
export const num = (options: Options = {}): Field => ({ kind: "number", ...options });
/** False when left out, unless `computed` or another default is given. */
export const bool = (options: Options = {}): Field => ({
  kind: "boolean",
  ...(options.computed === true ? {} : { default: false }),
  ...options,
});
export const list = (of: Field, options: Options = {}): Field => ({ kind: "list", of, ...options });
/** A list whose order means nothing. */
export const set = (of: Field, options: Options = {}): Field => ({ kind: "set", of, ...options });
/** Text to text. */
export const map = (options: Options = {}): Field => ({ kind: "map", ...options });
export const obj = (fields: Fields, options: Options = {}): Field => ({ kind: "object", fields, ...options });
/** Any data, compared as a whole. */
export const any = (options: Options = {}): Field => ({ kind: "any", ...options });
/** Tags; the provider's default tags are added by the lifecycle. */
export const tags = (): Field => map();

export const REQUIRED = { required: true } as const;
export const REPLACE = { replace: true } as const;
export const KEY = { required: true, replace: true } as const;
export const COMPUTED = { computed: true } as const;
/** AWS chooses it when left out; another value is another resource. */
export const FIXED = { computed: true, replace: true } as const;
export const LOCAL = { local: true } as const;
