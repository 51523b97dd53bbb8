import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConnectTo, resolveConnectTo } from "./connect-to";
import { excerpt, redactText, redactUrl } from "./redact";
import { askedWaitMs, DEFAULT_RETRY, isIdempotent, isTransientStatus, nextWaitMs } from "./retry";

describe("redaction", () => {
  it.each([
    ["https://h.example.com/p?token=abc", "https://h.example.com/p?…"],
    ["https://user:pass@h.example.com:8443/p", "https://h.example.com:8443/p"],
    ["https://h.example.com/p#token", "https://h.example.com/p?…"],
    ["pit-12345678-secret", "[not a URL]"],
  ])("of a URL: %s", (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it.each([
    ["authorization: Bearer abcdefgh.ijkl", "authorization: Bearer [redacted]"],
    ["token pit-5a0d3c1e-0000-4000 refused", "token [redacted] refused"],
    ["see https://h.example.com/p?key=v1 and http://x/y?z now", "see https://h.example.com/p?… and http://x/y?… now"],
    ["postgresql://postgres:hunter22@db.example.com:5432/x", "postgresql://[redacted]@db.example.com:5432/x"],
    ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt [redacted] end"],
  ])("of a text: %s", (text, clean) => {
    expect(redactText(text)).toBe(clean);
  });

  it("finds a secret however it is written", () => {
    const secret = fc.stringMatching(/^[\x21-\x7e]{8,30}$/);
    fc.assert(
      fc.property(secret, (value) => {
        const forms = [value, JSON.stringify(value), encodeURIComponent(value), Buffer.from(value).toString("base64")];
        for (const form of forms) {
          const clean = redactText(`before ${form} after`, [value]);
          expect(clean).not.toContain(form);
        }
      }),
      { seed: 1 },
    );
  });

  it("leaves short words and other text alone", () => {
    expect(redactText("a cat sat", ["cat"])).toBe("a cat sat");
    expect(excerpt("<html><style>x{}</style><h1>502</h1>\n<p>Bad gateway</p></html>")).toBe("502 Bad gateway");
    expect(excerpt("x".repeat(300), 10)).toBe("xxxxxxxxxx…");
  });
});

describe("connect-to", () => {
  it.each([
    ["a.example.com:443:127.0.0.1:8443", "a.example.com", "443", "127.0.0.1", "8443"],
    ["a.example.com:443:127.0.0.1:8443", "A.Example.COM", "443", "127.0.0.1", "8443"],
    ["a.example.com:443:127.0.0.1:8443", "a.example.com", "80", "a.example.com", "80"],
    ["a.example.com:443:127.0.0.1:8443", "b.example.com", "443", "b.example.com", "443"],
    ["::127.0.0.1:9", "any.example.com", "443", "127.0.0.1", "9"],
    ["a.example.com:443::8443", "a.example.com", "443", "a.example.com", "8443"],
    ["a.example.com:443:[::1]:8443", "a.example.com", "443", "::1", "8443"],
    ["[::1]:443:127.0.0.1:1", "::1", "443", "127.0.0.1", "1"],
    [" x:1:y:2 , a.example.com:443:127.0.0.1:8443,", "a.example.com", "443", "127.0.0.1", "8443"],
    ["", "a.example.com", "443", "a.example.com", "443"],
  ])("%s sends %s:%s to %s:%s", (spec, host, port, toHost, toPort) => {
    expect(resolveConnectTo(parseConnectTo(spec), host, port)).toMatchObject({ host: toHost, port: toPort });
  });

  it.each(["a.example.com", "a:443:b", "a:x:b:1", "a:1:b:2:3"])("refuses %s", (spec) => {
    expect(() => parseConnectTo(spec)).toThrow(/expected HOST:PORT:TO_HOST:TO_PORT/);
  });
});

describe("retries", () => {
  it("knows what passes by itself and what may be sent twice", () => {
    expect([408, 429, 500, 502, 503, 504].every(isTransientStatus)).toBe(true);
    expect([200, 301, 400, 401, 404, 409, 422, 501, 505].some(isTransientStatus)).toBe(false);
    expect(["get", "HEAD", "PUT", "delete"].every(isIdempotent)).toBe(true);
    expect(["POST", "PATCH"].some(isIdempotent)).toBe(false);
  });

  it.each([
    [429, { "retry-after": "3" }, 3000],
    [503, { "retry-after": "0.5" }, 500],
    [503, { "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" }, 10_000],
    [503, { "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, 0],
    [429, { "retry-after": "soon", "x-ratelimit-interval-milliseconds": "10000" }, 10_000],
    [429, { "x-ratelimit-interval-milliseconds": "10000" }, 10_000],
    [503, { "x-ratelimit-interval-milliseconds": "10000" }, undefined],
    [429, {}, undefined],
  ])("a %i with %j asks for %s ms", (status, headers, wait) => {
    expect(askedWaitMs(status, headers, Date.parse("2026-01-01T00:00:00Z"))).toBe(wait);
  });

  it("waits exponentially with jitter, as long as asked, and gives up in time", () => {
    const seen = { failed: 1, spentMs: 0, askedMs: undefined };
    expect(nextWaitMs(DEFAULT_RETRY, seen, () => 0)).toBe(125);
    expect(nextWaitMs(DEFAULT_RETRY, seen, () => 1)).toBe(250);
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, failed: 4 }, () => 1)).toBe(2000);
    expect(nextWaitMs({ ...DEFAULT_RETRY, attempts: 20 }, { ...seen, failed: 15 }, () => 1)).toBe(8000);
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, askedMs: 10_000 }, () => 0)).toBe(10_000);
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, askedMs: 10_000 }, () => 1)).toBe(11_000);
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, askedMs: 3_600_000 }, () => 0)).toBeUndefined();
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, failed: 5 }, () => 0)).toBeUndefined();
    expect(nextWaitMs(DEFAULT_RETRY, { ...seen, spentMs: 119_950 }, () => 0)).toBeUndefined();
  });
});
