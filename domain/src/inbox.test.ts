import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type BalancerEvent,
  hold,
  isSynthetic,
  judgeReplay,
  MESSAGE_KEY_HEADER,
  parseHeld,
  replayHeaders,
  secretDigest,
} from "./inbox";

const NOW = Date.parse("2026-11-22T10:00:30Z");
const SECRET = "opens-nothing";
const event = (more: Partial<BalancerEvent> = {}): BalancerEvent => ({
  httpMethod: "POST",
  path: "/webhooks/ghl",
  queryStringParameters: {},
  headers: { "content-type": "application/json", "x-webhook-secret": SECRET },
  body: JSON.stringify({ contactId: "c-1", messageId: "m-1", body: "hello" }),
  isBase64Encoded: false,
  ...more,
});
const body = (content: object) => ({ body: JSON.stringify(content) });
const held = (e: BalancerEvent, now = NOW) => {
  const entry = hold(e, [secretDigest(SECRET)], now);
  const request = parseHeld(entry.body);
  if (!request) throw new Error("not readable");
  return { ...entry, request };
};

describe("hold", () => {
  it("keeps the request as it came, without the secret and what belongs to a connection", () => {
    const { request } = held(
      event({
        path: "/webhooks/ghl",
        queryStringParameters: { a: "1%202", backend: "node" },
        headers: {
          "content-type": "application/json",
          "x-contact-id": "c-1",
          "user-agent": "GHL",
          connection: "keep-alive",
          host: "messages.example.com",
          "content-length": "12",
          "x-forwarded-for": "192.0.2.1",
          "x-amzn-trace-id": "Root=1",
          "x-cutover-message-key": "forged",
          "x-webhook-secret": SECRET,
        },
      }),
    );
    expect(request).toMatchObject({
      method: "POST",
      path: "/webhooks/ghl?a=1%202&backend=node",
      at: NOW,
      key: "m-1",
      hasId: true,
      authentic: true,
      headers: { "content-type": "application/json", "x-contact-id": "c-1", "user-agent": "GHL" },
    });
    expect(Object.keys(request.headers)).toHaveLength(3);
    expect(JSON.stringify(request)).not.toContain(SECRET);
  });

  it.each([
    ["a wrong one", { "x-webhook-secret": "wrong" }],
    ["none", {}],
  ])("marks a request with %s of the secret as not authentic", (_what, headers) => {
    expect(held(event({ headers })).request.authentic).toBe(false);
  });

  it("puts the messages of one contact into one group, wherever the contact stands", () => {
    const groups = [
      body({ contactId: "c-1", messageId: "m-1" }),
      body({ customData: { contact_id: "c-1" }, messageId: "m-2" }),
      body({ message: { contactId: "c-1" }, messageId: "m-3" }),
      { headers: { "x-contact-id": "c-1" }, ...body({ messageId: "m-4" }) },
    ].map((more) => held(event(more)).groupId);
    expect(new Set(groups).size).toBe(1);
    expect(held(event(body({ contactId: "c-2", messageId: "m-1" }))).groupId).not.toBe(groups[0]);
  });

  it("knows a message by its id, whatever else came", () => {
    const first = held(event(body({ contactId: "c-1", messageId: "m-1", body: "hello" })));
    const again = held(event(body({ contactId: "c-1", messageId: "m-1", body: "hello!" })), NOW + 3_600_000);
    expect(again.dedupId).toBe(first.dedupId);
  });

  it("knows a message without an id by contact, text and minute, as the Python engine does", () => {
    const one = (text: string, at = NOW) => held(event(body({ contactId: "c-1", body: text })), at);
    expect(one("hello", NOW + 20_000).dedupId).toBe(one("hello").dedupId);
    expect(one("hello", NOW + 60_000).dedupId).not.toBe(one("hello").dedupId);
    expect(one("bye").dedupId).not.toBe(one("hello").dedupId);
    const expected = createHash("sha256").update("c-1\nhello\n2026-11-22T10:00").digest("hex").slice(0, 62);
    expect(one("hello").request).toMatchObject({ key: `h:${expected}`, hasId: false });
  });

  it("replaces an id that is too long for the engines' column by its hash", () => {
    const { request } = held(event(body({ contactId: "c-1", messageId: "m".repeat(65) })));
    expect(request.hasId).toBe(false);
    expect(request.key).toMatch(/^h:[0-9a-f]{62}$/);
  });

  it("keeps what is no message, each by itself, bytes and all", () => {
    const bytes = Buffer.from([0, 255, 128]).toString("base64");
    const { request, groupId } = held(event({ body: bytes, isBase64Encoded: true, headers: {} }));
    expect(request).toMatchObject({ body: bytes, base64: true, hasId: false });
    expect(held(event({ body: "other", headers: {} })).groupId).not.toBe(groupId);
  });

  it("takes AWS's nulls", () => {
    expect(held(event({ headers: null, queryStringParameters: null, body: null })).request).toMatchObject({
      path: "/webhooks/ghl",
      body: "",
      headers: {},
    });
  });

  it("makes ids that SQS takes: at most 128 characters, letters and digits", () => {
    const { groupId, dedupId } = held(event(body({ contactId: "é ".repeat(60), messageId: "ü" })));
    for (const id of [groupId, dedupId]) expect(id).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("replayHeaders", () => {
  it("sends the secret of today where an accepted one came, and no key beside an id", () => {
    expect(replayHeaders(held(event()).request, "new")).toEqual({
      "content-type": "application/json",
      "x-webhook-secret": "new",
    });
  });

  it("never makes a message look better than it came", () => {
    expect(replayHeaders(held(event({ headers: {} })).request, "new")).toEqual({});
  });

  it("sends the key of a message without an id", () => {
    const { request } = held(event(body({ contactId: "c-1", body: "hello" })));
    expect(replayHeaders(request, "new")[MESSAGE_KEY_HEADER]).toBe(request.key);
  });
});

describe("judgeReplay", () => {
  it.each([
    [200, "accepted"],
    [202, "accepted"],
    [302, "refused"],
    [400, "refused"],
    [401, "refused"],
    [408, "not-now"],
    [429, "not-now"],
    [500, "not-now"],
    [503, "not-now"],
    [undefined, "not-now"],
  ] as const)("%s means %s", (status, verdict) => {
    expect(judgeReplay(status)).toBe(verdict);
  });
});

it("tells a probe from a message", () => {
  expect(isSynthetic(event())).toBe(false);
  expect(isSynthetic(event({ headers: { "x-cutover-synthetic": "p-1" } }))).toBe(true);
});

it.each(["", "null", "{}", '{"version":2}', '{"version":1,"path":"/x"}'])("does not read %s", (text) => {
  expect(parseHeld(text)).toBeUndefined();
});
