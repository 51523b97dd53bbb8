import { describe, expect, it } from "vitest";
import { type AlarmNow, planReconcile, type ReconcileSight, remainingSteps } from "./reconcile";
import type { RollbackRecord, StepResult } from "./record";

const T0 = Date.parse("2026-11-22T10:00:00Z");
const iso = (minutes: number) => new Date(T0 + minutes * 60_000).toISOString();
const step = (state: StepResult["state"], minute = 0): StepResult => ({ state, at: iso(minute), detail: "" });
const DONE = { switch: step("done"), verify: step("done"), webhook: step("skipped"), notice: step("done") };

const record = (more: Partial<RollbackRecord> = {}): RollbackRecord => ({
  version: 1,
  id: "rb-0001",
  at: iso(0),
  trigger: { kind: "hard", text: "probes failed" },
  to: "node",
  steps: DONE,
  ...more,
});
const ringing = (minute: number | undefined, more: Partial<AlarmNow> = {}): AlarmNow => ({
  name: "cutover-prod-rollback-hard",
  tier: "hard",
  state: "ALARM",
  since: minute === undefined ? undefined : T0 + minute * 60_000,
  reason: "probes failed",
  ...more,
});
const NODE = { name: "cutover-prod-node-probes", tier: "suspicion", aboutNode: true } as const;
const quiet: ReconcileSight = { records: [], killSwitch: "off", share: 50, alarms: [], now: T0 + 8 * 60_000 };
const plan = (change: Partial<ReconcileSight>) => planReconcile({ ...quiet, ...change });

describe("planReconcile", () => {
  it.each<[string, Partial<ReconcileSight>]>([
    ["nothing happened", {}],
    ["every alarm is OK", { alarms: [ringing(1, { state: "OK" }), ringing(1, { state: "INSUFFICIENT_DATA" })] }],
    ["an alarm rings, but Python gets nothing", { alarms: [ringing(1)], share: 0 }],
    ["an alarm rings since before the release", { alarms: [ringing(1)], records: [record({ releasedAt: iso(2) })] }],
    ["another invocation moves the switch", { records: [record({ busyUntil: iso(9) })], killSwitch: "hold" }],
    ["another invocation is at it", { records: [record({ steps: {}, busyUntil: iso(9) })], killSwitch: "node" }],
    ["somebody put it off and was told so", { records: [record({ handOffAt: iso(5) })], killSwitch: "off" }],
    [
      "an alarm of Node rings before a release",
      { alarms: [ringing(1, NODE)], records: [record({ releasedAt: iso(2) })] },
    ],
    ["Node is removed", { killSwitch: "missing" }],
  ])("does nothing where %s", (_what, change) => {
    expect(plan(change)).toEqual({ kind: "nothing" });
  });

  it.each<[string, Partial<ReconcileSight>]>([
    ["its event was lost", { alarms: [ringing(1)] }],
    ["the share is unknown", { alarms: [ringing(1)], share: undefined }],
    ["CloudWatch does not say since when", { alarms: [ringing(undefined)] }],
    ["it rings since after the release", { alarms: [ringing(3)], records: [record({ releasedAt: iso(2) })] }],
    ["the rule is unclear", { alarms: [ringing(1)], killSwitch: "unclear" }],
    ["Node is removed", { alarms: [ringing(1)], killSwitch: "missing" }],
    [
      "it rings since the release looked at the alarms",
      { alarms: [ringing(3)], records: [record({ releasingAt: iso(2) })] },
    ],
  ])("responds to an alarm where %s", (_what, change) => {
    expect(plan(change)).toMatchObject({ kind: "respond", alarm: { name: "cutover-prod-rollback-hard" } });
  });

  it("responds at share 0 to what is about Node, past what is about Python", () => {
    expect(plan({ alarms: [ringing(1), ringing(1, NODE)], share: 0 })).toMatchObject({ kind: "respond", alarm: NODE });
  });

  it.each<[string, Partial<ReconcileSight>]>([
    ["its alarm is quiet", {}],
    ["its alarm still rings", { alarms: [ringing(0)] }],
    ["another alarm joins", { alarms: [ringing(9)] }],
    ["a release waits for its alarms", { records: [record({ releasingAt: iso(5) })] }],
  ])("looks whether Node lives once a rollback is done and %s", (_what, change) => {
    expect(plan({ records: [record()], killSwitch: "node", ...change })).toMatchObject({ kind: "look-at-node" });
  });

  it("responds to the surest alarm", () => {
    const [soft, suspicion] = [ringing(1, { tier: "soft" }), ringing(1, { tier: "suspicion" })];
    expect(plan({ alarms: [suspicion, soft, ringing(1)] })).toMatchObject({ alarm: { tier: "hard" } });
    expect(plan({ alarms: [suspicion, soft] })).toMatchObject({ alarm: { tier: "soft" } });
    expect(plan({ alarms: [suspicion] })).toMatchObject({ alarm: { tier: "suspicion" } });
  });

  it.each<[string, Partial<RollbackRecord>, ReconcileSight["killSwitch"], string[]]>([
    ["killed before anything", { steps: {} }, "off", ["switch", "verify", "webhook", "notice"]],
    ["killed after the switch", { steps: { switch: step("done") } }, "node", ["verify", "webhook", "notice"]],
    ["moved, but killed before it was noted", { steps: {} }, "node", ["switch", "verify", "webhook", "notice"]],
    ["throttled", { steps: { ...DONE, switch: step("failed") } }, "off", ["switch"]],
    ["GoHighLevel was down", { steps: { ...DONE, webhook: step("failed") } }, "node", ["webhook"]],
    ["SNS was down", { steps: { ...DONE, notice: step("failed") } }, "node", ["notice"]],
    ["the rule was half edited", {}, "unclear", ["switch"]],
    ["another invocation is at it, but nothing moved", { steps: {}, busyUntil: iso(9) }, "off", ["switch"]],
    ["the other invocation is over", { steps: DONE, busyUntil: iso(1), to: "node" }, "unclear", ["switch"]],
  ])("completes a rollback that was %s", (_what, change, killSwitch, todo) => {
    expect(plan({ records: [record(change)], killSwitch })).toMatchObject({ kind: "complete", todo });
  });

  it("finishes a release that wrote the switch and died", () => {
    const records = [record({ releasingAt: iso(5) })];
    expect(plan({ records })).toMatchObject({ kind: "finish-release" });
    expect(plan({ records, alarms: [ringing(4)] })).toMatchObject({ kind: "finish-release" });
  });

  it("takes a release that began long ago for over: who puts the switch off later is a person", () => {
    const records = [record({ releasingAt: iso(5) })];
    expect(plan({ records, now: T0 + 10 * 60_000 })).toMatchObject({ kind: "finish-release" });
    expect(plan({ records, now: T0 + 11 * 60_000 })).toMatchObject({ kind: "hand-off" });
    // Older than the mark, newer than the rollback: no release has looked at it.
    expect(plan({ records, now: T0 + 11 * 60_000, alarms: [ringing(4)] })).toMatchObject({ kind: "respond" });
  });

  it("does not flip back what a person put off, but an alarm that fires after that does", () => {
    const open = record({ steps: { ...DONE, switch: step("done", 1) } });
    expect(plan({ records: [open] })).toEqual({ kind: "hand-off", record: open });
    expect(plan({ records: [open], alarms: [ringing(0)] })).toMatchObject({ kind: "hand-off" });
    const told = { ...open, handOffAt: iso(5) };
    expect(plan({ records: [told], alarms: [ringing(4)] })).toEqual({ kind: "nothing" });
    expect(plan({ records: [told], alarms: [ringing(6)] })).toMatchObject({
      kind: "respond",
      alarm: { tier: "hard" },
    });
  });

  it("leaves a switch that was put off by hand, or by a release, to a mere suspicion", () => {
    const alarms = [ringing(6, { tier: "suspicion" })];
    expect(plan({ killSwitch: "off", records: [record({ handOffAt: iso(5) })], alarms })).toEqual({ kind: "nothing" });
    const releasing = record({ releasingAt: iso(5) });
    expect(plan({ killSwitch: "off", records: [releasing], alarms })).toMatchObject({ kind: "finish-release" });
  });

  it("tells people again when a switch that was moved again is put off again", () => {
    const moved = record({ handOffAt: iso(5), steps: { ...DONE, switch: step("done", 6) } });
    expect(plan({ records: [moved], alarms: [ringing(5.5)] })).toMatchObject({ kind: "hand-off" });
  });

  it.each(["node", "hold"] as const)("records a switch that was moved to %s by hand", (to) => {
    expect(plan({ killSwitch: to })).toEqual({ kind: "record-switch", to, alarm: undefined });
    expect(plan({ killSwitch: to, records: [record({ releasedAt: iso(1) })] })).toMatchObject({
      kind: "record-switch",
    });
  });

  it("takes a ringing alarm for the cause of a switch without a record: SSM was down", () => {
    expect(plan({ killSwitch: "node", alarms: [ringing(1)] })).toMatchObject({ alarm: { tier: "hard" } });
    expect(plan({ killSwitch: "node", alarms: [ringing(1, { tier: "suspicion" })] })).toMatchObject({
      alarm: undefined,
    });
  });

  it("looks whether Node lives again while messages are held", () => {
    expect(plan({ records: [record({ to: "hold" })], killSwitch: "hold" })).toMatchObject({ kind: "look-at-hold" });
  });

  it.each<[string, Partial<RollbackRecord>, "node" | "hold"]>([
    ["a person moved the switch on from the inbox", { to: "hold" }, "node"],
    ["a person moved the switch to the inbox", {}, "hold"],
    ["its place could not be proved", { steps: { ...DONE, verify: step("failed") } }, "hold"],
    ["the function could not move it, and a person did", { steps: { switch: step("failed") } }, "hold"],
    ["the function moved it, and a person moved it back", { to: "hold", movedFrom: "node" }, "node"],
    ["the invocation that was at it is over", { busyUntil: iso(1) }, "hold"],
  ])("takes over where the switch stands where %s", (_what, change, killSwitch) => {
    const open = record(change);
    expect(plan({ records: [open], killSwitch })).toEqual({ kind: "adopt", record: open, to: killSwitch });
  });

  it.each<[string, RollbackRecord["steps"]]>([
    ["failed", { ...DONE, switch: step("failed") }],
    ["was killed", {}],
  ])("moves the switch where the move from one place to the other %s: nobody moved it back", (_what, steps) => {
    const open = record({ to: "hold", movedFrom: "node", steps });
    expect(plan({ records: [open], killSwitch: "node" })).toMatchObject({
      kind: "complete",
      todo: expect.arrayContaining(["switch"]),
    });
  });

  it("says when the rule is unclear and nothing rings", () => {
    expect(plan({ killSwitch: "unclear" })).toEqual({ kind: "unclear" });
  });
});

describe("remainingSteps", () => {
  it("has nothing to do with a moved switch, whichever way, once every step is final", () => {
    for (const live of ["node", "hold"] as const) expect(remainingSteps(record(), live, T0)).toEqual([]);
  });
});
