import { adopted, asFound, moved, OURS, ours, type Scenario, TODAY } from "./scenario";

const PUT = { method: "PUT" } as const;
const POST = { method: "POST" } as const;
const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** The connection breaks, or the answer comes too late. */
export const CONNECTION: readonly Scenario[] = [
  {
    mode: "connection reset before a PUT is done",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "reset", when: "before" });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
  {
    mode: "connection reset after a PUT is done",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "reset", when: "after" });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
  },
  {
    mode: "connection reset before a POST is done",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "reset", when: "before" });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 2,
  },
  {
    mode: "connection reset after a POST is done: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "reset", when: "after" });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST done, answer past the client's deadline: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "slow", ms: 600, when: "after" });
      return lab.up(asFound(ghl));
    },
    options: { deadlineMs: 100 },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST done, answer lost, and the next list does not have it yet: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "list-lags", lists: 1 });
      const kept = ghl.store.add.bind(ghl.store);
      ghl.store.add = (name, value) => {
        const stored = kept(name, value);
        ghl.fail({ method: "GET", on: "list" }, { kind: "reset", when: "before" });
        return stored;
      };
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "PUT done, answer past the client's deadline",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "slow", ms: 600, when: "after" });
      return lab.up(ours(ghl));
    },
    options: { deadlineMs: 100 },
    ok: true,
    holds: OURS,
    writes: 1,
  },
  {
    mode: "every read past the client's deadline",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ method: "GET", ...ALWAYS }, { kind: "slow", ms: 400, when: "before" });
      return lab.up(ours(ghl));
    },
    options: { deadlineMs: 60 },
    ok: false,
    reads: /no answer within 60 ms \(tried 4 times\)/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "GHL can't be reached at all",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      await ghl.stop();
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /nothing listens there \(connection refused\) \(ECONNREFUSED\) \(tried 4 times\)/,
    holds: TODAY,
    writes: 0,
    remembers: TODAY,
  },
  {
    mode: "connection reset after a DELETE is done",
    play: async (lab, ghl) => {
      const secret = {
        match: { name: "Cutover Webhook URL" },
        mode: "set",
        value: "s3cret-s3cret",
        secret: true,
      } as const;
      await lab.up({ locationId: ghl.locationId, onDestroy: "delete", ...secret });
      ghl.fail({ method: "DELETE" }, { kind: "reset", when: "after" });
      return lab.destroy();
    },
    ok: true,
    holds: undefined,
    remembers: "no state",
  },
  {
    mode: "connection reset after the PUT of a destroy is done",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail(PUT, { kind: "reset", when: "after" });
      return lab.destroy();
    },
    ok: true,
    reads: /put back to https:\/\/node\.example\.com\/hook\?…/,
    holds: TODAY,
    remembers: "no state",
  },
  {
    mode: "list missing the new item once",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "list-lags", lists: 1 });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
];
