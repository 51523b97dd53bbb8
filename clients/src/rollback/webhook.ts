import type { RollbackConfig, RollbackSecret } from "@cutover/domain/function-config";
import { ownerOf, showUrl, type ValueMatch, withBackendNode } from "@cutover/domain/webhook";
import { type Greeting, greet, urlAnswers } from "../ghl/answers";
import { GhlClient, type GhlClientOptions } from "../ghl/client";
import type { Outcome, WebhookPlace } from "./ports";

/**
 * Attempts, waits and reading back together; GoHighLevel may not use up the function's 60 s. An ordinary 429 asks for its
 * interval of 10 s (and up to a tenth more is waited), so one of them has to fit.
 */
const PATIENCE = {
  deadlineMs: 4_000,
  retry: { attempts: 4, budgetMs: 20_000, longestAskedMs: 11_000 },
  readBackMs: 6_000,
} as const;

/** Node's URL is asked twice at most. */
const GREETING = { deadlineMs: 2_000, attempts: 2 } as const;
/** A mere look is made again in the next minute. */
const READ_ONCE = { retry: { attempts: 1, budgetMs: 4_000, longestAskedMs: 0 } } as const;

const NAMES = { node: "Node", "front-door": "the front door" } as const;

/** A value that a person wrote: it is not overwritten. */
class ForeignValue extends Error {
  override readonly name = "ForeignValue";
}

/** All of it together: the function has 60 s, and the reconciler tries again each minute. */
const LIMIT_MS = 32_000;

export interface MoveWebhookOptions extends Partial<GhlClientOptions> {
  /** How a URL answers a GET; default: asks it. */
  readonly greet?: (url: string) => Promise<Greeting | undefined>;
  /** Path on which Node says that it is well: counts where its webhook path does not answer a GET. @default none */
  readonly healthPath?: string | undefined;
}

/**
 * Points GoHighLevel's custom value at Node's URL or at the front door, unless a person put something of their own there.
 * Done where it points there already. Where nothing answers at Node's URL, it gets the pinned front door: that way leads to
 * Node as well.
 */
export async function moveWebhook(
  ghl: RollbackConfig["ghl"],
  secret: RollbackSecret,
  to: "node" | "front-door" = "node",
  { greet: ask = (url) => greet(url, GREETING), healthPath, ...overrides }: MoveWebhookOptions = {},
): Promise<Outcome> {
  const { ghlToken, nodeUrl, frontDoorUrl } = secret;
  const url = to === "node" ? nodeUrl : frontDoorUrl;
  const name = NAMES[to];
  if (url === undefined) {
    const detail = `no URL of ${name} is known`;
    if (to === "node") return { state: "skipped", detail };
    const means = "unless GoHighLevel sends to it, messages don't reach the inbox";
    return { state: "skipped", byHand: { why: "manual" }, detail: `${detail}; ${means}` };
  }
  if (!ghl || ghlToken === undefined) {
    const means =
      to === "node"
        ? "Messages reach Node through the load balancer; to go round it,"
        : "Unless it sends to the front door, messages don't reach the inbox:";
    return {
      state: "skipped",
      byHand: { why: "manual" },
      detail: `the workflow step is edited by hand (cutover:ghl.mode manual). ${means} put ${showUrl(url)} into the step`,
    };
  }
  const client = clientFor(ghl, ghlToken, overrides);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const why = `GoHighLevel did not take it within ${LIMIT_MS / 1000} s; the reconciler tries again`;
    timer = setTimeout(() => reject(new Error(why)), LIMIT_MS);
  });
  try {
    const answers = () => urlAnswers(url, { healthPath }, ask);
    return await Promise.race([move(client, ghl.match, secret, { to, url }, answers), limit]);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function move(
  client: GhlClient,
  match: ValueMatch,
  secret: RollbackSecret,
  { to, url }: { readonly to: "node" | "front-door"; readonly url: string },
  nodeAnswers: () => Promise<boolean>,
): Promise<Outcome> {
  const { frontDoorUrl } = secret;
  const [found, answers] = await Promise.all([client.adopt(match), to === "node" ? nodeAnswers() : true]);
  const pinned = frontDoorUrl === undefined || answers ? undefined : withBackendNode(frontDoorUrl);
  const wanted = pinned ?? url;
  const why = pinned === undefined ? "" : `, since nothing answers at Node's own URL ${showUrl(url)}`;
  try {
    const { wrote } = await client.write(found.id, wanted, (now) => {
      if (placeOf(now.value, secret) === "theirs") throw new ForeignValue(showUrl(now.value));
    });
    return { state: "done", detail: `${wrote ? "moved to" : "stood already at"} ${showUrl(wanted)}${why}` };
  } catch (error) {
    if (!(error instanceof ForeignValue)) throw error;
    const means =
      to === "node"
        ? "The kill switch moves nothing that goes there: unless it leads to Node,"
        : "What goes there does not reach the inbox:";
    return {
      state: "skipped",
      byHand: { why: "foreign", found: error.message },
      detail: `somebody changed it by hand to ${error.message}; it is not overwritten. ${means} put ${showUrl(url)} there`,
    };
  }
}

/** Where GoHighLevel's custom value points now; undefined in mode `manual`, where nobody can see it. */
export async function readWebhook(
  ghl: RollbackConfig["ghl"],
  secret: RollbackSecret,
  overrides: Partial<GhlClientOptions> = {},
): Promise<WebhookPlace | undefined> {
  if (!ghl || secret.ghlToken === undefined) return undefined;
  const client = clientFor(ghl, secret.ghlToken, { ...READ_ONCE, ...overrides });
  try {
    const { value } = await client.adopt(ghl.match);
    return { place: placeOf(value, secret), shown: showUrl(value) };
  } finally {
    client.close();
  }
}

function clientFor(
  { locationId, baseUrl, match: _match }: NonNullable<RollbackConfig["ghl"]>,
  token: string,
  overrides: Partial<GhlClientOptions>,
): GhlClient {
  return new GhlClient({ ...PATIENCE, token, locationId, baseUrl, ...overrides });
}

/** Pinned to Node at the front door counts as Node: that is what a Node without a URL of its own has. */
function placeOf(value: string, { nodeUrl, frontDoorUrl }: RollbackSecret): WebhookPlace["place"] {
  if (value === nodeUrl) return "node";
  const owner = ownerOf(value, { frontDoor: frontDoorUrl });
  if (owner === "ours") return "front-door";
  return owner === "ours-pinned" ? "node" : "theirs";
}
