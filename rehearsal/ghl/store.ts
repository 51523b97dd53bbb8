import { randomBytes } from "node:crypto";

/** A custom value as the stand-in keeps it. */
export interface StoredValue {
  readonly id: string;
  name: string;
  /** What it holds now; each change is remembered for senders that see it late. */
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
  readonly #changes = new Map<string, Change[]>();

  all(): StoredValue[] {
    return [...this.#values.values()];
  }

  byId(id: string): StoredValue | undefined {
    return this.#values.get(id);
  }

  add(name: string, value: string): StoredValue {
    const id = randomBytes(32).toString("base64url").replaceAll(/[-_]/g, "").slice(0, 20);
    const fieldKey = `{{ custom_values.${slugOf(name)} }}`;
    const changes: Change[] = [];
    const stored: StoredValue = {
      id,
      name,
      fieldKey,
      get value() {
        return changes.at(-1)?.value ?? "";
      },
      set value(next: string) {
        changes.push({ atMs: Date.now(), value: next });
      },
    };
    stored.value = value;
    this.#changes.set(fieldKey, changes);
    this.#values.set(id, stored);
    return stored;
  }

  delete(id: string): boolean {
    return this.#values.delete(id);
  }

  /**
   * What a merge field such as `custom_values.webhook_url` stands for; "" when there is no such value, as in GHL.
   * @param delayMs For a sender that sees changes so many real milliseconds late; a deletion is seen at once.
   */
  resolve(key: string, delayMs = 0): string {
    const wanted = `{{ ${key} }}`;
    const now = this.all().find((v) => v.fieldKey === wanted)?.value;
    if (now === undefined || delayMs <= 0) return now ?? "";
    const seen = this.#changes.get(wanted)?.findLast(({ atMs }) => atMs <= Date.now() - delayMs);
    return seen?.value ?? this.#changes.get(wanted)?.[0]?.value ?? now;
  }
}

interface Change {
  readonly atMs: number;
  readonly value: string;
}

function slugOf(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}
