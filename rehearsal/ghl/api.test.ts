import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GhlStandIn, TOKENS } from "./server";

const NAME = "Cutover Webhook URL";
const RATE_HEADERS = [
  "x-ratelimit-limit-daily",
  "x-ratelimit-daily-remaining",
  "x-ratelimit-interval-milliseconds",
  "x-ratelimit-max",
  "x-ratelimit-remaining",
];

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string | undefined;
  readonly version?: string | undefined;
  readonly body?: unknown;
}

/** By plain fetch: what our client thinks of the answers plays no part. */
describe("the stand-in GHL's contract (facts: ghl-supabase A2, A3, A5)", () => {
  let ghl: GhlStandIn;
  beforeEach(async () => {
    ghl = new GhlStandIn();
    await ghl.start();
  });
  afterEach(() => ghl.stop());

  const list = () => `/locations/${ghl.locationId}/customValues`;
  async function ask({ method = "GET", path = list(), body, ...auth }: Asked = {}) {
    const token = "token" in auth ? auth.token : TOKENS.write;
    const version = "version" in auth ? auth.version : "2021-07-28";
    const response = await fetch(`${ghl.url}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(version === undefined ? {} : { version }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, json, headers: response.headers };
  }
  const written = { name: NAME, value: "https://x.example.com" };

  // Everything is wrong with the first; each next one mends what the one before was refused for.
  it("judges route, token, version, scope, body and id in this order", async () => {
    const item = `${list()}/unknown`;
    const bad = { method: "PUT", path: item, body: { name: 1 } };
    const steps: readonly [Asked, number, RegExp][] = [
      [{ ...bad, method: "PATCH", path: "/nowhere", token: "x", version: "1999" }, 404, /^Cannot PATCH \/nowhere$/],
      [{ ...bad, token: "x", version: "1999" }, 401, /^Invalid token/],
      [{ ...bad, token: TOKENS.readonly, version: undefined }, 401, /^version header was not found\.$/],
      [{ ...bad, token: TOKENS.readonly, version: "1999" }, 401, /^version header is invalid$/],
      [{ ...bad, token: TOKENS.readonly }, 401, /^The token is not authorized for this scope\.$/],
      [bad, 422, /name must be a string,.*value must be a string/],
      [{ ...bad, body: written }, 400, /does not exist/],
    ];
    for (const [asked, status, message] of steps) {
      const seen = await ask(asked);
      expect([seen.status, String(seen.json.message)]).toEqual([status, expect.stringMatching(message)]);
    }
  });

  it("refuses the agency's token and another location's as it does a missing scope", async () => {
    for (const token of [TOKENS.agency, TOKENS.otherLocation]) {
      expect(await ask({ token })).toMatchObject({ status: 401, json: { message: expect.stringContaining("scope") } });
    }
    expect(await ask({ token: undefined })).toMatchObject({ status: 401, json: { statusCode: 401 } });
  });

  it("has two shapes of a 401: with statusCode, and for the version with status", async () => {
    expect(Object.keys((await ask({ token: "x" })).json).sort()).toEqual(["error", "message", "statusCode", "traceId"]);
    expect(Object.keys((await ask({ version: "x" })).json).sort()).toEqual(["error", "message", "status", "traceId"]);
    for (const version of ["2021-04-15", "2021-07-28", "2023-02-21", "v3"]) {
      expect((await ask({ version })).status).toBe(200);
    }
  });

  it("makes, reads, lists, changes and deletes a value, in GHL's shapes", async () => {
    const made = await ask({ method: "POST", body: written });
    expect(made).toMatchObject({
      status: 201,
      json: {
        customValue: { ...written, locationId: ghl.locationId, fieldKey: "{{ custom_values.cutover_webhook_url }}" },
      },
    });
    const { id } = made.json.customValue as { id: string };
    const path = `${list()}/${id}`;
    expect((await ask()).json.customValues).toEqual([made.json.customValue]);
    const changed = { name: "Renamed", value: "https://y.example.com" };
    expect(await ask({ method: "PUT", path, body: changed })).toMatchObject({
      status: 200,
      json: { customValue: { id, ...changed, fieldKey: "{{ custom_values.cutover_webhook_url }}" } },
    });
    expect(ghl.renames).toEqual([{ from: NAME, to: "Renamed" }]);
    expect((await ask({ path })).json.customValue).toMatchObject(changed);
    expect(await ask({ method: "DELETE", path })).toMatchObject({ status: 200, json: { succeded: true } });
    expect((await ask({ method: "DELETE", path })).status).toBe(400);
    ghl.missing = 404;
    expect((await ask({ method: "DELETE", path })).status).toBe(404);
  });

  it("says differently that an id is missing, from time to time", async () => {
    const said = new Set<unknown>();
    for (let i = 0; i < 6; i++) said.add((await ask({ path: `${list()}/none${i}` })).json.message);
    expect(said.size).toBeGreaterThan(1);
  });

  it.each([
    ["no JSON", "{", /JSON object/],
    ["a list", [], /JSON object/],
    ["an empty name", { name: "", value: "x" }, /name should not be empty/],
    ["no value", { name: NAME }, /value must be a string/],
    ["a further key", { ...written, locationId: "x" }, /property locationId should not exist/],
  ])("refuses %s as a body with 422 and a list of messages", async (_what, body, message) => {
    const { status, json } = await ask({ method: "POST", body });
    expect(status).toBe(422);
    expect(json.message).toEqual(expect.arrayContaining([expect.stringMatching(message)]));
    expect(ghl.store.all()).toEqual([]);
  });

  it("sends the five rate headers and a trace id with every answer, refusals included", async () => {
    for (const asked of [{}, { token: "x" }, { version: "x" }, { path: "/nowhere" }, { method: "POST", body: {} }]) {
      const { headers, json } = await ask(asked);
      expect(RATE_HEADERS.filter((name) => !headers.has(name))).toEqual([]);
      expect(json.traceId).toMatch(/^[\w-]{36}$/);
    }
  });

  it("answers the 101st request within ten seconds with 429", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++) statuses.push((await ask()).status);
    expect(statuses.slice(0, 100).every((status) => status === 200)).toBe(true);
    expect(statuses[100]).toBe(429);
    expect((await ask()).headers.get("x-ratelimit-remaining")).toBe("0");
  });

  it("keeps no token in its journal", async () => {
    await ask({ method: "POST", body: written });
    expect(ghl.journal).toMatchObject([{ method: "POST", status: 201, body: JSON.stringify(written) }]);
    expect(JSON.stringify(ghl.journal)).not.toContain(TOKENS.write);
  });
});
