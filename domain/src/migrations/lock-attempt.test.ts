import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LockSituation, nextLockMove } from "./lock-attempt";

const patience = { lockAttemptsMs: [50, 100, 200, 400], lockDeadlineMs: 60_000, patienceMs: 1_000 };
const move = (situation: Partial<LockSituation>) =>
  nextLockMove({ waitedMs: 0, attempts: 0, blockers: [], ...situation }, patience);
const idle = { ageMs: 30_000, autovacuum: false };
const writer = { ageMs: 3, autovacuum: false };
const vacuum = { ageMs: 30_000, autovacuum: true };

describe("going after a table lock", () => {
  it.each<[string, Partial<LockSituation>, object]>([
    ["a free table", {}, { do: "try", lockMs: 50 }],
    ["live writers", { blockers: [writer, writer] }, { do: "try", lockMs: 50 }],
    ["live writers, after two attempts", { blockers: [writer], attempts: 2 }, { do: "try", lockMs: 200 }],
    ["many attempts stay at the last step", { attempts: 40 }, { do: "try", lockMs: 400 }],
    ["an old transaction", { blockers: [writer, idle] }, { do: "wait" }],
    ["one whose age can't be seen", { blockers: [{ ageMs: null, autovacuum: false }] }, { do: "try", lockMs: 50 }],
    ["an old transaction at the deadline", { blockers: [idle], waitedMs: 60_000 }, { do: "give up" }],
    ["nobody in sight at the deadline, after attempts", { attempts: 9, waitedMs: 60_000 }, { do: "give up" }],
    ["a deadline of nothing still means one attempt", { waitedMs: 60_000 }, { do: "try", lockMs: 50 }],
    ["autovacuum", { blockers: [vacuum] }, { do: "wait" }],
    ["autovacuum for half the deadline", { blockers: [vacuum], waitedMs: 30_000 }, { do: "try", lockMs: 1_200 }],
    ["autovacuum and someone idle", { blockers: [vacuum, idle], waitedMs: 30_000 }, { do: "wait" }],
  ])("%s", (_name, situation, expected) => {
    expect(move(situation)).toEqual(expected);
  });

  it("never queues for longer than a second, except to make an autovacuum give way", () => {
    const blocker = fc.record({ ageMs: fc.option(fc.nat(100_000)), autovacuum: fc.boolean() });
    const situation = fc.record({
      waitedMs: fc.nat(100_000),
      attempts: fc.nat(100),
      blockers: fc.array(blocker, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(situation, (s) => {
        const next = nextLockMove(s, patience);
        if (next.do !== "try" || next.lockMs <= 1_000) return;
        const old = s.blockers.filter((b) => (b.ageMs ?? 0) > patience.patienceMs);
        expect(old.length > 0 && old.every((b) => b.autovacuum)).toBe(true);
      }),
      { seed: 6 },
    );
  });
});
