import type { GhlValueInputs } from "@cutover/clients/ghl/state";
import { type MoveWebhookOptions, moveWebhook } from "@cutover/clients/rollback/webhook";
import type { Lab, LabResult } from "../lab";
import type { GhlStandIn } from "../server";
import { TOKENS } from "../tokens";
import { BY_HAND, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

const WELL = { greet: async () => ({ status: 404 }) };
const PINNED = `${OURS}&backend=node`;

/** What the rollback function does with GHL, without Pulumi: Node's own URL is today's. */
async function rollBack(
  lab: Lab,
  ghl: GhlStandIn,
  options: MoveWebhookOptions = WELL,
  to: "node" | "front-door" = "node",
): Promise<LabResult> {
  const place = { locationId: ghl.locationId, match: { name: NAME }, baseUrl: ghl.url };
  const secret = { ghlToken: TOKENS.write, nodeUrl: TODAY, frontDoorUrl: OURS };
  try {
    const { state, detail } = await moveWebhook(place, secret, to, { ...lab.client, ...options });
    return { ok: true, read: `${state}: ${detail ?? ""}` };
  } catch (error) {
    return { ok: false, read: error instanceof Error ? error.message : String(error) };
  }
}

/** Inputs of the update that releases a rollback. */
const released = (ghl: GhlStandIn, release: string): GhlValueInputs =>
  ours(ghl, { frontDoor: OURS, rollbackUrl: TODAY, release });

async function releasedOnce(lab: Lab, ghl: GhlStandIn): Promise<void> {
  await moved(lab, ghl);
  must(await rollBack(lab, ghl));
  must(await lab.up(released(ghl, "rb-0001")));
}

/** The rollback function, and the update that releases what it did. */
export const ROLLBACK: readonly Scenario[] = [
  {
    mode: "rollback: Node's own URL answers",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return rollBack(lab, ghl);
    },
    ok: true,
    reads: /^done: moved to https:\/\/node\.example\.com\/hook\?…$/,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "rollback: nothing answers at Node's own URL",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return rollBack(lab, ghl, { greet: async () => undefined });
    },
    ok: true,
    reads: /^done: moved to https:\/\/hooks\.example\.com\/webhooks\/ghl\?…, since nothing answers at Node's own URL/,
    holds: PINNED,
    writes: 2,
  },
  {
    mode: "rollback: Node's webhook does not answer a GET, its health path does",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      const greet = async (url: string) => ({ status: url.endsWith("/healthz") ? 200 : 502 });
      return rollBack(lab, ghl, { greet, healthPath: "/healthz" });
    },
    ok: true,
    reads: /^done: moved to https:\/\/node/,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "rollback: again a minute later, by the reconciler",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await rollBack(lab, ghl));
      return rollBack(lab, ghl);
    },
    ok: true,
    reads: /^done: stood already at/,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "rollback: a person's own value is there",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand(NAME, BY_HAND);
      return rollBack(lab, ghl);
    },
    ok: true,
    reads: /^skipped: somebody changed it by hand to https:\/\/elsewhere.*not overwritten/,
    holds: BY_HAND,
    writes: 1,
  },
  {
    mode: "rollback: 429 with its interval header",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail({ method: "PUT" }, { kind: "status", status: 429 });
      return rollBack(lab, ghl);
    },
    ok: true,
    holds: TODAY,
    writes: 3,
  },
  {
    mode: "rollback: GHL answers 503 for good; the reconciler tries again each minute",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail({ times: Number.POSITIVE_INFINITY }, { kind: "status", status: 503, html: true });
      return rollBack(lab, ghl);
    },
    ok: false,
    recovers: false,
    reads: /GHL keeps answering 503/,
    holds: OURS,
  },
  {
    mode: "rollback: the token was revoked",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.tokens.delete(TOKENS.write);
      return rollBack(lab, ghl);
    },
    ok: false,
    recovers: false,
    reads: /does not know the token/,
    holds: OURS,
  },
  {
    mode: "rollback to the inbox after one to Node: GHL goes back to the front door",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await rollBack(lab, ghl));
      return rollBack(lab, ghl, WELL, "front-door");
    },
    ok: true,
    holds: OURS,
    writes: 3,
  },
  {
    mode: "release: what the rollback wrote is taken back without asking",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await rollBack(lab, ghl));
      return lab.up(released(ghl, "rb-0001"));
    },
    ok: true,
    holds: OURS,
    writes: 3,
  },
  {
    mode: "release after a refresh has seen what the rollback wrote",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await rollBack(lab, ghl));
      must(await lab.refresh());
      return lab.up(released(ghl, "rb-0001"));
    },
    ok: true,
    holds: OURS,
    writes: 3,
  },
  {
    mode: "release: the rollback wrote the pinned front door",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await rollBack(lab, ghl, { greet: async () => undefined }));
      return lab.up(released(ghl, "rb-0001"));
    },
    ok: true,
    holds: OURS,
    writes: 3,
  },
  {
    mode: "a person moves GHL to Node after a release: not undone",
    play: async (lab, ghl) => {
      await releasedOnce(lab, ghl);
      ghl.editByHand(NAME, TODAY);
      must(await lab.refresh());
      return lab.up(released(ghl, "rb-0001"));
    },
    ok: false,
    recovers: false,
    reads: /somebody changed the value in GHL by hand/,
    holds: TODAY,
    writes: 3,
  },
];
