import { adopted, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

const PUT = { method: "PUT", on: "item" } as const;
const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** GHL answers, but not as it should. */
export const ANSWERS: readonly Scenario[] = [
  {
    mode: "429 with Retry-After",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "status", status: 429, retryAfter: "0.02" });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
  {
    mode: "429 without Retry-After: the interval header counts",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "status", status: 429, intervalMs: 20 });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
  {
    mode: "429 with an HTML body",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ method: "GET", skip: 1 }, { kind: "status", status: 429, html: true, intervalMs: 20 });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
  },
  {
    mode: "429 that does not end",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ ...PUT, ...ALWAYS }, { kind: "status", status: 429, intervalMs: 10 });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /too many requests.*100 requests per 10 s/,
    holds: TODAY,
    writes: 4,
    remembers: TODAY,
  },
  {
    mode: "429 that asks for an hour",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ ...PUT, ...ALWAYS }, { kind: "status", status: 429, retryAfter: "3600" });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /too many requests.*asks to wait 60 minutes/,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "daily-remaining 0",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(ALWAYS, { kind: "status", status: 429, dailyRemaining: 0, intervalMs: 10 });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /daily number of requests is used up.*tomorrow/,
    holds: TODAY,
    writes: 0,
  },
  ...[500, 502, 503, 504].flatMap((status): Scenario[] => [
    {
      mode: `${status} with HTML, once`,
      play: async (lab, ghl) => {
        await adopted(lab, ghl);
        ghl.fail(PUT, { kind: "status", status, html: true });
        return lab.up(ours(ghl));
      },
      ok: true,
      holds: OURS,
      writes: 2,
    },
    {
      mode: `${status} with HTML, for good`,
      play: async (lab, ghl) => {
        await adopted(lab, ghl);
        ghl.fail(ALWAYS, { kind: "status", status, html: true });
        return lab.up(ours(ghl));
      },
      ok: false,
      reads: new RegExp(`GHL keeps answering ${status}.*try again later`),
      holds: TODAY,
      writes: 0,
      remembers: TODAY,
    },
  ]),
  {
    mode: "200 with non-JSON to a write that was done",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "not-json" });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
  },
  {
    mode: "200 with non-JSON to a read",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ method: "GET", ...ALWAYS }, { kind: "not-json" });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /not what GHL's API sends.*baseUrl.*maintenance page/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "200 echoing the old value: accepted, not applied",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ ...PUT, ...ALWAYS }, { kind: "echo-old" });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /answered with success, but .* still holds the old value.*run again/,
    holds: TODAY,
    remembers: TODAY,
  },
  {
    mode: "stale GET for 5 reads",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "stale", reads: 5 });
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
  },
  {
    mode: "stale GET past the deadline, then the next up",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "stale", reads: 200 });
      const first = await lab.up(ours(ghl));
      if (first.ok) throw new Error("the first up should not have seen its write");
      const stored = ghl.named(NAME);
      if (stored?.stale) stored.stale.reads = 0;
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "fieldKey absent",
    play: async (lab, ghl) => {
      ghl.fail({ method: "GET", ...ALWAYS }, { kind: "no-field-key" });
      await adopted(lab, ghl);
      const result = await lab.up(ours(ghl));
      if (lab.outputs.mergeField !== "{{ custom_values.cutover_webhook_url }}") throw new Error("wrong merge field");
      return result;
    },
    ok: true,
    holds: OURS,
  },
  {
    mode: "customValue wrapper absent",
    play: async (lab, ghl) => {
      ghl.fail(ALWAYS, { kind: "no-wrapper" });
      await adopted(lab, ghl);
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
  },
  {
    mode: "422 with a list of messages",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(
        { ...PUT, ...ALWAYS },
        { kind: "status", status: 422, message: ["value is too long", `value ${OURS} is odd`] },
      );
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /refused the request \(422\).*value is too long; value \[redacted\] is odd/,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "400 with a text, for a value that is there",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.fail({ method: "GET", on: "item", ...ALWAYS }, { kind: "status", status: 400, message: "bad request" });
      return lab.refresh();
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "429 on a POST: nothing was made, so it may be sent again",
    play: async (lab, ghl) => {
      ghl.fail({ method: "POST" }, { kind: "status", status: 429, intervalMs: 20 });
      const result = await lab.up(ours(ghl));
      must(result);
      return result;
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
];
