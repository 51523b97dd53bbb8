import { isEmpty, isObject, type Json, type Props } from "./json";

/** Typed access to the properties of a resource. Left-out, null and empty values read as undefined. */
export class Bag {
  constructor(
    readonly props: Props,
    private readonly what = "resource",
  ) {}

  has(name: string): boolean {
    return !isEmpty(this.props[name]);
  }

  json(name: string): Json | undefined {
    const value = this.props[name];
    return isEmpty(value) ? undefined : value;
  }

  str(name: string): string | undefined {
    const value = this.json(name);
    return value === undefined ? undefined : String(value);
  }

  /** A text that must be there. */
  need(name: string): string {
    const value = this.str(name);
    if (value === undefined) throw new Error(`${this.what}: property ${name} is missing`);
    return value;
  }

  num(name: string): number | undefined {
    const value = this.json(name);
    return value === undefined ? undefined : Number(value);
  }

  bool(name: string): boolean | undefined {
    const value = this.json(name);
    return value === undefined ? undefined : String(value) === "true";
  }

  /** A list of texts; empty when left out. */
  strs(name: string): string[] {
    const value = this.json(name);
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** A list of texts; undefined when left out or empty. */
  someStrs(name: string): string[] | undefined {
    const value = this.strs(name);
    return value.length > 0 ? value : undefined;
  }

  bag(name: string): Bag | undefined {
    const value = this.json(name);
    return isObject(value) ? new Bag(value, `${this.what}.${name}`) : undefined;
  }

  bags(name: string): Bag[] {
    const value = this.json(name);
    return Array.isArray(value) ? value.filter(isObject).map((item) => new Bag(item, `${this.what}.${name}`)) : [];
  }

  /** Text to text; empty when left out. */
  map(name: string): Record<string, string> {
    const value = this.json(name);
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)])) : {};
  }
}
