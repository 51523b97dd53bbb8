import { asFound, BY_HAND, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

const OTHER = "Another Webhook URL";
const NODE = "https://node.example.com/webhooks/ghl";
const PINNED = `${OURS}&backend=node`;
const GREETS = { status: 404 };

/** Which value is meant, and what it may be pointed at. */
export const WHICH: readonly Scenario[] = [
  {
    mode: "adopted by id",
    play: async (lab, ghl) => {
      const id = ghl.seed(NAME, TODAY);
      must(await lab.up(asFound(ghl, { match: { id } })));
      return lab.up(ours(ghl, { match: { id } }));
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "adopted by an id that is not there",
    play: async (lab, ghl) => {
      ghl.seed(NAME, TODAY);
      return lab.up(asFound(ghl, { match: { id: "gone0000000000000000" } }));
    },
    ok: false,
    reads:
      /no custom value with the id gone0.*mistyped, of another location, or somebody deleted.*webhookValue' id:<its id>, or its name/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "adopted by id, and deleted by hand later",
    play: async (lab, ghl) => {
      const id = ghl.seed(NAME, TODAY);
      must(await lab.up(ours(ghl, { match: { id } })));
      ghl.deleteByHand(NAME);
      must(await lab.refresh());
      return lab.up(ours(ghl, { match: { id } }));
    },
    ok: false,
    reads: /somebody deleted the value.*A value that is made again gets a new id/,
    holds: undefined,
    writes: 1,
  },
  {
    mode: "two values with one merge field: the exact name, and one that differs by case",
    play: async (lab, ghl) => {
      ghl.seed(NAME, TODAY);
      ghl.seed("cutover webhook url", BY_HAND);
      return lab.up(asFound(ghl));
    },
    ok: false,
    recovers: false,
    reads:
      /2 custom values with the merge field \{\{ custom_values\.cutover_webhook_url \}\}: "Cutover Webhook URL" \(id .*"cutover webhook url"/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "cutover:ghl.webhookValue names another value while the first is ours: refused, and the first is given back at destroy",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.seed(OTHER, BY_HAND);
      const other = ours(ghl, { match: { name: OTHER } });
      const refused = await lab.up(other);
      if (!(await lab.changes(other))) throw new Error("the next update would not try again");
      const destroyed = await lab.destroy();
      if (!destroyed.ok || ghl.valueOf(OTHER) !== BY_HAND) throw new Error(`the destroy: ${destroyed.read}`);
      return refused;
    },
    ok: false,
    recovers: false,
    reads:
      /names another custom value than "Cutover Webhook URL" \(id \w+\), which holds what Cutover wrote\. Nothing was changed.*first go back to phase prepare/,
    holds: TODAY,
    writes: 2,
    remembers: "no state",
  },
  {
    mode: "cutover:ghl.webhookValue names the same value by its id",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.up(ours(ghl, { match: { id: ghl.named(NAME)?.id ?? "" } }));
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "cutover:ghl.webhookValue names another value in phase prepare: that one is adopted",
    play: async (lab, ghl) => {
      ghl.seed(OTHER, BY_HAND);
      must(await lab.up(asFound(ghl, { match: { name: OTHER } })));
      ghl.seed(NAME, TODAY);
      must(await lab.up(asFound(ghl)));
      const result = await lab.up(ours(ghl));
      if (ghl.valueOf(OTHER) !== BY_HAND) throw new Error("the first one was written");
      return result;
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "the value is there and empty: filled with today's URL first",
    play: async (lab, ghl) => {
      ghl.seed(NAME, "");
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "emptied by hand while it was ours: filled again",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand(NAME, " ");
      must(await lab.refresh());
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 2,
    remembers: TODAY,
  },
  {
    mode: "a step to Node's own URL that does not answer: the pinned front door in its place, and Node's once it answers",
    options: () => ({ greet: dead(NODE, 2) }),
    play: async (lab, ghl) => {
      const toNode = ours(ghl, { value: NODE, rollbackUrl: NODE, frontDoor: OURS });
      await moved(lab, ghl);
      const first = await lab.up(toNode);
      if (ghl.valueOf(NAME) !== PINNED) throw new Error("GHL was not pointed at the pinned front door");
      must(await lab.up(toNode));
      if (ghl.valueOf(NAME) !== NODE) throw new Error("GHL was not pointed at Node once it answered");
      must(await lab.up(ours(ghl, { rollbackUrl: NODE, frontDoor: OURS })));
      return first;
    },
    ok: true,
    reads:
      /Node's own URL, https:\/\/node\.example\.com\/webhooks\/ghl, does not answer\. GHL gets https:\/\/hooks.* in its place/,
    holds: OURS,
    writes: 4,
  },
];

/** Nothing answers at this URL the first `times` times. */
function dead(url: string, times: number) {
  let asked = 0;
  return async (at: string) => (at === url && ++asked <= times ? undefined : GREETS);
}
