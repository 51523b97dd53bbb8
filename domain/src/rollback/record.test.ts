import { describe, expect, it } from "vitest";
import {
  inboxToPythonPath,
  inboxWaitsForNode,
  lastRelease,
  mergeRecords,
  newest,
  nextId,
  openRecord,
  openRollback,
  RELEASE_COUNTS_MS,
  type RollbackRecord,
  recordPath,
  recordsFrom,
  redirected,
  releasedPath,
  releasingPath,
  rollbackPath,
  type StepResult,
} from "./record";

const record = (id: string, more: Partial<RollbackRecord> = {}): RollbackRecord => ({
  version: 1,
  id,
  at: "2026-11-22T10:00:00.000Z",
  trigger: { kind: "hard", alarm: "cutover-prod-rollback-hard", text: "probes failed" },
  phase: "ramp-50",
  share: 50,
  to: "node",
  steps: {},
  ...more,
});
const stored = (r: RollbackRecord) => ({ name: recordPath("prod", r.id), value: JSON.stringify(r) });
const step = (state: StepResult["state"], at: string): StepResult => ({ state, at, detail: `${state} ${at}` });

describe("rollback records", () => {
  it("lie below the stack's path", () => {
    expect(recordPath("prod", "rb-0001")).toBe("/cutover/prod/rollback/rb-0001");
    expect(rollbackPath("prod")).toBe("/cutover/prod/rollback/");
  });

  it.each([
    [[], "rb-0001"],
    [["rb-0001"], "rb-0002"],
    [["rb-0010", "rb-0009"], "rb-0011"],
    [["rb-9999"], "rb-10000"],
    [["something"], "rb-0001"],
  ])("after %j comes %s", (ids, expected) => {
    expect(nextId(ids.map((id) => ({ id })))).toBe(expected);
  });

  it("are read in the order of their numbers; other parameters are passed over", () => {
    const all = [record("rb-10000"), record("rb-0002"), record("rb-9999")];
    const others = [
      { name: "/cutover/prod/rollback/paged", value: "x" },
      { name: "/cutover/prod/applied", value: "x" },
      { name: "/cutover/dev/rollback/rb-0001", value: "x" },
    ];
    const read = recordsFrom("prod", [...others, ...all.map(stored)]);
    expect(read.map(({ id }) => id)).toEqual(["rb-0002", "rb-9999", "rb-10000"]);
    expect(newest(read)?.id).toBe("rb-10000");
  });

  it("are released by a parameter of their own, at AWS's time and not the writer's", () => {
    const parameters = [
      stored(record("rb-0001")),
      { name: releasingPath("prod", "rb-0001"), value: "x", modifiedAt: Date.parse("2026-11-22T11:00:00Z") },
      {
        name: releasedPath("prod", "rb-0001"),
        value: "2031-01-01T00:00:00.000Z",
        modifiedAt: Date.parse("2026-11-22T11:00:01Z"),
      },
    ];
    const read = recordsFrom("prod", parameters);
    expect(read).toMatchObject([{ releasingAt: "2026-11-22T11:00:00.000Z", releasedAt: "2026-11-22T11:00:01.000Z" }]);
    expect(openRecord(read)).toBeUndefined();
    expect(lastRelease(read)).toBe(Date.parse("2026-11-22T11:00:00Z"));
  });

  it("count as released from the look at the alarms, or from shortly before where the mark was an earlier attempt's", () => {
    const releasedAt = "2026-11-22T11:00:00.000Z";
    const since = (releasingAt: string) => lastRelease([record("rb-0001", { releasingAt, releasedAt })]);
    expect(since("2026-11-22T10:59:30.000Z")).toBe(Date.parse("2026-11-22T10:59:30.000Z"));
    expect(since("2026-11-21T11:00:00.000Z")).toBe(Date.parse(releasedAt) - RELEASE_COUNTS_MS);
    expect(lastRelease([record("rb-0001", { releasingAt: releasedAt })])).toBe(0);
  });

  it("are open until released; only the newest counts", () => {
    const released = record("rb-0001", { releasedAt: "2026-11-22T11:00:00.000Z" });
    expect(openRecord([])).toBeUndefined();
    expect(openRecord([released])).toBeUndefined();
    expect(openRecord([released, record("rb-0002")])?.id).toBe("rb-0002");
    expect(openRecord([record("rb-0001"), { ...released, id: "rb-0002" }])).toBeUndefined();
    expect(openRollback([released, record("rb-0002")])).toEqual({
      id: "rb-0002",
      trigger: "probes failed",
      at: "2026-11-22T10:00:00.000Z",
      phase: "ramp-50",
      share: 50,
    });
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["another version", JSON.stringify({ ...record("rb-0001"), version: 2 })],
    ["another record's text", JSON.stringify(record("rb-0002"))],
    ["no time", JSON.stringify(record("rb-0001", { at: "soon" }))],
    ["an unknown phase", JSON.stringify({ ...record("rb-0001"), phase: "ramp-30" })],
    ["no destination", JSON.stringify({ ...record("rb-0001"), to: "moon" })],
  ])("with %s is an error that says what to do", (_what, value) => {
    expect(() => recordsFrom("prod", [{ name: recordPath("prod", "rb-0001"), value }])).toThrow(
      /get-parameter-history/,
    );
  });

  it("are merged: what was done in either counts, a failure never takes it back", () => {
    const kept = record("rb-0001", { steps: { switch: step("done", "1"), webhook: step("failed", "1") } });
    const added = record("rb-0001", {
      steps: { switch: step("failed", "2"), webhook: step("done", "2"), notice: step("failed", "2") },
    });
    expect(mergeRecords(kept, added).steps).toEqual({
      switch: step("done", "1"),
      webhook: step("done", "2"),
      notice: step("failed", "2"),
    });
    expect(mergeRecords(added, kept).steps.webhook).toEqual(step("done", "2"));
  });

  it("remember where traffic went at first, through every later move", () => {
    const at = (to: "node" | "hold", more: Partial<RollbackRecord> = {}) => record("rb-0001", { to, ...more });
    const held = mergeRecords(at("node"), at("hold"));
    expect(held).toMatchObject({ to: "hold", first: "node" });
    expect(mergeRecords(mergeRecords(held, at("node")), at("hold"))).toMatchObject({ first: "node" });
    expect(mergeRecords(mergeRecords(at("hold"), at("node")), at("hold"))).toMatchObject({ first: "hold" });
    // The sender of a late update has not seen the move.
    expect(mergeRecords(at("node"), held)).toMatchObject({ to: "hold", first: "node" });
    expect(redirected(redirected(at("hold"), "node"), "hold")).toMatchObject({ to: "hold", first: "hold" });
  });

  it.each<["node" | "hold", "node" | "hold" | undefined, boolean]>([
    ["node", undefined, true],
    ["hold", undefined, false],
    ["hold", "node", true],
    ["node", "hold", false],
  ])("to %s, at first to %s: held messages wait for Node: %s", (to, first, waits) => {
    const one = record("rb-0001", { to, ...(first ? { first } : {}) });
    expect(inboxWaitsForNode(one)).toBe(waits);
    const name = inboxToPythonPath("prod", "rb-0001");
    const stored = [
      { name: recordPath("prod", "rb-0001"), value: JSON.stringify(one) },
      { name, value: "yes" },
    ];
    expect(recordsFrom("prod", stored).map(inboxWaitsForNode)).toEqual([false]);
  });

  it("are merged anew where traffic goes elsewhere", () => {
    const held = record("rb-0001", { to: "hold", steps: { switch: step("done", "1"), webhook: step("skipped", "1") } });
    const freed = record("rb-0001", { to: "node", steps: { switch: step("done", "2"), webhook: step("failed", "2") } });
    expect(mergeRecords(held, freed)).toMatchObject({ to: "node", steps: { webhook: step("failed", "2") } });
    const { steps } = mergeRecords(held, { ...freed, steps: { switch: step("done", "2") } });
    expect(steps).toEqual({ switch: step("done", "2") });
  });

  it("are not moved back by who read them before traffic went elsewhere", () => {
    const moved = record("rb-0001", { to: "hold", steps: { switch: step("done", "2"), webhook: step("done", "2") } });
    const stale = record("rb-0001", {
      steps: { switch: step("done", "1"), webhook: step("done", "1"), notice: step("done", "1") },
      webhookSeen: "https://elsewhere.example.org/",
    });
    expect(mergeRecords(moved, stale)).toMatchObject({
      to: "hold",
      steps: { ...moved.steps, notice: step("done", "1") },
    });
  });
});
