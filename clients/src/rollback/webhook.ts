import type { RollbackConfig, RollbackSecret } from "@cutover/domain/function-config";
import { ownerOf, showUrl } from "@cutover/domain/webhook";
import { GhlClient, type GhlClientOptions } from "../ghl/client";
import type { Outcome } from "./ports";

/** Attempts, waits and reading back together; GoHighLevel may not use up the function's time. */
const PATIENCE = {
  deadlineMs: 4_000,
  retry: { attempts: 4, budgetMs: 12_000, longestAskedMs: 5_000 },
  readBackMs: 6_000,
} as const;

/** A value that a person wrote: it is not overwritten. */
class ForeignValue extends Error {
  override readonly name = "ForeignValue";
}

/**
 * Points GoHighLevel's custom value at Node's URL, unless a person put something of their own there. Done where it points
 * there already.
 */
export async function moveWebhook(
  ghl: RollbackConfig["ghl"],
  secret: RollbackSecret,
  overrides: Partial<GhlClientOptions> = {},
): Promise<Outcome> {
  const { ghlToken, nodeUrl, frontDoorUrl } = secret;
  if (nodeUrl === undefined) return { state: "skipped", detail: "no URL of Node is known" };
  const shown = showUrl(nodeUrl);
  if (!ghl || ghlToken === undefined) {
    return {
      state: "skipped",
      detail: `the workflow step is edited by hand (cutover:ghl.mode manual). Messages reach Node through the load balancer; to go round it, put ${shown} into the step`,
    };
  }
  const client = new GhlClient({
    ...PATIENCE,
    token: ghlToken,
    locationId: ghl.locationId,
    baseUrl: ghl.baseUrl,
    ...overrides,
  });
  try {
    const found = await client.adopt(ghl.match);
    const { wrote } = await client.write(found.id, nodeUrl, (now) => {
      const owner = ownerOf(now.value, { frontDoor: frontDoorUrl, alsoOurs: [nodeUrl] });
      if (owner === "theirs") throw new ForeignValue(showUrl(now.value));
    });
    return { state: "done", detail: `${wrote ? "moved to" : "stood already at"} ${shown}` };
  } catch (error) {
    if (!(error instanceof ForeignValue)) throw error;
    return {
      state: "skipped",
      detail: `somebody changed it by hand to ${error.message}; it is not overwritten. Node's URL is ${shown}`,
    };
  } finally {
    client.close();
  }
}
