import type { Read } from "@cutover/domain/evidence/model";
import { type GhlTarget, type NotAsked, targetOf } from "@cutover/domain/ghl-target";
import type { Manifest } from "@cutover/domain/stack-record";
import { GhlClient, type GhlClientOptions } from "./client";

/** A look, not a fight: the next one is made in a moment. */
const READ_ONCE = { deadlineMs: 5_000, retry: { attempts: 2, budgetMs: 8_000, longestAskedMs: 2_000 } } as const;

/**
 * Where GoHighLevel points now, by the stack's manifest, without Pulumi. Changes nothing and asks for the custom values only.
 * @param token May only read (scope `locations/customValues.readonly`); without one nobody is asked
 */
export async function readGhlTarget(
  manifest: Pick<Manifest, "domain" | "ghl">,
  token: string | undefined,
  overrides: Partial<GhlClientOptions> = {},
): Promise<Read<GhlTarget> | NotAsked> {
  const { ghl } = manifest;
  if (!ghl) return { notAsked: "the last update was made by a version that does not write down which value it is" };
  if ("manual" in ghl) return { notAsked: "the workflow step is edited by hand (cutover:ghl.mode manual)" };
  if (!token) {
    return { notAsked: "set CUTOVER_GHL_TOKEN to a token that reads (scope locations/customValues.readonly)" };
  }
  const { locationId, baseUrl, match } = ghl;
  const client = new GhlClient({ ...READ_ONCE, token, locationId, baseUrl, ...overrides });
  try {
    return { value: targetOf((await client.adopt(match)).value, manifest) };
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  } finally {
    client.close();
  }
}
