import type { Lab, LabResult } from "../lab";
import { adopted, asFound, moved, must, NAME, OURS, ours, type Scenario, TODAY } from "./scenario";

const PUT = { method: "PUT", on: "item" } as const;
/** Has what HTML escapes. */
export const ESCAPABLE = `${OURS}&a=1`;
const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** What GHL asks for and up to a tenth more: the lab's chance is half of that. */
function waited(lab: Lab, ms: number, result: LabResult): LabResult {
  if (JSON.stringify(lab.waits.filter((wait) => wait >= 5_000)) !== JSON.stringify([ms]))
    throw new Error(`the client waited ${lab.waits.join(", ")} ms, not ${ms}`);
  return result;
}

/** GHL answers, but not as it should. */
export const ANSWERS: readonly Scenario[] = [
  {
    mode: "429 with Retry-After",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "status", status: 429, retryAfter: "7" });
      return waited(lab, 7_350, await lab.up(ours(ghl)));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
  {
    mode: "429 without Retry-After: the interval header counts",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "status", status: 429 });
      return waited(lab, 10_500, await lab.up(ours(ghl)));
    },
    ok: true,
    holds: OURS,
    writes: 2,
  },
  {
    mode: "429 with an HTML body",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ method: "GET", skip: 1 }, { kind: "status", status: 429, html: true });
      return waited(lab, 10_500, await lab.up(ours(ghl)));
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
    writes: 5,
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
    mode: "stale GET for 20 reads",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "stale", reads: 20 });
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
    mode: "a web page with 403: a firewall in between, not the token",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(ALWAYS, { kind: "status", status: 403, html: true });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /^(?!.*token).*a web page answered \(403\), not GHL's API.*cutover:ghl\.baseUrl; a proxy, a firewall/s,
    holds: TODAY,
    writes: 0,
    remembers: TODAY,
  },
  {
    mode: "a redirect",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(ALWAYS, { kind: "status", status: 302, html: true });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /redirected, which is not followed.*\(302\).*cutover:ghl\.baseUrl/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "404 on the list: another API, or another location",
    play: async (lab, ghl) => {
      ghl.fail({ method: "GET", on: "list", ...ALWAYS }, { kind: "status", status: 404, message: "Cannot GET /x" });
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /not found \(404\).*Cannot GET.*cutover:ghl\.baseUrl and cutover:ghl\.locationId/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "400 on a PUT: the settings that the value comes from",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail({ ...PUT, ...ALWAYS }, { kind: "status", status: 400, message: "value is not allowed" });
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /refused the request \(400\).*value is not allowed.*cutover:ghl\.webhookValue.*cutover:domain/,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "400 on the list",
    play: async (lab, ghl) => {
      ghl.fail({ method: "GET", on: "list", ...ALWAYS }, { kind: "status", status: 400, message: "bad location" });
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /refused the request \(400\).*bad location.*Check cutover:ghl\.locationId/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "200 with non-JSON to a POST that was done: one value only",
    play: async (lab, ghl) => {
      ghl.fail({ method: "POST" }, { kind: "not-json" });
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: TODAY,
    writes: 1,
  },
  {
    mode: "GHL escapes what it is sent",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(PUT, { kind: "normalises", how: "escape" });
      return lab.up(ours(ghl, { value: ESCAPABLE }));
    },
    ok: false,
    reads: /does not keep what it was sent, it trims or escapes it.*cutover:ghl\.currentUrl/,
    holds: ESCAPABLE.replaceAll("&", "&amp;"),
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "an update that GHL trims: an address with a space at its end, put back",
    play: async (lab, ghl) => {
      await adopted(lab, ghl, `${TODAY} `);
      must(await lab.up(ours(ghl, { createWith: `${TODAY} ` })));
      ghl.fail(PUT, { kind: "normalises", how: "trim" });
      const first = await lab.up(asFound(ghl));
      if (first.ok || !/trims or escapes/.test(first.read)) throw new Error("the trimming was not said");
      return lab.up(asFound(ghl));
    },
    ok: true,
    holds: `${TODAY} `,
    writes: 3,
    remembers: `${TODAY} `,
  },
  {
    mode: "429 on a POST: nothing was made, so it may be sent again",
    play: async (lab, ghl) => {
      ghl.fail({ method: "POST" }, { kind: "status", status: 429 });
      const result = await lab.up(ours(ghl));
      must(result);
      return result;
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
];
