/** One thing that is wrong with the stack's configuration. */
export interface Problem {
  /** Full key, with the path inside an object: `cutover:ghl.token`. */
  readonly key: string;
  /** What was found (never a secret's value) and what is allowed. */
  readonly message: string;
  /** Command that sets it right. */
  readonly fix: string;
}

/** Where the raw values come from; Pulumi in the program, a plain map in tests. */
export interface ConfigSource {
  /** All values of the stack by full key; objects and lists as JSON text, as Pulumi hands them out. */
  readonly values: Readonly<Record<string, string>>;
  readonly isSecret: (key: string) => boolean;
  /** Time is a rehearsal's, faster than everybody's; default false. */
  readonly rehearsed?: boolean;
}

export interface StringOptions {
  readonly pattern?: RegExp;
  /** What the pattern means, as it reads after "expected". */
  readonly expected?: string;
  /** For the command that sets it. */
  readonly example: string;
  /** The value is never shown, and must be encrypted in the stack's file. */
  readonly secret?: boolean;
  /** A URL whose query string, if it has one, may hold a token: then it must be encrypted as well. */
  readonly secretQuery?: boolean;
}

/**
 * Reads values and collects every problem instead of stopping at the first. Reading a key also marks it as known, so
 * that `unknown()` can tell the misspelt ones.
 */
export class ConfigReader {
  readonly problems: Problem[] = [];
  readonly #known = new Set<string>();
  readonly #source: ConfigSource;
  readonly #namespace: string;

  constructor(source: ConfigSource, namespace: string) {
    this.#source = source;
    this.#namespace = namespace;
  }

  /** See {@link ConfigSource.rehearsed}. */
  get rehearsed(): boolean {
    return this.#source.rehearsed ?? false;
  }

  /** Whether the stack's file holds the key encrypted. */
  isSecret(key: string): boolean {
    return this.#source.isSecret(this.full(key));
  }

  /** The value of a key of one word, or undefined where it is not set. */
  raw(key: string): string | undefined {
    this.#known.add(this.full(key));
    return this.#source.values[this.full(key)];
  }

  optionalString(key: string, options: StringOptions): string | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : this.checked(this.full(key), value, options);
  }

  requiredString(key: string, options: StringOptions): string {
    const value = this.optionalString(key, options);
    if (value === undefined && this.raw(key) === undefined) this.missing(this.full(key), options);
    return value ?? "";
  }

  /** A value out of a fixed list. */
  choice<T extends string>(key: string, allowed: readonly T[], fallback: T | undefined): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return fallback;
    const found = allowed.find((a) => a === value);
    if (found === undefined) {
      this.add(
        this.full(key),
        `found "${value}", expected one of ${allowed.join(", ")}`,
        set(this.full(key), allowed[0] ?? ""),
      );
    }
    return found ?? fallback;
  }

  integer(key: string, range: { min: number; max: number }): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return this.checkedInteger(this.full(key), value, range);
  }

  /** A list of texts; empty where it is not set. Each element is checked by itself. */
  strings(key: string, options: StringOptions): readonly string[] {
    const text = this.raw(key);
    if (text === undefined) return [];
    const list = parseList(text);
    if (list === undefined) {
      this.add(this.full(key), "is not a list of texts", set(`${this.full(key)}[0]`, options.example));
      return [];
    }
    return list.flatMap((value, i) => this.checked(`${this.full(key)}[${i}]`, value, options) ?? []);
  }

  /** An object value: its fields are read one by one, unknown fields are problems. */
  object(key: string, fields: readonly string[]): ObjectReader {
    const full = this.full(key);
    const text = this.raw(key);
    const value = text === undefined ? {} : this.parseObject(full, text);
    this.unknownFields(full, value, fields);
    return new ObjectReader(this, full, value, this.#source.isSecret(full));
  }

  /** A list of objects; empty where it is not set. Each is read like {@link object}. */
  objects(key: string, fields: readonly string[]): readonly ObjectReader[] {
    const full = this.full(key);
    const text = this.raw(key);
    if (text === undefined) return [];
    const list = parseJson(text);
    if (!Array.isArray(list) || !list.every(isObject)) {
      const example = fields.map((field) => `"${field}":"…"`).join(",");
      this.add(full, "is not a list of objects", set(`${full}[0]`, `'{${example}}'`));
      return [];
    }
    return list.map((value, i) => {
      this.unknownFields(`${full}[${i}]`, value, fields);
      return new ObjectReader(this, `${full}[${i}]`, value, this.#source.isSecret(full));
    });
  }

  private unknownFields(key: string, value: object | undefined, fields: readonly string[]): void {
    for (const field of Object.keys(value ?? {})) {
      if (fields.includes(field)) continue;
      this.add(
        `${key}.${field}`,
        `is no field of ${key}; known: ${fields.join(", ")}${didYouMean(field, fields)}`,
        remove(`${key}.${field}`),
      );
    }
  }

  /** Reports keys of the namespace that nobody read. */
  unknown(): void {
    const known = [...this.#known].filter((k) => k.startsWith(`${this.#namespace}:`));
    for (const key of Object.keys(this.#source.values)) {
      if (!key.startsWith(`${this.#namespace}:`) || this.#known.has(key)) continue;
      const names = known.map((k) => k.slice(this.#namespace.length + 1));
      const own = key.slice(this.#namespace.length + 1);
      this.add(key, `is no key of this stack${didYouMean(own, names)}; known: ${names.sort().join(", ")}`, remove(key));
    }
  }

  add(key: string, message: string, fix: string): void {
    this.problems.push({ key, message, fix });
  }

  missing(key: string, options: StringOptions): void {
    this.add(
      key,
      `is not set${options.expected ? `; expected ${options.expected}` : ""}`,
      set(key, options.example, options.secret),
    );
  }

  /** `hidden`: the value stands beside secrets, where somebody may have put one by mistake; it is not shown. */
  checked(key: string, value: string, options: StringOptions, hidden = false): string | undefined {
    if (options.pattern && !options.pattern.test(value)) {
      const found = options.secret || hidden ? "a value (not shown) that does not fit" : `"${value}"`;
      this.add(
        key,
        `found ${found}, expected ${options.expected ?? options.pattern.source}`,
        set(key, options.example, options.secret),
      );
      return undefined;
    }
    return value;
  }

  checkedInteger(key: string, value: unknown, range: { min: number; max: number }): number | undefined {
    const number = typeof value === "number" ? value : Number(String(value).trim() === "" ? Number.NaN : value);
    if (!Number.isInteger(number) || number < range.min || number > range.max) {
      this.add(
        key,
        `found "${String(value)}", expected a whole number from ${range.min} to ${range.max}`,
        set(key, String(range.min)),
      );
      return undefined;
    }
    return number;
  }

  private parseObject(full: string, text: string): Record<string, unknown> | undefined {
    const value = parseJson(text);
    if (isObject(value)) return value;
    this.add(full, "is not an object; set its fields one by one", `pulumi config set --path ${full}.<field> <value>`);
    return undefined;
  }

  private full(key: string): string {
    return `${this.#namespace}:${key}`;
  }
}

function parseList(text: string): string[] | undefined {
  const value = parseJson(text);
  return Array.isArray(value) && value.every((v) => typeof v === "string") ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads the fields of one object value. */
export class ObjectReader {
  constructor(
    private readonly reader: ConfigReader,
    private readonly key: string,
    /** Undefined where the value is no object: that is reported already, its fields are not missing as well. */
    private readonly value: Record<string, unknown> | undefined,
    private readonly encrypted: boolean,
  ) {}

  optionalString(field: string, options: StringOptions): string | undefined {
    const value = this.value?.[field];
    const key = `${this.key}.${field}`;
    if (value === undefined) return undefined;
    if (typeof value !== "string") {
      this.reader.add(
        key,
        `is ${Array.isArray(value) ? "a list" : `a ${typeof value}`}, expected text`,
        set(key, options.example, options.secret),
      );
      return undefined;
    }
    if (options.secret && !this.encrypted) {
      this.reader.add(key, "is in plain text in the stack's file", set(key, options.example, true));
      return undefined;
    }
    if (options.secretQuery && value.includes("?") && !this.encrypted) {
      const problem = "has a query string, which may hold a token, and is in plain text in the stack's file";
      this.reader.add(key, problem, set(key, options.example, true));
      return undefined;
    }
    return this.reader.checked(key, value, options, this.encrypted);
  }

  requiredString(field: string, options: StringOptions): string {
    const value = this.optionalString(field, options);
    if (this.value && this.value[field] === undefined) this.reader.missing(`${this.key}.${field}`, options);
    return value ?? "";
  }

  /** A list of texts; empty where it is not set. Each element is checked by itself. */
  strings(field: string, options: StringOptions): readonly string[] {
    const value = this.value?.[field];
    const key = `${this.key}.${field}`;
    if (value === undefined) return [];
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
      this.reader.add(key, "is not a list of texts", set(`${key}[0]`, options.example));
      return [];
    }
    return value.flatMap((one, i) => this.reader.checked(`${key}[${i}]`, one, options, this.encrypted) ?? []);
  }

  /** Adds a problem that only several fields together show. */
  problem(field: string, message: string, example: string): void {
    const key = `${this.key}.${field}`;
    this.reader.add(key, message, set(key, example));
  }

  integer(field: string, range: { min: number; max: number }, fallback: number): number {
    const value = this.value?.[field];
    if (value === undefined) return fallback;
    return this.reader.checkedInteger(`${this.key}.${field}`, value, range) ?? fallback;
  }

  boolean(field: string, fallback: boolean): boolean {
    const value = this.value?.[field];
    if (value === undefined) return fallback;
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    const key = `${this.key}.${field}`;
    this.reader.add(key, `found "${String(value)}", expected true or false`, set(key, "false"));
    return fallback;
  }

  choice<T extends string>(field: string, allowed: readonly T[], fallback: T): T {
    const value = this.value?.[field];
    if (value === undefined) return fallback;
    const found = allowed.find((a) => a === value);
    if (found === undefined) {
      const key = `${this.key}.${field}`;
      this.reader.add(
        key,
        `found "${String(value)}", expected one of ${allowed.join(", ")}`,
        set(key, allowed[0] ?? ""),
      );
    }
    return found ?? fallback;
  }
}

/** The command that sets a key; a secret's value is asked for, so that it is in no shell history. */
function set(key: string, example: string, secret = false): string {
  const path = key.includes(".") || key.includes("[") ? "--path " : "";
  return secret ? `pulumi config set --secret ${path}${key}` : `pulumi config set ${path}${key} ${example}`;
}

function remove(key: string): string {
  return `pulumi config rm ${key.includes(".") ? "--path " : ""}${key}`;
}

/** " (did you mean …?)" where one known name is at most two typing errors away. */
function didYouMean(found: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(found.toLowerCase(), name.toLowerCase()) }))
    .filter((c) => c.distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? ` (did you mean ${near.name}?)` : "";
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** `{key: value}` or nothing: exactOptionalPropertyTypes tells "absent" from "undefined". */
export function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}
