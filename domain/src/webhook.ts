/**
 * Decisions about the GHL custom value that holds the webhook URL: whose value is it, what to write, what a
 * human's change means, what happens at destroy. Nothing here talks to GHL.
 */

/** The query parameter that pins a request to Node at our load balancer. */
export const PIN_PARAMETER = "backend";
export const PIN_NODE = "node";

/** Path of the webhook at our load balancer. */
export const WEBHOOK_PATH = "/webhooks/ghl";

/** Which custom value is meant: by its exact name or by its id. */
export type ValueMatch = { readonly name: string } | { readonly id: string };

/** What the configuration means: an exact name, or, where names are not unique, `id:` and the id. */
export function matchOf(configured: string): ValueMatch {
  return configured.startsWith("id:") ? { id: configured.slice(3).trim() } : { name: configured };
}

/** Whose value GHL holds now. */
export type Owner =
  /** Exactly what we want it to be or what we last wrote. */
  | "ours"
  /** Ours with `backend=node`, as the rollback writes it, or another value the caller counts as written by us. */
  | "ours-pinned"
  /** What was found before we first wrote. */
  | "previous"
  /** Somebody else wrote it. */
  | "theirs";

/** What is known about the value. Compared exactly, character by character, except for the pin. */
export interface Claims {
  /** What we want it to be, if it is known. */
  readonly wanted?: string | undefined;
  /** What we last wrote; absent if we never wrote. */
  readonly lastWritten?: string | undefined;
  /** What was found before we first wrote. */
  readonly previous?: string | undefined;
  /** The URL of our front door, known also while it is not wanted. */
  readonly frontDoor?: string | undefined;
  /** Further values that our own machinery writes, such as Node's own URL during a rollback. */
  readonly alsoOurs?: readonly string[] | undefined;
}

/** Says whose `current` is. When a value is both ours and the previous one, it is ours. */
export function ownerOf(current: string, claims: Claims): Owner {
  const mine = [claims.wanted, claims.lastWritten, claims.frontDoor].filter((v): v is string => v !== undefined);
  if (mine.includes(current)) return "ours";
  if (mine.some((value) => current === withBackendNode(value))) return "ours-pinned";
  if (claims.alsoOurs?.includes(current)) return "ours-pinned";
  return current === claims.previous ? "previous" : "theirs";
}

/** How the resource treats the value: leave it as it was found, or make it hold `value`. */
export type WebhookMode = "as-found" | "set";

/** What to do with the value now. */
export type WriteDecision =
  | { readonly action: "nothing"; readonly reason: string }
  | { readonly action: "write"; readonly value: string; readonly reason: string }
  | { readonly action: "refuse"; readonly reason: string };

/** What `decideWrite` looks at. */
export interface WriteSituation extends Claims {
  readonly mode: WebhookMode;
  /** What GHL holds now. */
  readonly current: string;
  /** Fingerprint of a foreign value that a person allowed to overwrite (`fingerprint` of the live value). */
  readonly overwrite?: string | undefined;
  /** `fingerprint(current)`, computed by the caller: hashing is not done in here. */
  readonly currentFingerprint: string;
  /** True when the value is a secret and not a URL: nothing of it may be shown. */
  readonly secret?: boolean | undefined;
}

/**
 * What an up writes. In `as-found` the previous value is put back if ours is there now, and nothing is written otherwise.
 * In `set` ours is written over the previous or our own value; a foreign value is never overwritten unless a person names
 * it in `overwrite`. An empty value is like none: it is filled.
 */
export function decideWrite(s: WriteSituation): WriteDecision {
  const target = s.mode === "set" ? s.wanted : s.previous;
  if (s.mode === "set" && target === undefined) {
    return { action: "refuse", reason: "mode `set` needs a value to write" };
  }
  if (s.current === target) return { action: "nothing", reason: "it already holds this value" };
  const owner = ownerOf(s.current, s);
  if (s.current.trim() === "" && target !== undefined) {
    return { action: "write", value: target, reason: "an empty value is no address anybody uses" };
  }
  if (s.mode === "as-found" && s.lastWritten === undefined && owner !== "ours") {
    return { action: "nothing", reason: "the value is left as it was found" };
  }
  if (s.mode === "as-found" && owner === "theirs") {
    return { action: "nothing", reason: "somebody else wrote the present value; it is left as it is" };
  }
  if (target === undefined) {
    return { action: "refuse", reason: "the value that was there before is not known, so it can't be put back" };
  }
  if (owner !== "theirs" && !(owner === "previous" && s.lastWritten !== undefined && s.mode === "set")) {
    return { action: "write", value: target, reason: owner === "previous" ? "first write" : "our own value changes" };
  }
  if (s.overwrite !== undefined && s.overwrite === s.currentFingerprint) {
    return { action: "write", value: target, reason: "a person allowed this value to be overwritten" };
  }
  return { action: "refuse", reason: foreignValue(s) };
}

/** The sentence for a change somebody made by hand. Shows no query string and no secret. */
export function foreignValue(s: WriteSituation): string {
  if (s.secret) {
    return (
      "somebody changed the secret in GHL by hand. It is not overwritten, but the front door does not know it: messages with it " +
      "count as messages without a secret. A secret of your own can't be used; to change it, rotate it (docs/runbook.md). " +
      `To have ours put back, run: pulumi config set --path 'cutover:ghl.overwrite' ${s.currentFingerprint}`
    );
  }
  const back = s.previous !== undefined && s.current === s.previous;
  const what = `${showUrl(s.current)}${back ? ", the address from before the cutover" : ""}`;
  return (
    `somebody changed the value in GHL by hand: it holds ${what}. It is not overwritten. ` +
    `If that change should stay, set the phase that matches it (Node's own address: \`node-only\` or \`prepare\`). ` +
    `If it may be overwritten, run: pulumi config set --path 'cutover:ghl.overwrite' ${s.currentFingerprint}`
  );
}

/** A drift in words for refresh, preview and status, or undefined if there is none. */
export function explainDrift(current: string, claims: Claims, secret = false): string | undefined {
  const owner = ownerOf(current, claims);
  if (owner === "ours" || (owner === "previous" && claims.lastWritten === undefined)) return undefined;
  if (secret) return "somebody changed the secret in GHL by hand";
  const shown = showUrl(current);
  if (owner === "ours-pinned") return `the rollback moved GHL to ${shown}`;
  if (owner === "previous") return `somebody moved GHL back to ${shown}, the address from before the cutover`;
  return `somebody changed the value in GHL by hand; it holds ${shown}`;
}

/**
 * What is remembered as "the value before us" when the resource is created. When the value already is ours (an earlier
 * create was cut off between writing and saving), what was there is not known from GHL; then today's URL from the config
 * is taken, and nothing if that is unknown too. Node's own URL is a good value to go back to although our machinery may
 * write it as well.
 */
export function capturePrevious(current: string, claims: Claims, todaysUrl: string | undefined): string | undefined {
  const { wanted, frontDoor } = claims;
  const made = (value: string) =>
    !claims.alsoOurs?.includes(value) && ownerOf(value, { wanted, frontDoor }) !== "theirs";
  if (!made(current)) return current;
  return todaysUrl === undefined || made(todaysUrl) ? undefined : todaysUrl;
}

/** What the resource was told to do at destroy. `restore`: put the previous value back; `delete`: remove what we made. */
export type OnDestroy = "restore" | "delete" | "keep";

/** What `decideDestroy` looks at. */
export interface DestroySituation extends Claims {
  readonly onDestroy: OnDestroy;
  /** What GHL holds now; undefined when the value is gone. */
  readonly current: string | undefined;
  /** After `decommission`: nothing is left to go back to, this stack is production. */
  readonly decommissioned: boolean;
  /** `cutover:destroy: lose-traffic`. */
  readonly loseTraffic: boolean;
  /** Whether the previous URL answers; "not-asked" before it was probed. */
  readonly previousAnswers: "yes" | "no" | "not-asked";
  readonly secret?: boolean | undefined;
}

export type DestroyDecision =
  | { readonly action: "leave"; readonly reason: string }
  | { readonly action: "restore"; readonly value: string; readonly reason: string }
  | { readonly action: "delete"; readonly reason: string }
  /** Probe the previous URL, then decide again. */
  | { readonly action: "ask"; readonly url: string }
  | { readonly action: "refuse"; readonly reason: string };

/** What a person does who destroys although messages are lost by it. */
export const HOW_TO_LOSE =
  "To destroy all the same and lose the messages GHL sends here: pulumi config set cutover:destroy lose-traffic, then pulumi destroy --run-program";

/** What destroying the resource does to the value. Only ever touches a value that is still ours. */
export function decideDestroy(s: DestroySituation): DestroyDecision {
  if (s.current === undefined) return { action: "leave", reason: "the value is gone from GHL already" };
  if (s.onDestroy === "keep") return { action: "leave", reason: "it is kept by configuration" };
  const here = !s.secret && pointsAtUs(s.current, s);
  if (s.current === s.previous && !s.decommissioned && !here) {
    return { action: "leave", reason: "it already holds the value from before the cutover" };
  }
  const owner = ownerOf(s.current, s);
  if (owner === "previous" && s.lastWritten === undefined && !here) {
    return { action: "leave", reason: "we never wrote it" };
  }
  if (owner === "theirs" && !here) {
    return { action: "leave", reason: "somebody else wrote the present value; it is left as it is" };
  }
  if (s.onDestroy === "delete") return decideDelete(s, owner);
  return decideRestore(s, owner);
}

function decideDelete(s: DestroySituation, owner: Owner): DestroyDecision {
  if (owner === "theirs") return { action: "leave", reason: "somebody else wrote the present value" };
  if (s.decommissioned && !s.loseTraffic) {
    return {
      action: "refuse",
      reason: `the cutover is finished and this stack is production, which needs it. ${HOW_TO_LOSE}`,
    };
  }
  if (s.previous === undefined) return { action: "delete", reason: "we made it" };
  return { action: "restore", value: s.previous, reason: "it existed before us" };
}

function decideRestore(s: DestroySituation, owner: Owner): DestroyDecision {
  const here = s.current === undefined ? "" : showUrl(s.current);
  const lose = (why: string): DestroyDecision =>
    s.loseTraffic
      ? { action: "leave", reason: `${why}; left as it is because of cutover:destroy lose-traffic` }
      : {
          action: "refuse",
          reason: `GHL sends its messages to ${here}, which this destroys, and ${why}. ${HOW_TO_LOSE}`,
        };
  if (s.decommissioned) {
    return lose(
      "the cutover is finished: this stack is production and the old address is forgotten (docs/life-after.md)",
    );
  }
  if (owner === "theirs") return lose("somebody changed the URL by hand, so the old one is not put back over it");
  if (s.previous === undefined) return lose("the URL from before the cutover is not known");
  if (s.secret) return { action: "restore", value: s.previous, reason: "the value is still ours" };
  if (pointsAtUs(s.previous, s)) {
    return lose(`the address from before, ${showUrl(s.previous)}, is at the front door itself`);
  }
  if (s.previousAnswers === "not-asked") return { action: "ask", url: s.previous };
  if (s.previousAnswers === "no") return lose(`the address from before, ${showUrl(s.previous)}, does not answer`);
  return { action: "restore", value: s.previous, reason: "the value is still ours and the old address answers" };
}

/** Leads to the host of our front door, whoever wrote it: destroying us loses its messages. */
export function pointsAtUs(current: string, claims: Claims): boolean {
  const host = hostOf(current);
  if (host === undefined) return false;
  // What we wrote may be Node's own address, in `node-only` and after a rollback: it tells our host only in a state without one.
  const ours = claims.frontDoor === undefined ? [claims.wanted, claims.lastWritten] : [claims.frontDoor];
  return ours.some((v) => v !== undefined && hostOf(v) === host);
}

/** What makes up our webhook URL. */
export interface FrontDoor {
  /** `cutover:domain`, such as `hooks.example.com`. */
  readonly domain: string;
  /** Port in the URL; default 443, which is not written. */
  readonly port?: number;
  /** Path; default `/webhooks/ghl`. */
  readonly path?: string;
  /** The URL in use today: its query string is kept, since the service may read from it. */
  readonly today?: string | undefined;
}

/** Our webhook URL: https, our domain and path, and the query string of today's URL without a pin. */
export function frontDoorUrl(door: FrontDoor): string {
  const port = door.port === undefined || door.port === 443 ? "" : `:${door.port}`;
  const query = door.today === undefined ? "" : splitUrl(door.today).query;
  return withoutPin(`https://${door.domain}${port}${door.path ?? WEBHOOK_PATH}${query === "" ? "" : `?${query}`}`);
}

/** The URL with `backend=node`; every other parameter, its order and its encoding stay as they are. */
export function withBackendNode(url: string): string {
  const { base, query, hash } = splitUrl(withoutPin(url));
  return `${base}?${query === "" ? "" : `${query}&`}${PIN_PARAMETER}=${PIN_NODE}${hash}`;
}

/** The URL without any `backend` parameter. */
export function withoutPin(url: string): string {
  const { base, query, hash } = splitUrl(url);
  const kept = query.split("&").filter((pair) => pair !== "" && pair.split("=")[0] !== PIN_PARAMETER);
  return `${base}${kept.length === 0 ? "" : `?${kept.join("&")}`}${hash}`;
}

/** True for an absolute https URL without white space, credentials or fragment: what may be written into GHL. */
export function isWritableUrl(url: string): boolean {
  if (/\s/.test(url) || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  return parsed.protocol === "https:" && parsed.username === "" && parsed.password === "" && parsed.hash === "";
}

/** A URL as people may see it: no query string, no credentials. Other text is not shown at all. */
export function showUrl(url: string): string {
  const trimmed = url.trim();
  if (trimmed === "") return "nothing (empty)";
  if (!URL.canParse(trimmed)) return "something that is no URL";
  const { protocol, host, pathname, search } = new URL(trimmed);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url.trim()) ? new URL(url.trim()).host : undefined;
}

function splitUrl(url: string): { base: string; query: string; hash: string } {
  const hashAt = url.indexOf("#");
  const hash = hashAt < 0 ? "" : url.slice(hashAt);
  const rest = hashAt < 0 ? url : url.slice(0, hashAt);
  const queryAt = rest.indexOf("?");
  return queryAt < 0
    ? { base: rest, query: "", hash }
    : { base: rest.slice(0, queryAt), query: rest.slice(queryAt + 1), hash };
}
