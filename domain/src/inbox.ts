import { createHash } from "node:crypto";

/** Header with the key of a message that carries no id of its own: an engine that takes it stores a replayed message once. */
export const MESSAGE_KEY_HEADER = "x-cutover-message-key";

/** What a load balancer hands a Lambda target (AWS, "Use Lambda functions as targets of an Application Load Balancer"). */
export interface BalancerEvent {
  readonly httpMethod: string;
  readonly path: string;
  /** As they were sent, still percent-encoded. */
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/** A request as it waits in the inbox. Holds no secret: whether the right one came is a mark. */
export interface HeldRequest {
  readonly version: 1;
  /** When it came, milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Path and query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly base64: boolean;
  /** It carried an `x-webhook-secret` that was accepted when it came. */
  readonly authentic: boolean;
  /** De-duplication key: the sender's message id, else a hash of contact, text and minute of arrival. */
  readonly key: string;
  /** The message carries an id of its own. */
  readonly hasId: boolean;
}

/** A message for a FIFO queue. */
export interface QueueEntry {
  readonly body: string;
  /** One conversation: its messages keep their order. */
  readonly groupId: string;
  readonly dedupId: string;
}

/** As long as `ghl_message_id` is in the engines' table. */
const LONGEST_KEY = 64;

/** Headers of one connection and of the load balancer before us; those of the next one are its own. */
const NOT_KEPT =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|content-length|via|forwarded|x-forwarded-.*|x-amzn-.*|x-cutover-.*|x-webhook-secret)$/;

/**
 * A customer's request as an entry of the inbox. Contact, text and id are looked for where the engines look for them
 * (docs/app-contract.md); a request that is no message is kept all the same, and judged by the engine.
 * @param accepted SHA-256 digests of the accepted values of x-webhook-secret
 * @param now milliseconds since the epoch
 */
export function hold(event: BalancerEvent, accepted: readonly string[], now: number): QueueEntry {
  const headers = event.headers ?? {};
  const base64 = event.isBase64Encoded === true;
  const body = event.body ?? "";
  const text = base64 ? Buffer.from(body, "base64").toString("utf8") : body;
  const message = fieldsOf(text, headers["x-contact-id"]);
  const hasId = message.id.length > 0 && message.id.length <= LONGEST_KEY;
  const minute = new Date(now).toISOString().slice(0, 16);
  const seed = message.id || `${message.contact}\n${message.isMessage ? message.text : text}\n${minute}`;
  const key = hasId ? message.id : `h:${sha256(seed).slice(0, LONGEST_KEY - 2)}`;
  const held: HeldRequest = {
    version: 1,
    at: now,
    method: event.httpMethod,
    path: pathOf(event),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_KEPT.test(name.toLowerCase()))),
    body,
    base64,
    authentic: accepted.includes(secretDigest(headers["x-webhook-secret"] ?? "")),
    key,
    hasId,
  };
  // Without a contact there is no order to keep.
  const groupId = sha256(message.contact || key);
  return { body: JSON.stringify(held), groupId, dedupId: sha256(key) };
}

/** What the inbox compares secrets by: its configuration must not hold them. */
export function secretDigest(secret: string): string {
  return sha256(`webhook-secret\n${secret}`);
}

/**
 * Reads an entry of the inbox.
 * @returns undefined for what this version did not write
 */
export function parseHeld(text: string): HeldRequest | undefined {
  try {
    const value = JSON.parse(text) as Partial<HeldRequest> | null;
    const right =
      value?.version === 1 &&
      typeof value.path === "string" &&
      typeof value.body === "string" &&
      typeof value.key === "string" &&
      typeof value.at === "number" &&
      typeof value.headers === "object";
    return right ? (value as HeldRequest) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Headers with which a held request goes to an engine: its own, the secret that is accepted now where an accepted one came
 * then, and the key where the message carries no id.
 */
export function replayHeaders(held: HeldRequest, webhookSecret: string): Record<string, string> {
  return {
    ...held.headers,
    ...(held.authentic ? { "x-webhook-secret": webhookSecret } : {}),
    ...(held.hasId ? {} : { [MESSAGE_KEY_HEADER]: held.key }),
  };
}

/** A probe of ours, which leaves nothing. */
export function isSynthetic(event: BalancerEvent): boolean {
  return event.headers?.["x-cutover-synthetic"] !== undefined;
}

/** What an engine's answer means for a held message. */
export type ReplayVerdict =
  /** It is in the engine's table. */
  | "accepted"
  /** The engine will never take it: it must not stand before the others of its conversation. */
  | "refused"
  /** Later. */
  | "not-now";

/** @param status undefined where no answer came */
export function judgeReplay(status: number | undefined): ReplayVerdict {
  if (status === undefined || status >= 500 || status === 408 || status === 429) return "not-now";
  return status >= 200 && status < 300 ? "accepted" : "refused";
}

function pathOf({ path, queryStringParameters }: BalancerEvent): string {
  const pairs = Object.entries(queryStringParameters ?? {}).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

interface Fields {
  readonly contact: string;
  readonly text: string;
  readonly id: string;
  readonly isMessage: boolean;
}

function fieldsOf(body: string, contactHeader: string | undefined): Fields {
  const header = (contactHeader ?? "").trim();
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    // said below
  }
  if (!isBag(raw)) return { contact: header, text: "", id: "", isMessage: false };
  return {
    contact: find(raw, "contactId", "contact_id") || header,
    text: find(raw, "body", "messageBody", "message_body"),
    id: find(raw, "messageId", "message_id", "ghlMessageId"),
    isMessage: true,
  };
}

function find(raw: Readonly<Record<string, unknown>>, ...names: readonly string[]): string {
  for (const place of [raw, raw.customData, raw.message]) {
    if (!isBag(place)) continue;
    for (const name of names) {
      const value = place[name];
      if ((typeof value === "string" && value) || typeof value === "number") return String(value).replaceAll("\0", "");
    }
  }
  return "";
}

function isBag(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
