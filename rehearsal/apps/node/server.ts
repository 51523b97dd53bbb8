import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answer } from "./agents";
import type { Events } from "./events";
import { type Faults, SLOW_MS } from "./faults";
import { type Message, parseMessage } from "./payload";
import type { Queue } from "./queue";
import type { Settings } from "./settings";
import { reportResult, type Worker } from "./worker";

const MAX_BODY = 256 * 1024;
/** What a probe without a body stands for. */
const PROBE = '{"contactId":"cutover-probe","body":"probe"}';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Everything a request handler needs. */
export interface WebParts {
  readonly settings: Settings;
  readonly queue: Queue;
  readonly worker: Worker;
  readonly events: Events;
  readonly faults: Faults;
  /** True after SIGTERM: the health path says no, requests are still served. */
  readonly stopping: () => boolean;
}

/** The HTTP side: POST /webhooks/ghl and GET /healthz. Not listening yet. */
export function createWeb(parts: WebParts): Server {
  const handler = new Handler(parts);
  const server = createServer((request, response) => {
    handler
      .answer(request)
      .catch((): Answer => ({ status: 500, body: { error: "internal error" } }))
      .then(({ status, body }) => send(response, status, body, parts.stopping()));
  });
  // Longer than the load balancer's idle timeout, or it meets closed connections and answers 502.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 80_000;
  return server;
}

function send(response: ServerResponse, status: number, body: Answer["body"], stopping: boolean): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json",
    "x-served-by": "node",
    ...(stopping ? { connection: "close" } : {}),
  });
  response.end(JSON.stringify({ engine: "node", ...body }));
}

class Handler {
  readonly #parts: WebParts;
  #busy = 0;

  constructor(parts: WebParts) {
    this.#parts = parts;
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? "").split("?")[0];
    if (path === "/healthz" && request.method === "GET") return this.#health();
    if (path === "/webhooks/ghl" && request.method === "POST") return this.#limited(request);
    request.resume();
    return { status: 404, body: { error: "not here: POST /webhooks/ghl or GET /healthz" } };
  }

  /** Asks nobody remote: the pool has been up, and no stop was asked for. */
  async #health(): Promise<Answer> {
    const { faults, queue, stopping } = this.#parts;
    if (faults.current().health) {
      const fault = await this.#delayOf(faults.hits("5xx", "slow", "hang"));
      if (fault && fault !== "slow") return { status: 500, body: { status: "fault" } };
    }
    if (stopping()) return { status: 503, body: { status: "stopping" } };
    const ready = queue.everConnected;
    return { status: ready ? 200 : 503, body: { status: ready ? "ok" : "starting" } };
  }

  async #limited(request: IncomingMessage): Promise<Answer> {
    const limit = this.#parts.settings.maxConcurrent;
    if (limit !== undefined && this.#busy >= limit) {
      request.resume();
      return { status: 503, body: { error: "at capacity" } };
    }
    this.#busy += 1;
    try {
      return await this.#webhook(request);
    } finally {
      this.#busy -= 1;
    }
  }

  async #webhook(request: IncomingMessage): Promise<Answer> {
    const { faults, settings } = this.#parts;
    const fault = faults.hits("5xx", "slow", "hang");
    const text = await readBody(request);
    if (fault === "5xx" || fault === "hang") {
      await this.#delayOf(fault);
      return { status: 500, body: { error: "rehearsed fault" } };
    }
    if (settings.workMs > 0) await delay(settings.workMs);
    const probe = header(request, "x-cutover-synthetic")?.slice(0, 64);
    const message =
      text === undefined
        ? `expected at most ${MAX_BODY} bytes`
        : parseMessage(
            parseJson(probe ? text || PROBE : text),
            header(request, "x-contact-id"),
            settings.locationId,
            header(request, KEY_HEADER),
          );
    if (typeof message === "string") return { status: 400, body: { error: message } };
    const result = await (probe ? this.#probe(message, probe) : this.#accept(message));
    await this.#delayOf(fault);
    return result;
  }

  async #accept(message: Message): Promise<Answer> {
    const { queue, worker, events } = this.#parts;
    try {
      const id = await queue.accept(message);
      if (id !== undefined) worker.wake();
      return { status: 200, body: { accepted: true, duplicate: id === undefined, id: id ?? null } };
    } catch {
      events.write("accept_error");
      return { status: 503, body: { error: "the message could not be stored" } };
    }
  }

  /** Everything a message goes through, leaving no row. */
  async #probe(message: Message, probe: string): Promise<Answer> {
    const { queue, events, faults } = this.#parts;
    const started = performance.now();
    try {
      await queue.tryAccept(message);
    } catch {
      events.messageProcessed(probe, "failed", performance.now() - started, true);
      return { status: 503, body: { error: "the message could not be stored" } };
    }
    const result = answer(message.body, faults.hits("routing", "booking"));
    reportResult(events, probe, result, performance.now() - started, true);
    return {
      status: 200,
      body: { accepted: true, synthetic: true, agent: result.agent, routing: result.routing },
    };
  }

  async #delayOf<K extends "5xx" | "slow" | "hang">(fault: K | undefined): Promise<K | undefined> {
    if (fault === "hang") await this.#parts.faults.hang();
    else if (fault === "slow") await delay(SLOW_MS);
    return fault;
  }
}

/** The inbox sends it with a message that has no id of its own (docs/app-contract.md). */
const KEY_HEADER = "x-cutover-message-key";

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The body as text; undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size <= MAX_BODY ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
