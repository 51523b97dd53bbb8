import type { RollbackConfig, RollbackSecret } from "@cutover/domain/function-config";
import { ownerOf, showUrl, type ValueMatch, withBackendNode } from "@cutover/domain/webhook";
import { type Greeting, greet, urlAnswers } from "../ghl/answers";
import { GhlClient, type GhlClientOptions } from "../ghl/client";
import type { Outcome } from "./ports";

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

/** A value that a person wrote: it is not overwritten. */
class ForeignValue extends Error {
  override readonly name = "ForeignValue";
}

/** All of it together: the function has 60 s, and the reconciler tries again each minute. */
const LIMIT_MS = 32_000;

export interface MoveWebhookOptions extends Partial<GhlClientOptions> {
  /** How a URL answers a GET; default: asks it. */
  readonly greet?: (url: string) => Promise<Greeting | undefined>;
}

/**
 * Points GoHighLevel's custom value at Node's URL, unless a person put something of their own there. Done where it points
 * there already. Where nothing answers at Node's URL, it gets the pinned front door: that way leads to Node as well.
 */
export async function moveWebhook(
  ghl: RollbackConfig["ghl"],
  secret: RollbackSecret,
  { greet: ask = (url) => greet(url, GREETING), ...overrides }: MoveWebhookOptions = {},
): Promise<Outcome> {
  const { ghlToken, nodeUrl } = secret;
  if (nodeUrl === undefined) return { state: "skipped", detail: "no URL of Node is known" };
  if (!ghl || ghlToken === undefined) {
    return {
      state: "skipped",
      detail: `the workflow step is edited by hand (cutover:ghl.mode manual). Messages reach Node through the load balancer; to go round it, put ${showUrl(nodeUrl)} into the step`,
    };
  }
  const client = new GhlClient({
    ...PATIENCE,
    token: ghlToken,
    locationId: ghl.locationId,
    baseUrl: ghl.baseUrl,
    ...overrides,
  });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const why = `GoHighLevel did not take it within ${LIMIT_MS / 1000} s; the reconciler tries again`;
    timer = setTimeout(() => reject(new Error(why)), LIMIT_MS);
  });
  try {
    return await Promise.race([move(client, ghl.match, { ...secret, nodeUrl }, ask), limit]);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function move(
  client: GhlClient,
  match: ValueMatch,
  { nodeUrl, frontDoorUrl }: RollbackSecret & { readonly nodeUrl: string },
  ask: (url: string) => Promise<Greeting | undefined>,
): Promise<Outcome> {
  const [found, answers] = await Promise.all([client.adopt(match), urlAnswers(nodeUrl, {}, ask)]);
  const pinned = frontDoorUrl === undefined || answers ? undefined : withBackendNode(frontDoorUrl);
  const wanted = pinned ?? nodeUrl;
  const why = pinned === undefined ? "" : `, since nothing answers at Node's own URL ${showUrl(nodeUrl)}`;
  try {
    const { wrote } = await client.write(found.id, wanted, (now) => {
      const owner = ownerOf(now.value, { frontDoor: frontDoorUrl, alsoOurs: [nodeUrl] });
      if (owner === "theirs") throw new ForeignValue(showUrl(now.value));
    });
    return { state: "done", detail: `${wrote ? "moved to" : "stood already at"} ${showUrl(wanted)}${why}` };
  } catch (error) {
    if (!(error instanceof ForeignValue)) throw error;
    return {
      state: "skipped",
      detail: `somebody changed it by hand to ${error.message}; it is not overwritten. Node's URL is ${showUrl(nodeUrl)}`,
    };
  }
}
