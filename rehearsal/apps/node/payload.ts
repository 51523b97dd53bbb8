/** A message as it goes into message_queue. */
export interface Message {
  readonly locationId: string;
  readonly contactId: string;
  /** The sender's message id; absent when the workflow step does not send one: then nothing can be de-duplicated. */
  readonly messageId: string | undefined;
  readonly body: string;
  readonly type: string;
}

const MAX_ID = 64;

/**
 * Reads what GoHighLevel sends: the workflow step's custom data or the marketplace app's event. Fields are looked for
 * at the top, in `customData` and in `message`.
 * @param keyHeader x-cutover-message-key: stands for the id of a message without one, so that it is stored once
 * @returns the message, or the sentence that says why there is none (it repeats no content)
 */
export function parseMessage(
  raw: unknown,
  contactHeader: string | undefined,
  defaultLocation: string,
  keyHeader?: string,
): Message | string {
  if (!isRecord(raw)) return "expected a JSON object";
  const location = raw.location;
  const contactId = find(raw, "contactId", "contact_id") || (contactHeader ?? "").trim();
  const locationId =
    find(raw, "locationId", "location_id") || (isRecord(location) ? find(location, "id") : "") || defaultLocation;
  for (const [name, value] of [
    ["contactId", contactId],
    ["locationId", locationId],
  ] as const) {
    if (value.length < 1 || value.length > MAX_ID) return `expected ${name} with 1 to ${MAX_ID} characters`;
  }
  const messageId = find(raw, "messageId", "message_id", "ghlMessageId") || (keyHeader ?? "").slice(0, MAX_ID);
  if (messageId.length > MAX_ID) return `expected messageId with at most ${MAX_ID} characters`;
  return {
    locationId,
    contactId,
    messageId: messageId || undefined,
    body: find(raw, "body", "messageBody", "message_body"),
    type: (find(raw, "messageType", "message_type") || "SMS").slice(0, 20),
  };
}

function find(raw: Readonly<Record<string, unknown>>, ...names: readonly string[]): string {
  for (const place of [raw, raw.customData, raw.message]) {
    if (!isRecord(place)) continue;
    for (const name of names) {
      const value = place[name];
      // A Postgres text can't hold the zero character.
      if ((typeof value === "string" && value) || typeof value === "number") return String(value).replaceAll("\0", "");
    }
  }
  return "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
