import type { GhlValueInputs } from "@cutover/clients/ghl/state";
import type { Lab, LabResult } from "../lab";
import type { GhlStandIn } from "../server";
import { must, NAME, type Scenario } from "./scenario";

/** Secrets of two generations, and one of a person's own; they open nothing, and nobody may read them. */
export const SECRETS = ["5ec2e7".repeat(8), "5ec0ed".repeat(8), "hunter2-of-a-person"] as const;
const [FIRST, SECOND, BY_HAND] = SECRETS;

const secret = (ghl: GhlStandIn, more: Partial<GhlValueInputs> = {}): GhlValueInputs => ({
  locationId: ghl.locationId,
  match: { name: NAME },
  mode: "set",
  value: FIRST,
  secret: true,
  onDestroy: "delete",
  ...more,
});

async function made(lab: Lab, ghl: GhlStandIn): Promise<void> {
  must(await lab.up(secret(ghl)));
}

/** Somebody changed the secret, and a refresh has seen it. */
async function changedByHand(lab: Lab, ghl: GhlStandIn): Promise<LabResult> {
  await made(lab, ghl);
  ghl.editByHand(NAME, BY_HAND);
  must(await lab.refresh());
  return lab.up(secret(ghl));
}

/** The value of `x-webhook-secret`, which GoHighLevel is given and nobody is shown. */
export const SECRET: readonly Scenario[] = [
  {
    mode: "the secret does not exist: made at once",
    play: (lab, ghl) => lab.up(secret(ghl)),
    ok: true,
    holds: FIRST,
    writes: 1,
    remembers: "none",
  },
  {
    mode: "the secret is there, made by a person: taken over, and given back at destroy",
    play: async (lab, ghl) => {
      ghl.seed(NAME, BY_HAND);
      await made(lab, ghl);
      return lab.destroy();
    },
    ok: true,
    holds: BY_HAND,
    writes: 2,
  },
  {
    mode: "the secret is rotated: written over our own",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      return lab.up(secret(ghl, { value: SECOND }));
    },
    ok: true,
    holds: SECOND,
    writes: 2,
  },
  {
    mode: "the secret's POST is done, its answer lost: one value only",
    play: (lab, ghl) => {
      ghl.fail({ method: "POST" }, { kind: "reset", when: "after" });
      return lab.up(secret(ghl));
    },
    ok: true,
    holds: FIRST,
    writes: 1,
  },
  {
    mode: "the secret changed by hand: refused, nothing of it is shown",
    play: changedByHand,
    ok: false,
    recovers: false,
    reads: /somebody changed the secret in GHL by hand\. It is not overwritten.*cutover:ghl\.overwrite' [0-9a-f]{12}/,
    holds: BY_HAND,
    writes: 1,
  },
  {
    mode: "the secret changed by hand, and a person allows it to be overwritten",
    play: async (lab, ghl) => {
      const [, overwrite = ""] = /overwrite' ([0-9a-f]{12})/.exec((await changedByHand(lab, ghl)).read) ?? [];
      return lab.up(secret(ghl, { overwrite }));
    },
    ok: true,
    holds: FIRST,
    writes: 2,
  },
  {
    mode: "destroy: the secret that we made is deleted",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      return lab.destroy();
    },
    ok: true,
    holds: undefined,
    writes: 2,
    remembers: "no state",
  },
  {
    mode: "destroy: a secret that somebody changed is left as it is",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      ghl.editByHand(NAME, BY_HAND);
      return lab.destroy();
    },
    ok: true,
    reads: /somebody else wrote the present value/,
    holds: BY_HAND,
    writes: 1,
  },
  {
    mode: "destroy after decommission: production needs the secret",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      must(await lab.up(secret(ghl, { decommissioned: true })));
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /this stack is production, which needs it.*lose-traffic/,
    holds: FIRST,
    writes: 1,
  },
  {
    mode: "kill -9 in create of the secret, after it was made",
    play: async (lab, ghl) => {
      must(await lab.killed(() => lab.up(secret(ghl))));
      return lab.up(secret(ghl));
    },
    ok: true,
    holds: FIRST,
    writes: 1,
  },
  {
    mode: "kill -9 in update of the secret, after it was written",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      must(await lab.killed(() => lab.up(secret(ghl, { value: SECOND }))));
      return lab.up(secret(ghl, { value: SECOND }));
    },
    ok: true,
    holds: SECOND,
    writes: 2,
  },
  {
    mode: "kill -9 in delete of the secret, after it was deleted",
    play: async (lab, ghl) => {
      await made(lab, ghl);
      must(await lab.killed(() => lab.destroy()));
      return lab.destroy();
    },
    ok: true,
    reads: /the value is gone from GHL already/,
    holds: undefined,
    writes: 2,
  },
];
