import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type ApiReply, type ApiRequest, answer, problem, route } from "./api";
import { type FaultMatch, FaultSwitch, type GhlFault } from "./faults";
import { type StoredValue, ValueStore } from "./store";
import { TOKENS, tokenFixtures } from "./tokens";
import { type StepTemplate, type WorkflowOptions, WorkflowSender } from "./workflow";

export { TOKENS } from "./tokens";

/** A request the stand-in received. Holds no token. */
export interface JournalEntry {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** All headers but `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Status answered; 0 when the connection was reset. */
  status: number;
  /** Kind of the fault it met. */
  fault?: string;
}

export interface GhlStandInOptions {
  /** Default "rehearsalLocation001". */
  readonly locationId?: string;
  /** What an unknown id is answered with; default 400. */
  readonly missing?: 400 | 404;
  /** Requests allowed in 10 s of real time before 429, as GHL's; default 100. */
  readonly limitPer10s?: number;
}

const DAILY_LIMIT = 200_000;

/** Stand-in for HighLevel's API (custom values of one location) and for what uses them: workflow steps. Loopback only. */
export class GhlStandIn {
  readonly locationId: string;
  readonly store = new ValueStore();
  readonly tokens: ReturnType<typeof tokenFixtures>;
  /** Everything received, in order. */
  readonly journal: JournalEntry[] = [];
  /** Names changed by a PUT; nothing in this repository should ever do that. */
  readonly renames: { from: string; to: string }[] = [];
  missing: 400 | 404;
  readonly #faults = new FaultSwitch();
  readonly #limit: number;
  #late: { lists: number; readonly commit: () => void }[] = [];
  #window = { startedAt: 0, used: 0 };
  #today = 0;
  #missingSaid = 0;
  #server: Server | undefined;
  #url = "";

  constructor(options: GhlStandInOptions = {}) {
    this.locationId = options.locationId ?? "rehearsalLocation001";
    this.missing = options.missing ?? 400;
    this.#limit = options.limitPer10s ?? 100;
    this.tokens = tokenFixtures(this.locationId);
  }

  /** Base URL of the API, such as `http://127.0.0.1:40123`. */
  get url(): string {
    return this.#url;
  }

  /** A token that may read and write. */
  get token(): string {
    return TOKENS.write;
  }

  /** Starts listening on 127.0.0.1; nothing if it listens already. @param port Default: a free one. */
  async start(port = 0): Promise<void> {
    if (this.#server) return;
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    const address = server.address();
    this.#url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Makes requests that match fail in this way. */
  fail(match: FaultMatch, fault: GhlFault): void {
    this.#faults.add(match, fault);
  }

  /** Switches all faults off. */
  heal(): void {
    this.#faults.clear();
  }

  /** A value made by a person in GHL's settings. Returns its id. */
  seed(name: string, value: string): string {
    return this.store.add(name, value).id;
  }

  /** The value of this name; undefined when there is none. */
  valueOf(name: string): string | undefined {
    return this.named(name)?.value;
  }

  named(name: string): StoredValue | undefined {
    return this.store.all().find((stored) => stored.name === name);
  }

  /** A person changes a value in GHL's settings. */
  editByHand(name: string, value: string): void {
    const stored = this.named(name);
    if (!stored) throw new Error(`the stand-in GHL has no custom value "${name}"`);
    stored.value = value;
  }

  /** A person deletes a value in GHL's settings. */
  deleteByHand(name: string): void {
    const stored = this.named(name);
    if (stored) this.store.delete(stored.id);
  }

  /** Lets a new token do what an old one could, and forgets the old one. */
  rotateToken(from: string, to: string): void {
    const rights = this.tokens.get(from);
    if (!rights) throw new Error("the stand-in GHL does not know the token to rotate");
    this.tokens.delete(from);
    this.tokens.set(to, rights);
  }

  /** Requests in the journal that change something. */
  writes(): JournalEntry[] {
    return this.journal.filter((entry) => entry.method !== "GET");
  }

  /** A workflow whose Custom Webhook step sends messages as this template says. */
  workflow(step: StepTemplate, options: WorkflowOptions = {}): WorkflowSender {
    return new WorkflowSender(this, step, options);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the client went away
    }
    const api: ApiRequest = {
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: flat(request.headers),
      body: Buffer.concat(chunks).toString("utf8"),
    };
    const { authorization: _token, ...headers } = flat(request.headers);
    const entry: JournalEntry = {
      at: Date.now(),
      method: api.method,
      path: api.path,
      headers,
      body: api.body,
      status: 0,
    };
    this.journal.push(entry);
    const fault = this.#faults.take(api.method, route(api)?.on ?? "list");
    if (fault) entry.fault = fault.kind;
    await this.#answer(api, fault, entry, response);
  }

  async #answer(
    api: ApiRequest,
    fault: GhlFault | undefined,
    entry: JournalEntry,
    response: ServerResponse,
  ): Promise<void> {
    if (fault?.kind === "meanwhile") fault.run();
    if (fault?.kind === "reset" && fault.when === "before") return reset(response);
    if (fault?.kind === "status") {
      if (fault.done) answer(this.#world(), api);
      return this.#send(response, entry, statusReply(fault));
    }
    if (fault?.kind === "slow" && fault.when === "before") {
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return reset(response);
    }
    const limited = this.#count();
    if (fault?.kind === "late-commit") {
      this.#late.push({ lists: fault.lists, commit: () => void answer(this.#world(), api) });
      return reset(response);
    }
    const reply = limited ?? answer(this.#world(), api, fault);
    if (api.method === "GET" && route(api)?.on === "list") this.#countList();
    if (fault?.kind === "reset") return reset(response);
    if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    this.#send(response, entry, fault?.kind === "not-json" ? { status: 200, body: WEB_PAGE } : reply);
  }

  /** Does what requests with the fault `late-commit` asked for. */
  commitLate(): void {
    for (const { commit } of this.#late.splice(0)) commit();
  }

  #countList(): void {
    for (const late of this.#late) late.lists -= 1;
    for (const due of this.#late.filter((late) => late.lists <= 0)) due.commit();
    this.#late = this.#late.filter((late) => late.lists > 0);
  }

  #world() {
    return {
      store: this.store,
      tokens: this.tokens,
      locationId: this.locationId,
      missing: this.missing,
      missingSaid: () => this.#missingSaid++,
      renamed: (from: string, to: string) => void this.renames.push({ from, to }),
    };
  }

  /** Counts a request; the answer is 429 when the interval's number is used up. */
  #count(): ApiReply | undefined {
    const now = Date.now();
    if (now - this.#window.startedAt >= 10_000) this.#window = { startedAt: now, used: 0 };
    this.#window.used += 1;
    this.#today += 1;
    return this.#window.used > this.#limit ? problem(429, "Too Many Requests", "Too Many Requests") : undefined;
  }

  #send(response: ServerResponse, entry: JournalEntry, reply: ApiReply): void {
    if (response.destroyed) return;
    entry.status = reply.status;
    const json = typeof reply.body !== "string";
    const body = json ? JSON.stringify(withTrace(reply)) : String(reply.body);
    response.writeHead(reply.status, {
      "content-type": json ? "application/json; charset=utf-8" : "text/html; charset=utf-8",
      "x-ratelimit-limit-daily": String(DAILY_LIMIT),
      "x-ratelimit-daily-remaining": String(Math.max(0, DAILY_LIMIT - this.#today)),
      "x-ratelimit-interval-milliseconds": "10000",
      "x-ratelimit-max": String(this.#limit),
      "x-ratelimit-remaining": String(Math.max(0, this.#limit - this.#window.used)),
      ...reply.headers,
    });
    response.end(body);
  }
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

const WEB_PAGE =
  "<!DOCTYPE html><html><head><title>HighLevel</title></head><body><h1>We'll be right back</h1></body></html>";

function statusReply(fault: Extract<GhlFault, { kind: "status" }>): ApiReply {
  const plain = problem(fault.status, fault.message ?? `stand-in failure ${fault.status}`, "Error");
  return {
    ...plain,
    ...(fault.html ? { body: `<html><body><h1>${fault.status}</h1><p>upstream said no</p></body></html>` } : {}),
    headers: {
      ...(fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter }),
      ...(fault.intervalMs === undefined ? {} : { "x-ratelimit-interval-milliseconds": String(fault.intervalMs) }),
      ...(fault.dailyRemaining === undefined ? {} : { "x-ratelimit-daily-remaining": String(fault.dailyRemaining) }),
    },
  };
}

/** Every answer carries a trace id. */
function withTrace(reply: ApiReply): Record<string, unknown> {
  return typeof reply.body === "string" ? {} : { traceId: randomUUID(), ...reply.body };
}

function flat(headers: IncomingMessage["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}
