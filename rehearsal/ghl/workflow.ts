import http from "node:http";
import https from "node:https";
import { type Agents, connectToAgents } from "@cutover/clients/http/connect-to";
import type { GhlStandIn } from "./server";

/** A workflow's "Custom Webhook" step: what a person typed into its form. Merge fields are resolved at each sending. */
export interface StepTemplate {
  /** Such as `{{custom_values.cutover_webhook_url}}`. */
  readonly url: string;
  /** Header name to template, such as `x-contact-id` to `{{contact.id}}`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A message from a contact that sets the workflow off. */
export interface OutgoingMessage {
  readonly contactId: string;
  readonly messageId: string;
  readonly body: string;
}

/** What became of one sending. */
export interface SendOutcome {
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number;
  /** Why there was no answer, such as ECONNREFUSED or "no answer within 10000 ms". */
  readonly error?: string;
  /** Real milliseconds from sending to the end of the answer. */
  readonly latencyMs: number;
  /** Response header x-served-by. */
  readonly servedBy?: string;
  /** The connection was one that had been kept and was found closed: the message went by a new one. */
  readonly reconnected?: true;
  /** Where it went, without query string. */
  readonly target: string;
}

export interface WorkflowOptions {
  /** Real milliseconds after which the step gives up; default 10 000. GHL's own number is not documented. */
  readonly timeoutMs?: number;
  /** Mappings as in `CUTOVER_CONNECT_TO`; default that variable. */
  readonly connectTo?: string;
  /** Certificate (PEM) of the rehearsal's authority; default what Node trusts. */
  readonly ca?: string;
  /** Connections kept per host; default 128. */
  readonly maxSockets?: number;
}

/**
 * Sends as a workflow step does: one attempt, no redelivery, failed and then skipped. A message without a 2xx is lost
 * (facts: ghl-supabase A4).
 */
export class WorkflowSender {
  readonly #ghl: GhlStandIn;
  readonly #agents: Agents;
  readonly #timeoutMs: number;
  /** The step's form; a person may change it at any time. */
  step: StepTemplate;
  /** Real milliseconds by which it sees changes of custom values late; GHL's own delay is not documented. Default 0. */
  resolveDelayMs = 0;

  constructor(ghl: GhlStandIn, step: StepTemplate, options: WorkflowOptions = {}) {
    this.#ghl = ghl;
    this.step = step;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#agents = connectToAgents({
      maxSockets: options.maxSockets ?? 128,
      ...(options.connectTo === undefined ? {} : { connectTo: options.connectTo }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
  }

  /** Sends one message, once. Never throws. */
  async send(message: OutgoingMessage): Promise<SendOutcome> {
    const values = { "contact.id": message.contactId };
    const url = this.resolve(this.step.url, values).trim();
    const headers = Object.fromEntries(
      Object.entries(this.step.headers).map(([name, template]) => [name, this.resolve(template, values)]),
    );
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      return { error: "the step's URL is empty or no URL", latencyMs: 0, target: "" };
    }
    const body = JSON.stringify({
      type: "InboundMessage",
      locationId: this.#ghl.locationId,
      contactId: message.contactId,
      messageId: message.messageId,
      messageType: "SMS",
      body: message.body,
    });
    return post(new URL(url), headers, body, this.#agents, this.#timeoutMs);
  }

  /** Replaces merge fields; unknown ones become nothing, as in GHL. */
  resolve(template: string, values: Readonly<Record<string, string>> = {}): string {
    return template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_all, key: string) =>
      key.startsWith("custom_values.") ? this.#ghl.store.resolve(key, this.resolveDelayMs) : (values[key] ?? ""),
    );
  }

  /** Closes kept connections. */
  close(): void {
    this.#agents.destroy();
  }
}

/**
 * One POST with the plain Node client: hundreds a second have to be cheap. Never throws. A kept connection that its server
 * has closed meanwhile is found out by using it (RFC 9112, 9.3.1): the message then goes by a new one, as HTTP clients do, and
 * the outcome says so. What breaks on a connection of its own is the message's one attempt, and lost.
 */
export async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  agents: Agents,
  timeoutMs: number,
): Promise<SendOutcome> {
  const started = performance.now();
  for (let kept = 0; ; kept++) {
    const left = kept === 0 ? timeoutMs : Math.round(timeoutMs - (performance.now() - started));
    const { outcome, foundClosed } = await attempt(url, headers, body, agents, left);
    const latencyMs = performance.now() - started;
    if (!foundClosed || kept === KEPT_TRIES)
      return { ...outcome, latencyMs, ...(kept > 0 ? { reconnected: true } : {}) };
  }
}

/** So many kept connections may be found closed, one after the other, before the message counts as lost. */
const KEPT_TRIES = 4;

interface Attempt {
  readonly outcome: SendOutcome;
  /** Reset without a byte of an answer on a connection that others had used before. */
  readonly foundClosed: boolean;
}

function attempt(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  agents: Agents,
  timeoutMs: number,
): Promise<Attempt> {
  const target = `${url.host}${url.pathname}`;
  const started = performance.now();
  return new Promise((resolve) => {
    const done = (outcome: Omit<SendOutcome, "latencyMs" | "target">, foundClosed = false) => {
      clearTimeout(timer);
      resolve({ outcome: { ...outcome, latencyMs: performance.now() - started, target }, foundClosed });
    };
    const secure = url.protocol === "https:";
    const request = (secure ? https : http).request(url, {
      method: "POST",
      agent: secure ? agents.https : agents.http,
      headers: { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    });
    const timer = setTimeout(() => {
      done({ error: `no answer within ${timeoutMs} ms` });
      request.destroy();
    }, timeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) =>
      done({ error: error.code ?? "request failed" }, request.reusedSocket && error.code === "ECONNRESET"),
    );
    request.on("response", (response) => {
      const served = response.headers["x-served-by"];
      const servedBy = typeof served === "string" ? { servedBy: served } : {};
      response.on("error", (error: NodeJS.ErrnoException) => done({ error: error.code ?? "answer cut off" }));
      response.on("end", () => done({ status: response.statusCode ?? 0, ...servedBy }));
      response.resume();
    });
    request.end(body);
  });
}
