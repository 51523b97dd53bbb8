import { beforeEach, describe, expect, it } from "vitest";
import { FakeCounts } from "../../../tests/support/front-door-counts";
import { type SecretProofState, secretProofProvider } from "./secret-proof";

let counts: FakeCounts;
let said: string[];
beforeEach(() => {
  counts = new FakeCounts();
  said = [];
});

const inputs = (share: number, more: object = {}) => ({
  ...counts.groups,
  share,
  rising: share > 0,
  rolledBack: false,
  headerFrom: 'the custom value "Cutover Webhook Secret"',
  __provider: "text",
  ...more,
});
const provider = () =>
  secretProofProvider({ cloudwatch: counts.cloudwatch, clock: counts.clock, say: (line) => said.push(line) });
const made = async () => (await provider().create(inputs(0))).outs;
const update = async (olds: SecretProofState, share: number, more: object = {}) =>
  (await provider().update("id", { ...olds }, inputs(share, more))).outs;

describe("the proof that real messages carry the secret", () => {
  it("is not asked for at share 0, and keeps nothing of the engine", async () => {
    const state = await made();
    expect(state).toMatchObject({ proved: false, share: 0 });
    expect(Object.keys(state)).not.toContain("__provider");
    expect(counts.calls).toBe(0);
    expect(await provider().diff("id", { ...state }, inputs(0))).toEqual({ changes: false });
  });

  it("holds when 20 in a row had it, to either backend", async () => {
    const state = await made();
    counts.add(9, { unmatched: 3 });
    counts.add(8, { node: 15 });
    counts.add(2, { node: 3, python: 2, unmatched: 0 });
    expect(await provider().diff("id", { ...state }, inputs(10))).toEqual({ changes: true });
    expect(said).toEqual([]);
    expect(await update(state, 10)).toMatchObject({ proved: true });
  });

  it("fails with what to add to the step when the newest messages came without, and said so in the preview", async () => {
    const state = await made();
    counts.add(9, { node: 200 });
    counts.add(8, { node: 30, unmatched: 1 });
    counts.add(7, { node: 19 });
    const text =
      /19 of 20 messages of customers in a row .*\(1 came without it, the last at 11:52 UTC: a workflow step lacks the header\).*needs the header x-webhook-secret with the custom value "Cutover Webhook Secret"\. No weight was moved/;
    await provider().diff("id", { ...state }, inputs(10));
    expect(said.join()).toMatch(text);
    await expect(update(state, 10)).rejects.toThrow(text);
  });

  it("waits a few minutes for numbers that are not published yet", async () => {
    const state = await made();
    counts.add(3, { node: 12 });
    const slept: number[] = [];
    counts.onSleep = () => {
      slept.push(counts.nowMs);
      if (slept.length === 2) counts.add(2, { node: 8 });
    };
    expect(await update(state, 10)).toMatchObject({ proved: true });
    expect(slept).toHaveLength(2);
  });

  it("is asked for once: not for the next rungs, not on the way down", async () => {
    const state = await made();
    counts.add(2, { node: 20 });
    const proved = await update(state, 10);
    const { calls } = counts;
    expect(await provider().diff("id", { ...proved }, inputs(25))).toEqual({ changes: false });
    expect(await provider().diff("id", { ...proved }, inputs(5, { rising: false }))).toEqual({ changes: false });
    expect(counts.calls).toBe(calls);
  });

  it("is kept through a rollback, and asked for anew after a step back to front-door", async () => {
    counts.add(2, { node: 20 });
    const proved = await update(await made(), 10);
    const rolledBack = inputs(0, { rolledBack: true });
    expect(await provider().diff("id", { ...proved }, rolledBack)).toEqual({ changes: false });
    expect((await provider().update("id", { ...proved }, rolledBack)).outs.proved).toBe(true);

    expect(await provider().diff("id", { ...proved }, inputs(0))).toEqual({ changes: true });
    counts.nowMs += 10 * 60_000;
    const back = await update(proved, 0);
    expect(back).toMatchObject({ proved: false, sinceMs: counts.nowMs });
    await expect(update(back, 10)).rejects.toThrow("0 of 20 messages"); // the old ones no longer count
  });

  it("is asked for anew behind another load balancer", async () => {
    counts.add(2, { node: 20 });
    const proved = { ...(await update(await made(), 10)), loadBalancerArn: "arn:old" };
    expect(await provider().diff("id", { ...proved }, inputs(10))).toEqual({ changes: true });
    counts.minutes.length = 0;
    await expect(update(proved, 10)).rejects.toThrow("0 of 20 messages");
  });

  it("is not asked of a share that is there already", async () => {
    expect((await provider().create(inputs(50, { rising: false }))).outs.proved).toBe(true);
    expect(counts.calls).toBe(0);
  });

  it("does not hold when nobody can be asked, and the preview goes on", async () => {
    const state = await made();
    counts.failure = Object.assign(new Error("not authorized"), { name: "AccessDenied" });
    await provider().diff("id", { ...state }, inputs(10));
    expect(said.join()).toContain("AccessDenied: not authorized");
    await expect(update(state, 10)).rejects.toThrow(/Could not read how many messages .*cloudwatch:GetMetricData/);
  });
});
