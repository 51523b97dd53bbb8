import type { HttpReply } from "../http/client";
import type { HttpError } from "../http/errors";
import { excerpt, redactText } from "../http/redact";
import { askedWaitMs } from "../http/retry";

/** What went wrong with GHL, as programs distinguish it. */
export type GhlFailure =
  /** 401: the token is wrong, expired or revoked. */
  | "token"
  /** 401: the token may not do this, or belongs to another location or to the agency. */
  | "scope"
  /** 401: the `Version` header. A bug of ours or a change of theirs, never a matter of the token. */
  | "version"
  | "missing"
  | "duplicate"
  /** 400 or 422: GHL does not take what we sent. */
  | "invalid"
  /** Somebody else changed the value meanwhile. */
  | "conflict"
  /** A write was answered with success but never seen in a read. */
  | "not-applied"
  /** A read shows what was written, but trimmed or escaped. */
  | "altered"
  | "rate-limited"
  | "daily-limit"
  /** 5xx, no connection, or an answer that is no JSON. */
  | "unavailable";

/** What is known about a failed request besides its sentence. */
export interface GhlErrorFacts {
  readonly status?: number | undefined;
  /** GHL's id of the request, for its support. */
  readonly traceId?: string | undefined;
  /** How long GHL asks to wait before the next request, in ms. */
  readonly askedMs?: number | undefined;
  /** `unknown`: what was asked may have been done all the same. Default `not-done`. */
  readonly fate?: "not-done" | "unknown";
  /** What GHL made of the value, for `altered`. Never shown. */
  readonly holds?: string | undefined;
}

/** An error of the GHL client: a sentence for people, without token or query string. */
export class GhlError extends Error {
  override readonly name = "GhlError";
  readonly status: number | undefined;
  readonly traceId: string | undefined;
  readonly askedMs: number | undefined;
  readonly fate: "not-done" | "unknown";
  readonly holds: string | undefined;
  constructor(
    readonly failure: GhlFailure,
    message: string,
    facts: GhlErrorFacts = {},
  ) {
    super(facts.traceId === undefined ? message : `${message} (GHL trace ${facts.traceId})`);
    this.status = facts.status;
    this.traceId = facts.traceId;
    this.askedMs = facts.askedMs;
    this.fate = facts.fate ?? "not-done";
    this.holds = facts.holds;
  }
}

/** Measured with Pulumi 3.250: docs/decisions/0007-ghl-token-at-destroy.md. */
export const WHICH_TOKEN =
  "`pulumi destroy` and `pulumi refresh` use the token of the last `pulumi up`: add --run-program there, or set CUTOVER_GHL_TOKEN.";

/** One of the kinds of request, with the scope it needs (vendor page: docs/oauth/Scopes.md). */
export type Operation = "list" | "read" | "create" | "update" | "delete";

const SCOPE: Readonly<Record<Operation, string>> = {
  list: "locations/customValues.readonly",
  read: "locations/customValues.readonly",
  create: "locations/customValues.write",
  update: "locations/customValues.write",
  delete: "locations/customValues.write",
};

const WHERE = "GHL: the sub-account's Settings > Private Integrations";

/** Error body in any of the shapes seen: `statusCode` or `status`, `message` as text or list, or no JSON at all. */
export function readErrorBody(reply: HttpReply): { messages: string[]; traceId: string | undefined } {
  const body = reply.json;
  if (typeof body !== "object" || body === null) return { messages: [], traceId: undefined };
  const message = "message" in body ? body.message : undefined;
  const messages = (Array.isArray(message) ? message : [message]).filter((m): m is string => typeof m === "string");
  const traceId = "traceId" in body && typeof body.traceId === "string" ? body.traceId : undefined;
  return { messages, traceId: traceId !== undefined && /^[\w-]{1,64}$/.test(traceId) ? traceId : undefined };
}

/** The error for an answer that is no success. `secrets` are blotted out of what GHL said. */
export function errorFor(
  reply: HttpReply,
  what: { readonly operation: Operation; readonly locationId: string; readonly subject: string },
  secrets: readonly string[],
): GhlError {
  const { messages, traceId } = readErrorBody(reply);
  const said = excerpt(redactText(messages.length > 0 ? messages.join("; ") : reply.text, secrets));
  const quoted = said === "" ? "" : ` GHL said: "${said}".`;
  const doing = `${VERB[what.operation]} ${what.subject}`;
  const askedMs = askedWaitMs(reply.status, reply.headers, Date.now());
  const fate = mayBeDone(what.operation, reply.status) ? "unknown" : "not-done";
  const make = (failure: GhlFailure, sentence: string) =>
    new GhlError(failure, sentence, { status: reply.status, traceId, askedMs, fate });
  switch (reply.status) {
    case 401:
    case 403:
      return isPage(reply)
        ? make("unavailable", `${doing}: a web page answered (${reply.status}), not GHL's API.${quoted} ${BETWEEN}`)
        : unauthorised(reply.status, said, doing, what, make);
    case 400:
    case 422:
      return make(
        "invalid",
        `${doing}: GHL refused the request (${reply.status}).${quoted} ${SETTINGS[what.operation]}`,
      );
    case 404:
      return make(
        "missing",
        `${doing}: not found (404).${quoted} Check cutover:ghl.baseUrl and cutover:ghl.locationId (${what.locationId}).`,
      );
    case 429:
      return usedUp(reply)
        ? make(
            "daily-limit",
            `${doing}: the token's daily number of requests is used up (429). Try again tomorrow or use a token of its own for Cutover.`,
          )
        : make(
            "rate-limited",
            `${doing}: GHL keeps answering "too many requests" (429)${asksFor(askedMs)}. Something else uses the same token's 100 requests per 10 s; try again later or use a token of its own for Cutover.`,
          );
    default:
      if (reply.status < 400) {
        const why = "redirected, which is not followed: the token would be sent elsewhere";
        return make("invalid", `${doing}: ${why} (${reply.status}). ${BETWEEN}`);
      }
      if (reply.status < 500) {
        return make("invalid", `${doing}: GHL refused the request (${reply.status}).${quoted} ${BETWEEN}`);
      }
      return make(
        "unavailable",
        `${doing}: GHL keeps answering ${reply.status}.${quoted} Nothing to fix here; try again later (status.gohighlevel.com).`,
      );
  }
}

/** The error for a request without an answer. */
export function unreachable(error: HttpError, operation: Operation, subject: string): GhlError {
  const fate = operation === "create" && !NEVER_SENT.has(error.code) ? "unknown" : "not-done";
  return new GhlError(
    "unavailable",
    `${VERB[operation]} ${subject}: no answer from GHL: ${error.message}. Check cutover:ghl.baseUrl, the network, and a proxy if there is one (HTTPS_PROXY).`,
    { fate },
  );
}

/** Nothing of the request reached a server. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** A server error may come from a gateway that stopped waiting. Only what must not be repeated is told apart. */
function mayBeDone(operation: Operation, status: number): boolean {
  return operation === "create" && (status >= 500 || status === 408);
}

const BETWEEN = "Check cutover:ghl.baseUrl; a proxy, a firewall or a maintenance page may stand in between.";

/** GHL answers in JSON, whatever it refuses. */
function isPage(reply: HttpReply): boolean {
  return typeof reply.json !== "object" || reply.json === null;
}

const WRITTEN =
  "Check the name (cutover:ghl.webhookValue, of the secret cutover:ghl.secretValue) and what the URL is made from: cutover:domain, " +
  "cutover:ghl.currentUrl, in `node-only` cutover:node.url.";

/** Where what was refused comes from. */
const SETTINGS: Readonly<Record<Operation, string>> = {
  list: "Check cutover:ghl.locationId.",
  read: "Check cutover:ghl.locationId and, if it is an id, cutover:ghl.webhookValue (of the secret: cutover:ghl.secretValue).",
  create: WRITTEN,
  update: WRITTEN,
  delete: "Check cutover:ghl.locationId.",
};

/** The error for a success without the JSON it should carry. */
export function notJson(reply: HttpReply, operation: Operation, subject: string, secrets: readonly string[]): GhlError {
  const type = reply.headers["content-type"]?.split(";")[0] ?? "no content type";
  const said = excerpt(redactText(reply.text, secrets), 80);
  return new GhlError(
    "unavailable",
    `${VERB[operation]} ${subject}: the answer (${reply.status}, ${type}) is not what GHL's API sends${said === "" ? "" : `: "${said}"`}. ` +
      BETWEEN,
    { status: reply.status, fate: operation === "create" ? "unknown" : "not-done" },
  );
}

/** True when a 429 says that nothing is left for today, so that waiting seconds is useless. */
export function usedUp(reply: HttpReply): boolean {
  return reply.status === 429 && reply.headers["x-ratelimit-daily-remaining"] === "0";
}

const VERB: Readonly<Record<Operation, string>> = {
  list: "listing",
  read: "reading",
  create: "creating",
  update: "updating",
  delete: "deleting",
};

function unauthorised(
  status: number,
  said: string,
  doing: string,
  what: { readonly operation: Operation; readonly locationId: string },
  make: (failure: GhlFailure, sentence: string) => GhlError,
): GhlError {
  if (/version header/i.test(said)) {
    return make(
      "version",
      `${doing}: GHL refused the API version, not the token ("${said}"). Cutover sends Version: 2021-07-28; if GHL has retired it, Cutover needs an update.`,
    );
  }
  if (status === 403 || /not authorized for this scope|scope|forbidden|access to this location/i.test(said)) {
    return make(
      "scope",
      `${doing}: the token lacks the scope ${SCOPE[what.operation]} for location ${what.locationId}. ` +
        `Tick it in ${WHERE} (the token stays the same). An agency token or one of another location gets this error too: make it inside this sub-account.`,
    );
  }
  return make(
    "token",
    `${doing}: GHL does not know the token (wrong, expired, rotated or deleted). Make or copy one in ${WHERE}, then: ` +
      `pulumi config set --secret --path 'cutover:ghl.token'. ${WHICH_TOKEN}`,
  );
}

function asksFor(askedMs: number | undefined): string {
  return askedMs === undefined || askedMs < 60_000 ? "" : ` and asks to wait ${Math.ceil(askedMs / 60_000)} minutes`;
}
