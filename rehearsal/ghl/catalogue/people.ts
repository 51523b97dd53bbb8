import { adopted, asFound, BY_HAND, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

/** What people do to the value, and what becomes of it at destroy. */
export const PEOPLE: readonly Scenario[] = [
  {
    mode: "no change: nothing is written",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      if (await lab.changes(ours(ghl))) throw new Error("the second up sees a change");
      must(await lab.refresh());
      if (await lab.changes(ours(ghl))) throw new Error("after a refresh there is a change");
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "moved back to Node by hand: the next up after a refresh refuses",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand(NAME, TODAY);
      must(await lab.refresh());
      if (!/moved GHL back to https:\/\/node\.example\.com\/hook/.test(lab.outputs.drift ?? ""))
        throw new Error("drift is not shown");
      return lab.up(ours(ghl));
    },
    ok: false,
    recovers: false,
    reads:
      /changed the value in GHL by hand: it holds https:\/\/node\.example\.com\/hook\?…, the address from before.*node-only.*cutover:ghl\.overwrite' [0-9a-f]{12}/,
    holds: TODAY,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "moved back to Node by hand: an up without a refresh says so and changes nothing",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand(NAME, TODAY);
      return lab.up(ours(ghl));
    },
    ok: true,
    reads: /somebody moved GHL back to https:\/\/node\.example\.com\/hook\?….*`pulumi refresh` takes it into the state/,
    holds: TODAY,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "changed by hand, and a person allows it to be overwritten",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.editByHand(NAME, BY_HAND);
      must(await lab.refresh());
      const refused = await lab.up(ours(ghl));
      const overwrite = /overwrite' ([0-9a-f]{12})/.exec(refused.read)?.[1] ?? "";
      return lab.up(ours(ghl, { overwrite }));
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "changed by hand before our first write",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.editByHand(NAME, BY_HAND);
      return lab.up(ours(ghl));
    },
    ok: false,
    recovers: false,
    reads: /changed the value in GHL by hand: it holds https:\/\/elsewhere\.example\.com\/by-hand\./,
    holds: BY_HAND,
    writes: 0,
  },
  {
    mode: "edited by a human between our read and our write",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      const edit = () => ghl.editByHand(NAME, BY_HAND);
      ghl.fail({ method: "GET", on: "item", skip: 2 }, { kind: "meanwhile", run: edit });
      return lab.up(ours(ghl));
    },
    ok: false,
    recovers: false,
    reads: /changed by somebody else a moment ago. Nothing was written/,
    holds: BY_HAND,
    writes: 0,
    remembers: TODAY,
  },
  {
    mode: "edited by a human between read and write of a destroy: not clobbered",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      const edit = () => ghl.editByHand(NAME, BY_HAND);
      ghl.fail({ method: "GET", on: "item", skip: 1 }, { kind: "meanwhile", run: edit });
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /changed by somebody else a moment ago. Nothing was written/,
    holds: BY_HAND,
    writes: 1,
  },
  {
    mode: "edited by a human right after our write",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      const edit = () => ghl.editByHand(NAME, BY_HAND);
      ghl.fail({ method: "GET", on: "item", skip: 3 }, { kind: "meanwhile", run: edit });
      return lab.up(ours(ghl));
    },
    ok: false,
    recovers: false,
    reads: /changed by somebody else while it was being written/,
    holds: BY_HAND,
    writes: 1,
  },
  {
    mode: "deleted by hand: the next up makes it again",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.deleteByHand(NAME);
      must(await lab.refresh());
      if (lab.outputs.drift !== "somebody deleted the value in GHL") throw new Error("the deletion is not shown");
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "deleted by hand and made again under the same name",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.deleteByHand(NAME);
      ghl.seed(NAME, OURS);
      return lab.refresh();
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "deleted by hand before a destroy",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.deleteByHand(NAME);
      return lab.destroy();
    },
    ok: true,
    reads: /the value is gone from GHL already/,
    holds: undefined,
    remembers: "no state",
  },
  {
    mode: "duplicate names",
    play: async (lab, ghl) => {
      ghl.seed(NAME, TODAY);
      ghl.seed(NAME, BY_HAND);
      return lab.up(asFound(ghl));
    },
    ok: false,
    recovers: false,
    reads:
      /has 2 custom values named "Cutover Webhook URL": "Cutover Webhook URL" \(id \S+\), .*Delete or rename all but one/,
    holds: TODAY,
    count: 2,
    writes: 0,
  },
  {
    mode: "name differing only by case and space, adopted by name",
    play: async (lab, ghl) => {
      ghl.seed("cutover webhook  url", TODAY);
      return lab.up(asFound(ghl, { match: { name: NAME }, createWith: "" }));
    },
    ok: false,
    recovers: false,
    reads:
      /no custom value named "Cutover Webhook URL".*There is "cutover webhook {2}url", which differs by case or spaces/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "the value does not exist and today's URL is not known",
    play: (lab, ghl) => lab.up(asFound(ghl, { createWith: "" })),
    ok: false,
    reads: /no custom value named.*cutover:ghl\.currentUrl/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "the value does not exist: first made holding today's URL",
    play: (lab, ghl) => lab.up(asFound(ghl)),
    ok: true,
    holds: TODAY,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "step down to prepare: today's URL is put back",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 2,
    remembers: TODAY,
  },
  {
    mode: "step down to prepare, but the old service does not answer",
    options: { greet: async () => undefined },
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /node\.example\.com\/hook\?…, does not answer.*Start the old service/,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
];

export const LONG = `https://hooks.example.com/webhooks/ghl?long=${"x".repeat(2_100)}`;
export const ODD_TODAY = ` https://node.example.com/Straße?a=1&b=ü%20&c=%2F `;

/** Values that are hard to carry: kept and restored character by character. */
export const ODD_VALUES: readonly Scenario[] = [
  {
    mode: "today's URL with &, unicode and a trailing space is restored as it was",
    play: async (lab, ghl) => {
      await adopted(lab, ghl, ODD_TODAY);
      must(await lab.up(ours(ghl, { createWith: ODD_TODAY })));
      return lab.destroy();
    },
    ok: true,
    holds: ODD_TODAY,
    remembers: "no state",
  },
  {
    mode: "a URL of more than 2,000 characters",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      return lab.up(ours(ghl, { value: LONG }));
    },
    ok: true,
    holds: LONG,
    writes: 1,
  },
  {
    mode: "a URL that is not https",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      return lab.up(ours(ghl, { value: "http://hooks.example.com/webhooks/ghl?t=pl4nted-query-ours" }));
    },
    ok: false,
    reads: /value: http:\/\/hooks\.example\.com\/webhooks\/ghl\?… can't be written into GHL: expected an https URL/,
    holds: TODAY,
    writes: 0,
  },
];
