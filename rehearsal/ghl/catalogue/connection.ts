import { adopted, asFound, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

const PUT = { method: "PUT" } as const;
const POST = { method: "POST" } as const;
const ALWAYS = { times: Number.POSITIVE_INFINITY };

const SECRET = "s3cret-s3cret";

/** Inputs of a value that we make ourselves and delete at destroy: the secret's. */
const made = (locationId: string) =>
  ({ locationId, match: { name: NAME }, mode: "set", value: SECRET, secret: true, onDestroy: "delete" }) as const;

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
    mode: "connection reset before a POST is done: its fate is not known, so it is not sent again",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "reset", when: "before" });
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads:
      /closed before an answer came.*Whether GHL has made it is not known: 30 s later no list has it.*not sent again.*run again/,
    holds: undefined,
    writes: 1,
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
    mode: "POST done, answer lost, and 10 lists don't have it yet: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "reset", when: "after", lists: 10 });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST done, answer past the deadline, and 10 lists don't have it yet: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "slow", ms: 1_000, when: "after", lists: 10 });
      return lab.up(asFound(ghl));
    },
    options: { deadlineMs: 300 },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST done late, seconds after its answer was lost: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "late-commit", lists: 10 });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST answered 502 by a gateway, done all the same: one value only",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "status", status: 502, html: true, done: true });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "POST done after the update had given up and the next one had made another: said and refused",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "late-commit", lists: Number.POSITIVE_INFINITY });
      const first = await lab.up(asFound(ghl));
      if (first.ok || !/not known/.test(first.read)) throw new Error("the first update should not know");
      must(await lab.up(asFound(ghl)));
      ghl.commitLate();
      const again = await lab.up(asFound(ghl));
      if (!/2 custom values named/.test(again.read))
        throw new Error(`a preview does not tell of the second: ${again.read}`);
      must(await lab.refresh());
      if (!/2 custom values named/.test(lab.outputs.drift ?? ""))
        throw new Error("the refresh does not tell of the second");
      return lab.up(ours(ghl));
    },
    ok: false,
    recovers: false,
    reads: /2 custom values named "Cutover Webhook URL".*Which of them the workflow step gets is not known/,
    holds: TODAY,
    count: 2,
    writes: 2,
    remembers: TODAY,
  },
  {
    mode: "somebody makes a value of the same name while we do: said at once",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "meanwhile", run: () => void ghl.seed(NAME, TODAY) });
      return lab.up(asFound(ghl));
    },
    ok: false,
    recovers: false,
    reads: /2 custom values named "Cutover Webhook URL"/,
    holds: TODAY,
    count: 2,
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
    reads: /no answer within 60 ms \(tried 5 times\)/,
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
    reads: /nothing listens there \(connection refused\) \(ECONNREFUSED\) \(tried 5 times\)/,
    holds: TODAY,
    writes: 0,
    remembers: TODAY,
  },
  ...(["before", "after"] as const).map(
    (when): Scenario => ({
      mode: `connection reset ${when} a DELETE is done`,
      play: async (lab, ghl) => {
        must(await lab.up(made(ghl.locationId)));
        ghl.fail({ method: "DELETE" }, { kind: "reset", when });
        return lab.destroy();
      },
      ok: true,
      holds: undefined,
      writes: 3,
      remembers: "no state",
    }),
  ),
  {
    mode: "DELETE accepted and not done",
    play: async (lab, ghl) => {
      must(await lab.up(made(ghl.locationId)));
      ghl.fail({ method: "DELETE" }, { kind: "status", status: 200 });
      return lab.destroy();
    },
    ok: false,
    recovers: false,
    reads: /deleting custom value .*answered with success, but the value is still there.*delete it by hand/,
    holds: SECRET,
    writes: 2,
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
    mode: "lists missing the new item three times: looked at until it is there, in case there are two",
    play: async (lab, ghl) => {
      ghl.fail(POST, { kind: "list-lags", lists: 3 });
      const result = await lab.up(ours(ghl));
      const post = ghl.journal.findIndex((entry) => entry.method === "POST");
      const put = ghl.journal.findIndex((entry) => entry.method === "PUT");
      const lists = ghl.journal
        .slice(post, put)
        .filter((entry) => entry.method === "GET" && entry.path.endsWith("/customValues"));
      if (lists.length !== 4) throw new Error(`${lists.length} lists were read after the POST`);
      return result;
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
];
