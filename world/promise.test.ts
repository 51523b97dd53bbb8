import { type Applied, decide, type Intent, type World } from "@cutover/domain/decide";
import { phaseOf } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { promiseNotes } from "./promise";

const DIGEST = "sha256:x";
const applied = (phase: Applied["phase"], more: Partial<Applied> = {}): Applied => ({
  phase,
  pythonShare: phaseOf(phase).pythonShare,
  pythonDigest: DIGEST,
  ...more,
});
const notes = (intent: Partial<Intent> & Pick<Intent, "phase">, world: World) => {
  const { desired, refusals } = decide({ pythonDigest: DIGEST, ...intent }, world);
  return { notes: promiseNotes({ expectedMessagesPerHour: 80 }, desired, world), refused: refusals.length > 0 };
};
const BOTH =
  /^at [a-z0-9-]+: about \d+ messages an hour to Python; a total outage is seen .*20 % fault .*false rollback/;
const ROLLBACK = { id: "rb-0001", trigger: "python-probes", phase: "ramp-25" as const, at: "2026-11-25T11:00:00Z" };

describe("both numbers, minutes to detect and false rollbacks, stand in the preview of", () => {
  it.each<[string, Partial<Intent> & Pick<Intent, "phase">, World, boolean]>([
    ["a step up", { phase: "ramp-50" }, { applied: applied("ramp-25") }, false],
    ["a step that is refused", { phase: "ramp-90" }, { applied: applied("ramp-25") }, true],
    ["a step down", { phase: "parallel", from: "ramp-25" }, { applied: applied("ramp-25") }, false],
    ["the removal of Node", { phase: "decommission" }, { applied: applied("full") }, false],
  ])("%s", (_, intent, world, refused) => {
    const found = notes(intent, world);
    expect(found.refused).toBe(refused);
    expect(found.notes[0]).toMatch(BOTH);
    expect(found.notes).toHaveLength(1);
  });

  it("a release, with the windows that it shortens", () => {
    const found = notes(
      { phase: "ramp-25", acknowledgeRollback: "rb-0001" },
      { applied: applied("ramp-25"), killSwitch: "node", rollback: ROLLBACK, minutesSinceRollback: 46.2, alarms: [] },
    );
    expect(found.refused).toBe(false);
    expect(found.notes[0]).toMatch(BOTH);
    expect(found.notes[1]).toMatch(/^the alarms look back 45 min only/);
  });

  it("an update that makes the windows longer", () => {
    const world = { applied: applied("ramp-25", { alarmsLookBackMinutes: 45 }), minutesSinceRollback: 130 };
    expect(notes({ phase: "ramp-25" }, world).notes[1]).toMatch(/^the alarms look back 120 min only/);
  });
});

describe("nothing is said", () => {
  it.each<[string, Partial<Intent> & Pick<Intent, "phase">, World]>([
    ["where nothing changes", { phase: "ramp-25" }, { applied: applied("ramp-25") }],
    ["where Python gets nothing", { phase: "front-door" }, { applied: applied("prepare") }],
    [
      "while traffic is rolled back",
      { phase: "ramp-25" },
      { applied: applied("ramp-25"), killSwitch: "node", rollback: ROLLBACK },
    ],
  ])("%s", (_, intent, world) => {
    expect(notes(intent, world).notes).toEqual([]);
  });
});
