import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../support/wait";
import { AppSender, REDELIVERY } from "./app-sender";
import { LoadGenerator, totalsOf } from "./load";
import { GhlStandIn } from "./server";

const STEP = { url: "{{custom_values.cutover_webhook_url}}", headers: {} };

describe("senders", () => {
  const ghl = new GhlStandIn();
  let target: Server;
  let url = "";
  let got: { id: string; delivery: unknown; webhook: unknown }[] = [];
  let handle: (request: IncomingMessage, response: ServerResponse, n: number) => void;

  beforeEach(async () => {
    got = [];
    handle = (_request, response) => response.writeHead(200, { "x-served-by": "node" }).end();
    target = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { messageId: string; webhookId?: string };
        got.push({ id: body.messageId, delivery: request.headers.deliveryid, webhook: body.webhookId });
        handle(request, response, got.length);
      });
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const address = target.address();
    url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/webhooks/ghl`;
    await ghl.start();
  });
  afterEach(async () => {
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
    for (const stored of ghl.store.all()) ghl.store.delete(stored.id);
    await ghl.stop();
  });

  describe("a workflow step", () => {
    it("goes by a new connection where a kept one is found closed, and says so", async () => {
      ghl.seed("Cutover Webhook URL", url);
      const sender = ghl.workflow(STEP, { connectTo: "" });
      const send = (messageId: string) => sender.send({ contactId: "c", messageId, body: "x" });
      const used = new Set<unknown>();
      handle = (request, response) => {
        // The second message comes by the connection of the first, which its server is just closing.
        if (used.has(request.socket)) request.socket.resetAndDestroy();
        else response.writeHead(200, { "x-served-by": "node" }).end();
        used.add(request.socket);
      };
      expect(await send("m1")).toMatchObject({ status: 200 });
      const second = await send("m2");
      expect(second).toMatchObject({ status: 200, reconnected: true });
      expect(got.map(({ id }) => id)).toEqual(["m1", "m2", "m2"]);
      sender.close();
    });

    it.each([
      ["429", (response: ServerResponse) => response.writeHead(429).end(), { status: 429 }],
      ["500", (response: ServerResponse) => response.writeHead(500).end(), { status: 500 }],
      ["a reset", (response: ServerResponse) => response.socket?.resetAndDestroy(), { error: "ECONNRESET" }],
      ["no answer", () => {}, { error: "no answer within 100 ms" }],
    ] as const)("does not send again after %s", async (_name, answer, outcome) => {
      handle = (_request, response) => answer(response);
      ghl.seed("Cutover Webhook URL", `${url}?key=s3cret`);
      const sender = ghl.workflow(STEP, { timeoutMs: 100, connectTo: "" });
      const result = await sender.send({ contactId: "c", messageId: "m", body: "hello" });
      sender.close();
      expect(result).toMatchObject(outcome);
      expect(result.target).toBe(new URL(url).host + new URL(url).pathname);
      expect(got).toHaveLength(1);
    });

    it("sends nowhere when its custom value is gone", async () => {
      const sender = ghl.workflow(STEP, { connectTo: "" });
      expect(await sender.send({ contactId: "c", messageId: "m", body: "x" })).toMatchObject({
        error: "the step's URL is empty or no URL",
      });
      sender.close();
    });
  });

  describe("a marketplace app", () => {
    /** A clock that jumps: sleeping moves it, nothing waits. */
    function jumpingClock() {
      const clock = {
        at: 1_800_000_000_000,
        now: () => clock.at,
        sleepUntil: async (ms: number) => {
          clock.at = ms;
        },
      };
      return clock;
    }
    const send = async (options: Partial<ConstructorParameters<typeof AppSender>[0]> = {}) => {
      const sender = new AppSender({ url, locationId: "loc", clock: jumpingClock(), connectTo: "", ...options });
      const outcome = await sender.send({ contactId: "c", messageId: "m-1", body: "hello" });
      sender.close();
      return outcome;
    };

    it("sends again after 429, about ten minutes apart, with the same id, until it is accepted", async () => {
      handle = (_request, response, n) => response.writeHead(n < 4 ? 429 : 200).end();
      const { deliveries, accepted } = await send();
      expect(accepted).toBe(true);
      expect(deliveries.map((d) => d.status)).toEqual([429, 429, 429, 200]);
      expect(got).toEqual(Array(4).fill({ id: "m-1", delivery: "delivery-m-1", webhook: "webhook-m-1" }));
      const gaps = deliveries.slice(1).map((d, i) => d.at - (deliveries[i]?.at ?? 0));
      expect(gaps).toEqual([630_000, 630_000, 630_000]);
    });

    it("gives up after six times more", async () => {
      handle = (_request, response) => response.writeHead(429).end();
      const { deliveries, accepted } = await send({ random: () => 0 });
      expect(accepted).toBe(false);
      expect(deliveries).toHaveLength(1 + REDELIVERY.helpArticle.retries);
    });

    it.each([500, 503, 404, 302])("takes %i as final", async (status) => {
      handle = (_request, response) => response.writeHead(status).end();
      expect(await send()).toMatchObject({ accepted: false, deliveries: [{ status }] });
      expect(got).toHaveLength(1);
    });

    const guide = { redelivery: "integrationGuide" } as const;

    it("by the integration guide sends again after any failure, with growing waits, until it is accepted", async () => {
      const fail = [
        (response: ServerResponse) => response.writeHead(500).end(),
        () => {}, // no answer in time
        (response: ServerResponse) => response.writeHead(404).end(),
      ];
      handle = (_request, response, n) => (fail[n - 1] ?? ((to) => to.writeHead(200).end()))(response);
      const { deliveries, accepted } = await send({ ...guide, timeoutMs: 200, random: () => 0 });
      expect(accepted).toBe(true);
      expect(deliveries.map(({ status }) => status)).toEqual([500, undefined, 404, 200]);
      const gaps = deliveries.slice(1).map((d, i) => d.at - (deliveries[i]?.at ?? 0));
      expect(gaps).toEqual([60_000, 120_000, 240_000]);
      expect(new Set(got.map(({ delivery }) => delivery))).toEqual(new Set(["delivery-m-1"]));
    });

    it("delivers again where only the answer was lost, and not where the help article takes that for final", async () => {
      const losesAnswer = (n: number) => n < 3;
      expect(await send({ ...guide, losesAnswer })).toMatchObject({
        accepted: true,
        deliveries: [{}, {}, { status: 200 }],
      });
      expect(got).toEqual(Array(3).fill({ id: "m-1", delivery: "delivery-m-1", webhook: "webhook-m-1" }));
      expect(await send({ losesAnswer })).toMatchObject({ accepted: false, deliveries: [{ servedBy: "node" }] });
      expect(got).toHaveLength(4);
    });

    it("by the integration guide gives up after twelve times more", async () => {
      handle = (_request, response) => response.writeHead(503).end();
      const { deliveries, accepted } = await send(guide);
      expect(accepted).toBe(false);
      expect(deliveries).toHaveLength(13);
    });
  });

  describe("the load generator", () => {
    it("keeps every message and its fate, in numbers per span of time", async () => {
      handle = (_request, response, n) =>
        n % 5 === 0
          ? response.writeHead(503).end()
          : response.writeHead(200, { "x-served-by": n % 5 === 1 ? "python" : "node" }).end();
      ghl.seed("Cutover Webhook URL", url);
      const sender = ghl.workflow(STEP, { connectTo: "" });
      const load = new LoadGenerator({ sender, concurrency: 8, prefix: "k" });
      await load.burst(100);
      const half = load.messages[49]?.sentAt ?? 0;
      sender.close();
      expect(load.totals()).toMatchObject({ sent: 100, accepted: 80, refused: 20, servedBy: { node: 60, python: 20 } });
      expect(load.totals(0, half).sent + load.totals(half).sent).toBe(100);
      expect(new Set(load.messages.map((m) => m.id)).size).toBe(100);
      expect(new Set(got.map((g) => g.id))).toEqual(new Set(load.messages.map((m) => m.id)));
      expect(totalsOf([])).toMatchObject({ sent: 0, latencyMs: { p95: 0 } });
    });

    it("holds the rate it is told, and stops within it", async () => {
      ghl.seed("Cutover Webhook URL", url);
      const sender = ghl.workflow(STEP, { connectTo: "" });
      const load = new LoadGenerator({ sender, concurrency: 20, ratePerSecond: 100, prefix: "r" });
      const started = Date.now();
      load.start();
      await waitFor(() => load.messages.length >= 60, { what: "60 messages at 100 a second", deadlineMs: 15_000 });
      await load.stop();
      const seconds = (Date.now() - started) / 1000;
      sender.close();
      // Never faster than the rate (plus the few that may start at once); how much slower is the machine's affair.
      expect(load.messages.length).toBeLessThanOrEqual(100 * seconds + 10);
      expect(load.running).toBe(false);
    });

    it("has all its senders busy at the same time", async () => {
      let open = 0;
      let most = 0;
      const waiting: (() => void)[] = [];
      handle = (_request, response) => {
        most = Math.max(most, ++open);
        waiting.push(() => {
          open -= 1;
          response.end();
        });
        if (open === 100) for (const answer of waiting.splice(0)) answer();
      };
      ghl.seed("Cutover Webhook URL", url);
      const sender = ghl.workflow(STEP, { connectTo: "" });
      const load = new LoadGenerator({ sender, concurrency: 100, prefix: "b" });
      const sent = await load.burst(100);
      sender.close();
      expect(most).toBe(100);
      expect(sent.every((m) => m.status === 200)).toBe(true);
    });
  });
});
