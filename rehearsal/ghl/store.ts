import { randomBytes } from "node:crypto";

/** A custom value as the stand-in keeps it. */
export interface StoredValue {
  readonly id: string;
  name: string;
  value: string;
  /** Frozen when the value is made, whatever it is renamed to. */
  readonly fieldKey: string;
  /** What the next `reads` reads show instead. */
  stale?: { reads: number; value: string };
  /** How many lists still lack it. */
  hiddenLists?: number;
}

/** The custom values of one location. Names need not be unique: whether GHL forbids that is not documented. */
export class ValueStore {
  readonly #values = new Map<string, StoredValue>();

  all(): StoredValue[] {
    return [...this.#values.values()];
  }

  byId(id: string): StoredValue | undefined {
    return this.#values.get(id);
  }

  add(name: string, value: string): StoredValue {
    const id = randomBytes(32).toString("base64url").replaceAll(/[-_]/g, "").slice(0, 20);
    const stored: StoredValue = { id, name, value, fieldKey: `{{ custom_values.${slugOf(name)} }}` };
    this.#values.set(id, stored);
    return stored;
  }

  delete(id: string): boolean {
    return this.#values.delete(id);
  }

  /** What a merge field such as `custom_values.webhook_url` stands for; "" when there is no such value, as in GHL. */
  resolve(key: string): string {
    const wanted = `{{ ${key} }}`;
    return this.all().find((v) => v.fieldKey === wanted)?.value ?? "";
  }
}

function slugOf(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}
