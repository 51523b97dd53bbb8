import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeCounts } from "../../../tests/support/front-door-counts";
import { quietProvider } from "./quiet";

const MINUTE = 60_000;
let counts: FakeCounts;
let said: string[];
beforeEach(() => {
  counts = new FakeCounts();
  said = [];
});
afterEach(() => {
  delete process.env.CUTOVER_DESTROY;
});

const destroy = (more: object = {}, key?: string) =>
  quietProvider({
    cloudwatch: counts.cloudwatch,
    clock: counts.clock,
    say: (line) => said.push(line),
    ...(key ? { destroy: key } : {}),
  }).delete("id", { ...counts.groups, loseTraffic: false, ...more });
/** Minutes that the destroy waited. */
const waited = async (run: Promise<void>) => {
  const began = counts.nowMs;
  await run;
  return (counts.nowMs - began) / MINUTE;
};
const busyDay = () => {
  for (let ago = 1; ago < 24 * 60; ago += 5) counts.add(ago, { node: 20, python: 5 });
};

describe("destroying the front door after the webhook was put back", () => {
  it("waits five minutes where many messages came, also where the last ones came long ago", async () => {
    busyDay();
    expect(await waited(destroy())).toBe(5);
    expect(said).toEqual([expect.stringContaining("for 5 minutes")]);
    counts.nowMs += 6 * 3_600_000; // the value may have been put back only now: silence before says nothing
    expect(await waited(destroy())).toBe(5);
  });

  it("waits ten minutes where few came, for ten mean gaps would be hours", async () => {
    for (const ago of [30, 200, 700]) counts.add(ago, { node: 1 });
    expect(await waited(destroy())).toBe(10);
  });

  it("waits on while workflows still know the old URL, messages without the header included", async () => {
    busyDay();
    const last = counts.nowMs + 12 * MINUTE;
    counts.onSleep = () => {
      if (counts.nowMs <= last && counts.minutes.at(-1)?.atMs !== Math.floor(counts.nowMs / MINUTE) * MINUTE)
        counts.add(0, { unmatched: 1 });
    };
    const minutes = await waited(destroy());
    expect(minutes).toBeGreaterThanOrEqual(16);
    expect(minutes).toBeLessThanOrEqual(18);
  });

  it("is refused when they do not stop, with what to look for", async () => {
    busyDay();
    counts.onSleep = () => counts.add(0, { node: 1 });
    await expect(destroy()).rejects.toThrow(
      /still reach the front door 30 minutes after.*Another workflow step may hold its URL.*lose-traffic/,
    );
  });

  it("waits for nothing where no message came, and where losing them is accepted, in each of three ways", async () => {
    expect(await waited(destroy())).toBe(0);
    busyDay();
    expect(await waited(destroy({ loseTraffic: true }))).toBe(0);
    expect(await waited(destroy({}, "lose-traffic"))).toBe(0);
    process.env.CUTOVER_DESTROY = "lose-traffic";
    expect(await waited(destroy())).toBe(0);
  });

  it("is refused when nobody can be asked", async () => {
    counts.failure = new Error("no credentials");
    await expect(destroy()).rejects.toThrow(/Could not read how many messages reach the front door/);
  });

  it("is a change only where what is watched changes", async () => {
    const provider = quietProvider();
    const inputs = { ...counts.groups, loseTraffic: false };
    const { outs } = await provider.create({ ...inputs, __provider: "text" });
    expect(Object.keys(outs)).not.toContain("__provider");
    expect(await provider.diff("id", { ...outs }, { ...inputs })).toEqual({ changes: false });
    expect(await provider.diff("id", { ...outs }, { ...inputs, matchedArns: [] })).toEqual({ changes: true });
  });
});
