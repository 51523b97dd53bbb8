/** A custom value of a location, as far as Cutover uses it. */
export interface CustomValue {
  readonly id: string;
  /** Exactly as GHL holds it; sent back unchanged in every write, because renaming may change the merge field. */
  readonly name: string;
  readonly value: string;
  /**
   * What goes into a workflow step, such as `{{ custom_values.cutover_webhook_url }}`. Taken from GHL's `fieldKey`; guessed
   * from the name when GHL leaves it out.
   */
  readonly mergeField: string;
  /** False when `mergeField` is a guess. */
  readonly mergeFieldKnown: boolean;
}

/** Reads one custom value, inside its wrapper `{customValue: …}` or bare. Undefined when it is none. */
export function readCustomValue(json: unknown): CustomValue | undefined {
  const inner = isRecord(json) && isRecord(json.customValue) ? json.customValue : json;
  if (!isRecord(inner)) return undefined;
  const { id, name, value, fieldKey } = inner;
  if (typeof id !== "string" || id === "" || typeof name !== "string") return undefined;
  const known = typeof fieldKey === "string" && fieldKey.includes("custom_values.");
  return {
    id,
    name,
    value: typeof value === "string" ? value : value === undefined || value === null ? "" : String(value),
    mergeField: known ? braced(fieldKey) : `{{ custom_values.${slug(name)} }}`,
    mergeFieldKnown: known,
  };
}

/** Reads a list of custom values. Undefined when the answer is no list; entries that are none are an error too. */
export function readCustomValues(json: unknown): CustomValue[] | undefined {
  const list = isRecord(json) ? json.customValues : json;
  if (!Array.isArray(list)) return undefined;
  const values = list.map(readCustomValue);
  return values.every((v) => v !== undefined) ? values : undefined;
}

/** The part of a merge field that GHL makes from a name: lower case, other characters become underscores. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}

function braced(fieldKey: string): string {
  return fieldKey.includes("{{") ? fieldKey : `{{ ${fieldKey.trim()} }}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
