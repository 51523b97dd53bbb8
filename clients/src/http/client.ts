import axios, { AxiosHeaders, type AxiosInstance } from "axios";
import { type AgentOptions, type Agents, connectToAgents, resolveConnectTo } from "./connect-to";
import { describeCode, HttpError } from "./errors";
import { redactUrl } from "./redact";
import {
  askedWaitMs,
  DEFAULT_RETRY,
  isIdempotent,
  isTransientStatus,
  nextWaitMs,
  REAL_SURROUNDINGS,
  type RetryPolicy,
  type Surroundings,
} from "./retry";

/** How an `HttpClient` behaves. */
export interface HttpClientOptions extends AgentOptions {
  /** What paths are appended to, such as `https://services.leadconnectorhq.com`. Default "": requests give whole URLs. */
  readonly baseUrl?: string;
  /** Sent with every request. May hold tokens: they never appear in an error. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time for one attempt, from lookup to the last byte, in ms; default 10 000. */
  readonly deadlineMs?: number;
  /** Overrides of `DEFAULT_RETRY`. */
  readonly retry?: Partial<RetryPolicy>;
  /** Chance and time; default the real ones. */
  readonly surroundings?: Partial<Surroundings>;
  /** Largest answer read, in bytes; default 5 MB. */
  readonly maxBytes?: number;
}

/** One request. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path behind `baseUrl`, or a whole URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a string or a Buffer. */
  readonly body?: unknown;
  /** Overrides the client's deadline for one attempt, in ms. */
  readonly deadlineMs?: number;
  /** `false`: one attempt only. Default: 429, 5xx and network failures are tried again for idempotent methods only. */
  readonly retry?: boolean;
  /** Says of an answer with a transient status that waiting won't help (such as a used-up daily limit). */
  readonly hopeless?: (reply: HttpReply) => boolean;
  /** Stops attempts and waits. */
  readonly signal?: AbortSignal;
}

/** An answer, whatever its status. */
export interface HttpReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body, or undefined when it is no JSON. */
  readonly json: unknown;
  /** Attempts it took. */
  readonly attempts: number;
  /** Duration of the last attempt in ms. */
  readonly latencyMs: number;
}

/**
 * HTTP for everything in this repository that calls out: deadline for each attempt, retries of what passes by itself,
 * no redirects followed (they would carry the token elsewhere), `CUTOVER_CONNECT_TO` honoured, and errors that hold
 * neither headers nor query strings.
 */
export class HttpClient {
  readonly #axios: AxiosInstance;
  readonly #agents: Agents;
  readonly #policy: RetryPolicy;
  readonly #surroundings: Surroundings;
  readonly #deadlineMs: number;
  readonly #baseUrl: string;

  constructor(options: HttpClientOptions = {}) {
    this.#agents = connectToAgents(options);
    this.#policy = { ...DEFAULT_RETRY, ...options.retry };
    this.#surroundings = { ...REAL_SURROUNDINGS, ...options.surroundings };
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#baseUrl = (options.baseUrl ?? "").replace(/\/+$/, "");
    this.#axios = axios.create({
      headers: { ...options.headers },
      httpAgent: this.#agents.http,
      httpsAgent: this.#agents.https,
      maxRedirects: 0,
      maxContentLength: options.maxBytes ?? 5_000_000,
      responseType: "text",
      transformResponse: [(body: unknown) => body],
      validateStatus: () => true,
    });
  }

  /**
   * Sends a request and returns the answer, also one with an error status.
   * @throws HttpError when no answer came within the attempts allowed.
   */
  async send(request: HttpRequest): Promise<HttpReply> {
    const { now, sleep, random } = this.#surroundings;
    const started = now();
    const mayRetry = request.retry ?? isIdempotent(request.method);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#once(request, attempt);
      if (!mayRetry || !isTransient(outcome, request)) return orThrow(outcome);
      const askedMs = outcome instanceof HttpError ? undefined : askedWaitMs(outcome.status, outcome.headers, now());
      const wait = nextWaitMs(this.#policy, { failed: attempt, spentMs: now() - started, askedMs }, random);
      if (wait === undefined) return orThrow(outcome);
      await sleep(wait);
      if (request.signal?.aborted) return orThrow(outcome);
    }
  }

  /** Closes kept connections; needed only by short-lived programs that must not wait for them. */
  close(): void {
    this.#agents.destroy();
  }

  async #once(request: HttpRequest, attempt: number): Promise<HttpReply | HttpError> {
    const url = /^https?:/i.test(request.path) ? request.path : `${this.#baseUrl}${request.path}`;
    const deadlineMs = request.deadlineMs ?? this.#deadlineMs;
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    const started = performance.now();
    try {
      const reply = await this.#axios.request<string>({
        method: request.method,
        url,
        ...(request.headers ? { headers: { ...request.headers } } : {}),
        ...(request.body === undefined ? {} : { data: request.body }),
        ...(this.#goesDirect(url) ? { proxy: false as const } : {}),
        signal,
      });
      const text = typeof reply.data === "string" ? reply.data : "";
      const latencyMs = performance.now() - started;
      return {
        status: reply.status,
        headers: plainHeaders(reply.headers),
        text,
        json: parse(text),
        attempts: attempt,
        latencyMs,
      };
    } catch (error) {
      const context = { method: request.method, url: redactUrl(url), attempt };
      if (deadline.aborted) {
        return new HttpError("deadline", context.method, context.url, "", attempt, `no answer within ${deadlineMs} ms`);
      }
      return describe(error, context, request.signal?.aborted === true);
    }
  }

  /** A redirected or local connection never goes through a proxy of the environment. */
  #goesDirect(url: string): boolean {
    if (!URL.canParse(url)) return false;
    const { hostname, port, protocol } = new URL(url);
    if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(hostname)) return true;
    return resolveConnectTo(this.#agents.rules, hostname, port || (protocol === "https:" ? "443" : "80")).mapped;
  }
}

function orThrow(outcome: HttpReply | HttpError): HttpReply {
  if (outcome instanceof HttpError) throw outcome;
  return outcome;
}

function isTransient(outcome: HttpReply | HttpError, request: HttpRequest): boolean {
  if (outcome instanceof HttpError) return outcome.failure === "network" || outcome.failure === "deadline";
  return isTransientStatus(outcome.status) && !(request.hopeless?.(outcome) ?? false);
}

/** Only the code of the error is used: axios errors carry the whole request, headers included. */
function describe(error: unknown, at: { method: string; url: string; attempt: number }, aborted: boolean): HttpError {
  const code = codeOf(error);
  if (aborted) return new HttpError("aborted", at.method, at.url, code, at.attempt, "stopped before an answer came");
  if (code === "ERR_BAD_RESPONSE") {
    return new HttpError("too-large", at.method, at.url, code, at.attempt, "the answer is larger than expected");
  }
  if (code === "ERR_INVALID_URL") {
    return new HttpError("network", at.method, at.url, code, at.attempt, "the address is no valid URL");
  }
  const { failure, detail } = describeCode(code);
  return new HttpError(failure, at.method, at.url, code, at.attempt, detail);
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const code = "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

function plainHeaders(headers: unknown): Record<string, string> {
  const plain: Record<string, string> = {};
  const source = headers instanceof AxiosHeaders ? headers.toJSON() : headers;
  if (typeof source !== "object" || source === null) return plain;
  for (const [name, value] of Object.entries(source)) plain[name.toLowerCase()] = String(value);
  return plain;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
