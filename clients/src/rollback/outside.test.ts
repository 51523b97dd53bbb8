import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { FilterLogEventsCommandInput } from "@aws-sdk/client-cloudwatch-logs";
import type { RollbackSecret } from "@cutover/domain/function-config";
import { matchOf } from "@cutover/domain/webhook";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { HttpReply } from "../http/client";
import { HttpError } from "../http/errors";
import { awsPorts } from "./aws-ports";
import { lostMessages } from "./lost";
import { probeEngine } from "./probe";
import { type MoveWebhookOptions, moveWebhook as moveWebhookTo, readWebhook } from "./webhook";

describe("probeEngine", () => {
  const target = { domain: "messages.example.com", engine: "node" as const, path: "/healthz", key: "pl4nted" };
  const reply = (status: number, headers = {}): HttpReply => ({
    status,
    headers,
    text: "",
    json: undefined,
    attempts: 1,
    latencyMs: 1,
  });
  const silent = new HttpError("deadline", "GET", "https://x", "", 1, "no answer");
  const unreachable = new HttpError("network", "GET", "https://x", "ENOTFOUND", 1, "unknown host");
  const untrusted = new HttpError("tls", "GET", "https://x", "CERT_HAS_EXPIRED", 1, "expired");

  const ask = async (...answers: (HttpReply | HttpError)[]) => {
    const asked: unknown[] = [];
    const client = {
      send: async (request: unknown) => {
        asked.push(request);
        const answer = answers[Math.min(asked.length, answers.length) - 1];
        if (answer instanceof HttpError || !answer) throw answer;
        return answer;
      },
    };
    return { health: await probeEngine(target, client), asked };
  };

  it.each<[string, (HttpReply | HttpError)[], string, number]>([
    ["an answer", [reply(200)], "answers", 1],
    ["an answer by its name", [reply(204, { "x-served-by": "node" })], "answers", 1],
    ["an answer after two failures", [reply(502), silent, reply(200)], "answers", 3],
    ["three errors", [reply(503)], "dead", 3],
    ["three silences", [silent], "dead", 3],
    ["the wrong engine", [reply(200, { "x-served-by": "python" })], "unknown", 3],
    ["a wrong key", [reply(404)], "unknown", 3],
    ["no way to the front door", [unreachable], "unknown", 3],
    ["a bad certificate", [untrusted], "unknown", 3],
    ["errors, but one attempt that never arrived", [reply(503), unreachable, reply(503)], "unknown", 3],
  ])("judges %s", async (_what, answers, health, attempts) => {
    const seen = await ask(...answers);
    expect([seen.health, seen.asked.length]).toEqual([health, attempts]);
  });

  it.each([
    [reply(200, { "x-served-by": "inbox" }), "answers"],
    [reply(429, { "x-served-by": "inbox" }), "dead"],
    [reply(502), "dead"],
    [reply(404), "unknown"],
  ] as const)("judges the inbox by whether it can store", async (answer, health) => {
    expect(await probeEngine({ ...target, engine: "inbox" }, { send: async () => answer })).toBe(health);
  });

  it("opens the probe rule and is known as synthetic", async () => {
    expect((await ask(reply(200))).asked).toMatchObject([
      {
        method: "GET",
        path: "https://messages.example.com/healthz",
        headers: {
          "x-cutover-target": "node",
          "x-cutover-key": "pl4nted",
          "x-cutover-synthetic": expect.stringMatching(/^rollback-/),
        },
      },
    ]);
  });
});

describe("moveWebhook", () => {
  let close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of close) await end();
    close = [];
  });

  /** Node's own URL answers as a webhook does, unless a test says otherwise. */
  const moveWebhook = (
    place: Parameters<typeof moveWebhookTo>[0],
    hidden: RollbackSecret,
    options: MoveWebhookOptions = {},
    to: "node" | "front-door" = "node",
  ) =>
    moveWebhookTo(place, hidden, to, { greet: async () => ({ status: 404 }), ...options } satisfies MoveWebhookOptions);

  const FRONT_DOOR = "https://messages.example.com/webhooks/ghl?key=pl4nted-query";
  const NODE = "https://node.example.com/hook?key=pl4nted-query";
  const secret: RollbackSecret = { ghlToken: "pit-pl4nted-token", nodeUrl: NODE, frontDoorUrl: FRONT_DOOR };

  /** A GoHighLevel that holds the custom value v1, and another of its name, `twin`; `fault` may answer first. */
  async function ghl(
    value: string,
    fault?: (request: IncomingMessage, response: ServerResponse) => boolean,
    twin?: string,
  ) {
    const held = { id: "v1", name: "Cutover Webhook URL", value, fieldKey: "{{ custom_values.cutover_webhook_url }}" };
    let writes = 0;
    const server = createServer((request, response) => {
      if (fault?.(request, response)) return;
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        if (request.method === "PUT") {
          writes++;
          held.value = (JSON.parse(body) as { value: string }).value;
        }
        const one = request.url?.endsWith("/v1");
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify(one ? { customValue: held } : { customValues: twin ? [{ ...held, id: twin }, held] : [held] }),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    const baseUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    const place = { locationId: "location-1", match: { name: "Cutover Webhook URL" }, baseUrl };
    return { held, place, writes: () => writes };
  }

  it.each([
    ["the front door", FRONT_DOOR],
    ["the front door, pinned", `${FRONT_DOOR}&backend=node`],
  ])("points GoHighLevel from %s at Node, and shows no token", async (_what, before) => {
    const { held, place } = await ghl(before);
    const outcome = await moveWebhook(place, secret);
    expect(outcome).toEqual({ state: "done", detail: "moved to https://node.example.com/hook?…" });
    expect(held.value).toBe(NODE);
  });

  it("moves the one meant by its id where two have the same name", async () => {
    const { held, place } = await ghl(FRONT_DOOR, undefined, "v0");
    await expect(moveWebhook(place, secret)).rejects.toThrow(
      /2 custom values named "Cutover Webhook URL": .*\(id v0\), .*\(id v1\)/,
    );
    const outcome = await moveWebhook({ ...place, match: matchOf("id:v1") }, secret);
    expect([outcome.state, held.value]).toEqual(["done", NODE]);
  });

  it.each([
    ["Node", NODE],
    ["the front door, pinned", `${FRONT_DOOR}&backend=node`],
  ])("points GoHighLevel from %s back at the front door, where the inbox is", async (_what, before) => {
    const { held, place } = await ghl(before);
    expect(await moveWebhook(place, secret, {}, "front-door")).toMatchObject({ state: "done" });
    expect(held.value).toBe(FRONT_DOOR);
  });

  it("says in mode manual that the step has to send to the front door", async () => {
    expect(await moveWebhook(undefined, secret, {}, "front-door")).toMatchObject({
      state: "skipped",
      byHand: { why: "manual" },
      detail: expect.stringMatching(/don't reach the inbox: put https:\/\/messages.example.com/),
    });
  });

  it.each([
    ["node", NODE],
    ["node", `${FRONT_DOOR}&backend=node`],
    ["front-door", FRONT_DOOR],
    ["theirs", "https://elsewhere.example.com/x?t=pl4nted"],
  ])("sees GoHighLevel at %s", async (where, value) => {
    const { place, writes } = await ghl(value);
    const seen = await readWebhook(place, secret);
    expect(seen).toMatchObject({ place: where });
    expect(JSON.stringify(seen)).not.toContain("pl4nted");
    expect(writes()).toBe(0);
    expect(await readWebhook(undefined, secret)).toBeUndefined();
  });

  it("writes nothing where it points there already", async () => {
    const { place, writes } = await ghl(NODE);
    expect(await moveWebhook(place, secret)).toMatchObject({ state: "done", detail: expect.stringMatching(/already/) });
    expect(writes()).toBe(0);
  });

  it("does not overwrite what a person wrote, and says what it is", async () => {
    const { held: holds, place } = await ghl("https://elsewhere.example.com/x?t=pl4nted");
    const outcome = await moveWebhook(place, secret);
    expect(outcome).toMatchObject({
      state: "skipped",
      byHand: { why: "foreign", found: expect.stringMatching(/^https:\/\/elsewhere/) },
      detail: expect.stringMatching(/by hand to https:\/\/elsewhere.*unless it leads to Node, put https:\/\/node/),
    });
    const held = await moveWebhook(place, secret, {}, "front-door");
    expect(held.detail).toMatch(/does not reach the inbox: put https:\/\/messages/);
    expect(JSON.stringify([outcome, held])).not.toContain("pl4nted");
    expect(holds.value).toMatch(/elsewhere/);
  });

  it("is left to a person in mode manual, and says what to do", async () => {
    expect(await moveWebhook(undefined, { nodeUrl: NODE })).toMatchObject({
      state: "skipped",
      byHand: { why: "manual" },
      detail: expect.stringMatching(/put https:\/\/node.example.com\/hook\?… into the step/),
    });
  });

  it.each([undefined, { status: 301 }, { status: 502 }])(
    "points it at the pinned front door where Node's own URL is dead (%o)",
    async (answer) => {
      const { held, place } = await ghl(FRONT_DOOR);
      const outcome = await moveWebhook(place, secret, { greet: async () => answer });
      expect(outcome.detail).toBe(
        "moved to https://messages.example.com/webhooks/ghl?…, since nothing answers at Node's own URL https://node.example.com/hook?…",
      );
      expect(held.value).toBe(`${FRONT_DOOR}&backend=node`);
    },
  );

  it.each([
    ["its health path says that it is well", 200, NODE],
    ["its health path is as dead", 503, `${FRONT_DOOR}&backend=node`],
  ])("goes by Node's health path where its webhook does not answer a GET: %s", async (_what, health, holds) => {
    const { held, place } = await ghl(FRONT_DOOR);
    const greet = async (url: string) => ({ status: url === "https://node.example.com/health" ? health : 502 });
    await moveWebhook(place, secret, { greet, healthPath: "/health" });
    expect(held.value).toBe(holds);
  });

  it("gets over an ordinary 429, whose interval header asks for 10 s, and gives up within the function's time", async () => {
    let limited = 1;
    const { held, place } = await ghl(FRONT_DOOR, (request, response) => {
      if (request.method !== "PUT" || limited-- <= 0) return false;
      response.writeHead(429, { "x-ratelimit-interval-milliseconds": "10000" }).end("{}");
      return true;
    });
    let now = 0;
    const waits: number[] = [];
    const surroundings = {
      now: () => now,
      random: () => 0.999,
      sleep: async (ms: number) => {
        waits.push(ms);
        now += ms;
      },
    };
    expect(await moveWebhook(place, secret, { surroundings })).toMatchObject({ state: "done" });
    expect([held.value, waits]).toEqual([NODE, [10_999]]);
    limited = Number.POSITIVE_INFINITY;
    held.value = FRONT_DOOR;
    now = 0;
    await expect(moveWebhook(place, secret, { surroundings })).rejects.toThrow(/too many requests/);
    expect(now).toBeLessThan(20_000);
  });

  it("does not wait longer than the function has time, whatever GoHighLevel does", async () => {
    const { place } = await ghl(FRONT_DOOR, () => true);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const moving = moveWebhook(place, secret, { deadlineMs: 600_000 });
      const ended = expect(moving).rejects.toThrow("did not take it within 32 s; the reconciler tries again");
      await vi.advanceTimersByTimeAsync(32_000);
      await ended;
    } finally {
      vi.useRealTimers();
    }
  });

  it("fails with GoHighLevel's reason, without the token", async () => {
    const { place } = await ghl(FRONT_DOOR, (_request, response) => {
      response.writeHead(503).end("down");
      return true;
    });
    const error = await moveWebhook(place, secret, { retry: { attempts: 2, baseMs: 1 } }).catch((e: unknown) => e);
    expect(String(error)).toMatch(/503/);
    expect(String(error)).not.toMatch(/pl4nted/);
  });
});

describe("lostMessages", () => {
  const line = (more: object) => ({
    message: JSON.stringify({ event: "message_processed", outcome: "failed", synthetic: false, ...more }),
  });
  /** Answers with these pages in turn; an error is thrown. What was asked for is in `asked`. */
  const asked: FilterLogEventsCommandInput[] = [];
  const read = (...pages: (object[] | Error)[]) => {
    asked.length = 0;
    const send = async ({ input }: { input: FilterLogEventsCommandInput }) => {
      const page = pages[asked.push(input) - 1];
      if (page instanceof Error) throw page;
      return { events: page, ...(asked.length < pages.length ? { nextToken: `page ${asked.length}` } : {}) };
    };
    return lostMessages("/cutover/prod/python", 7_200_000, { send } as never, { deadlineMs: 300 });
  };
  const denied = Object.assign(new Error("no"), { name: "AccessDeniedException" });

  it("names customers' failed messages, each once", async () => {
    const events = [
      line({ messageId: "m1" }),
      line({ messageId: "m1" }),
      line({ messageId: "m2", synthetic: true }),
      line({ messageId: "m3", outcome: "completed" }),
      line({ messageId: "m4", event: "agent_routed" }),
      { message: "Traceback (most recent call last)" },
      {},
      line({ messageId: "m5" }),
    ];
    expect(await read(events)).toEqual({ known: true, ids: ["m1", "m5"], more: false, sinceMinutes: 60 });
  });

  it("says when there are more than a person wants to read", async () => {
    const lost = await read(Array.from({ length: 80 }, (_, n) => line({ messageId: `m${n}` })));
    expect(lost).toMatchObject({ more: true });
    expect(lost.known && lost.ids).toHaveLength(50);
  });

  it("reads on through empty pages to the last", async () => {
    expect(await read([], [], [line({ messageId: "m1" })], [])).toMatchObject({ ids: ["m1"], more: false });
    expect(asked.map(({ nextToken, startTime }) => [nextToken, startTime])).toEqual([
      [undefined, 3_600_000],
      ["page 1", 3_600_000],
      ["page 2", 3_600_000],
      ["page 3", 3_600_000],
    ]);
    expect(await read([], [])).toMatchObject({ known: true, ids: [], more: false });
  });

  it("never says none where it could not read to the end, and at least so many where it found some", async () => {
    expect(await read([], denied)).toMatchObject({ known: false, why: expect.stringMatching(/AccessDenied/) });
    expect(await read([line({ messageId: "m1" })], denied)).toMatchObject({ ids: ["m1"], more: true });
    await expect(read(denied)).rejects.toThrow("no");
  });

  it.each([
    ["the same page again and again", () => ({ events: [], nextToken: "same" })],
    ["more pages than time", () => ({ events: [], nextToken: String(Math.random()) })],
  ])("ends where there is %s", async (_what, answer) => {
    const send = () => new Promise((resolve) => setTimeout(() => resolve(answer()), 5));
    const lost = await lostMessages("/cutover/prod/python", 0, { send } as never, { deadlineMs: 50 });
    expect(lost).toMatchObject({ known: false });
  });

  it("asks for stamps of the applications' clock, which a rehearsal runs faster", async () => {
    vi.stubEnv("CUTOVER_CLOCK", `${Date.now() - 60_000},60`);
    try {
      const send = vi.fn(async (_command: { input: FilterLogEventsCommandInput }) => ({}));
      await awsPorts({} as never, { logs: { send } } as never, () => {}).lostMessages();
      // A minute ago the rehearsal began, so an hour of it has passed, less a moment: the last hour begins there.
      const since = (send.mock.calls[0]?.[0].input.startTime ?? 0) - (Date.now() - 60_000);
      expect(Math.abs(since)).toBeLessThan(600_000);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
