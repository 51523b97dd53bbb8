import type { Greeting } from "@cutover/clients/ghl/answers";
import { TOKENS } from "../tokens";
import { adopted, asFound, moved, must, OURS, ours, type Scenario, TODAY } from "./scenario";

const ALWAYS = { times: Number.POSITIVE_INFINITY };
const PARKED = { status: 404, server: "parking" };

/** An answer at adoption, and another one from then on. */
function changing(then: Greeting | undefined, now: (url: string) => Greeting | undefined) {
  let asked = 0;
  return async (url: string) => (++asked === 1 ? then : now(url));
}

/** What happens at destroy. */
export const DESTROY: readonly Scenario[] = [
  {
    mode: "destroy in phase prepare: nothing was written, nothing is",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 0,
    remembers: "no state",
  },
  {
    mode: "destroy: the old address answers",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.destroy();
    },
    ok: true,
    reads: /put back to https:\/\/node\.example\.com\/hook\?…/,
    holds: TODAY,
    writes: 2,
    remembers: "no state",
  },
  {
    mode: "destroy at once after an update whose write was accepted and not done",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ method: "PUT" }, { kind: "echo-old" });
      await lab.up(ours(ghl));
      must(await lab.refresh());
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 1,
    remembers: "no state",
  },
  {
    mode: "destroy at once after a create whose write was accepted and not done",
    play: async (lab, ghl) => {
      ghl.seed("Cutover Webhook URL", TODAY);
      ghl.fail({ method: "PUT" }, { kind: "echo-old" });
      await lab.up(ours(ghl));
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 1,
    remembers: "no state",
  },
  {
    mode: "destroy: the value is ours with backend=node, as the rollback wrote it",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand("Cutover Webhook URL", `${OURS}&backend=node`);
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
  },
  {
    mode: "destroy: the old address does not answer",
    options: { greet: async () => undefined },
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.destroy();
    },
    ok: false,
    reads:
      /GHL sends its messages to https:\/\/hooks\.example\.com\/webhooks\/ghl\?…, which this destroys.*does not answer.*lose-traffic/,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "destroy with lose-traffic: the old address does not answer",
    options: { greet: async () => undefined },
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      lab.config.destroy = "lose-traffic";
      return lab.destroy();
    },
    ok: true,
    reads: /left as it is because of cutover:destroy lose-traffic/,
    holds: OURS,
    writes: 1,
    remembers: "no state",
  },
  {
    mode: "destroy: another server answers 404 at the old address, as a parking page does",
    options: () => ({ greet: changing({ status: 404, server: "node" }, () => PARKED) }),
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /does not answer.*lose-traffic/,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "destroy: the old address took the request before, and now knows no such path",
    options: () => ({ greet: changing({ status: 200 }, () => ({ status: 404 })) }),
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /does not answer/,
    holds: OURS,
  },
  {
    mode: "destroy: the old address redirects",
    options: () => ({ greet: changing(undefined, () => ({ status: 301 })) }),
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /does not answer/,
    holds: OURS,
  },
  {
    mode: "destroy: the old address answers otherwise than before, but Node's health path says that it is well",
    options: () => ({
      greet: changing({ status: 200 }, (url) => ({ status: url === "https://node.example.com/healthz" ? 200 : 404 })),
    }),
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      must(await lab.up(ours(ghl, { healthPath: "/healthz" })));
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "destroy: the token is revoked",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.rotateToken(TOKENS.write, "pit-7b7b7b7b-0000-4000-8000-000000rotated");
      const result = await lab.destroy();
      ghl.rotateToken("pit-7b7b7b7b-0000-4000-8000-000000rotated", TOKENS.write);
      return result;
    },
    ok: false,
    reads: /does not know the token.*To destroy all the same.*lose-traffic/,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "destroy with lose-traffic: the token is revoked",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.rotateToken(TOKENS.write, "pit-7b7b7b7b-0000-4000-8000-000000rotated");
      lab.config.destroy = "lose-traffic";
      return lab.destroy();
    },
    ok: true,
    reads: /is left as it is because of cutover:destroy lose-traffic: .*does not know the token/,
    holds: OURS,
    writes: 1,
    remembers: "no state",
  },
  {
    mode: "destroy: GHL answers 503",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail(ALWAYS, { kind: "status", status: 503, html: true });
      return lab.destroy();
    },
    ok: false,
    reads: /GHL keeps answering 503.*To destroy all the same.*lose-traffic/,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "destroy with lose-traffic: GHL answers 503",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail(ALWAYS, { kind: "status", status: 503, html: true });
      lab.config.destroy = "lose-traffic";
      return lab.destroy();
    },
    ok: true,
    reads: /is left as it is because of cutover:destroy lose-traffic: .*503/,
    holds: OURS,
    remembers: "no state",
  },
  {
    mode: "destroy: GHL can't be reached",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      await ghl.stop();
      return lab.destroy();
    },
    ok: false,
    reads: /no answer from GHL.*nothing listens there.*cutover:ghl\.baseUrl.*HTTPS_PROXY.*lose-traffic/,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "destroy after somebody moved GHL back to Node",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand("Cutover Webhook URL", TODAY);
      return lab.destroy();
    },
    ok: true,
    reads: /already holds the value from before/,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "destroy after somebody moved GHL elsewhere",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand("Cutover Webhook URL", "https://elsewhere.example.com/by-hand");
      return lab.destroy();
    },
    ok: true,
    reads: /somebody else wrote the present value; it is left as it is/,
    holds: "https://elsewhere.example.com/by-hand",
    writes: 1,
  },
  {
    mode: "destroy after somebody edited our URL, which still leads here",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand("Cutover Webhook URL", `${OURS}&debug=1`);
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /somebody changed the URL by hand/,
    holds: `${OURS}&debug=1`,
    writes: 1,
  },
  {
    mode: "destroy after decommission",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await lab.up(ours(ghl, { decommissioned: true })));
      return lab.destroy();
    },
    ok: false,
    reads: /this stack is production and the old address is forgotten \(docs\/life-after\.md\)/,
    holds: OURS,
    writes: 1,
    remembers: "none",
  },
  {
    mode: "kill -9 in create, after today's URL was made",
    play: async (lab, ghl) => {
      must(await lab.killed(() => lab.up(asFound(ghl))));
      must(await lab.up(ours(ghl)));
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 3,
  },
  {
    mode: "kill -9 in create, after our URL was written",
    play: async (lab, ghl) => {
      ghl.seed("Cutover Webhook URL", TODAY);
      must(await lab.killed(() => lab.up(ours(ghl))));
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "kill -9 in update, after our URL was written",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      must(await lab.killed(() => lab.up(ours(ghl))));
      must(await lab.up(ours(ghl)));
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "kill -9 in update, after our URL was written, and destroy at once",
    play: async (lab, ghl) => {
      ghl.seed("Cutover Webhook URL", TODAY);
      must(await lab.up(asFound(ghl, { frontDoor: OURS })));
      must(await lab.killed(() => lab.up(ours(ghl, { frontDoor: OURS }))));
      return lab.destroy();
    },
    ok: true,
    reads: /put back to https:\/\/node\.example\.com\/hook/,
    holds: TODAY,
    writes: 2,
    remembers: "no state",
  },
  {
    mode: "kill -9 in update, after our URL was written, and back to prepare",
    play: async (lab, ghl) => {
      ghl.seed("Cutover Webhook URL", TODAY);
      must(await lab.up(asFound(ghl, { frontDoor: OURS })));
      must(await lab.killed(() => lab.up(ours(ghl, { frontDoor: OURS }))));
      must(await lab.refresh());
      return lab.up(asFound(ghl, { frontDoor: OURS }));
    },
    ok: true,
    holds: TODAY,
    writes: 2,
    remembers: TODAY,
  },
  {
    mode: "kill -9 in delete, after today's URL was put back",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      must(await lab.killed(() => lab.destroy()));
      return lab.destroy();
    },
    ok: true,
    reads: /already holds the value from before/,
    holds: TODAY,
    writes: 2,
  },
];
