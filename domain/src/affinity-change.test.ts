import { describe, expect, it } from "vitest";
import type { Affinity } from "./affinity";
import { decide, type Intent, type World } from "./decide";
import { type PhaseName, phaseOf } from "./phases";

const DIGEST = `sha256:${"a".repeat(64)}`;
const intent = (phase: PhaseName, affinity?: Affinity, more: Partial<Intent> = {}): Intent => ({
  phase,
  pythonDigest: DIGEST,
  ...(affinity ? { affinity } : {}),
  ...more,
});
const world = (phase: PhaseName, affinity?: Affinity, more: Partial<World> = {}): World => ({
  applied: {
    phase,
    pythonShare: phaseOf(phase).pythonShare,
    pythonDigest: DIGEST,
    ...(affinity ? { affinity } : {}),
  },
  ...more,
});

describe("another way of dealing messages", () => {
  it.each([
    ["front-door", "parallel", undefined, "contact"],
    ["front-door", "parallel", "contact", undefined],
    ["full", "full", undefined, "contact"],
    ["full", "full", "contact", "none"],
    ["full", "decommission", "contact", "none"],
    ["parallel", "ramp-25", "contact", "contact"],
    ["parallel", "ramp-25", undefined, "none"],
  ] satisfies [PhaseName, PhaseName, Affinity | undefined, Affinity | undefined][])(
    "%s → %s from %s to %s is taken",
    (from, to, old, next) => {
      const { desired, refusals } = decide(intent(to, next), world(from, old));
      expect([refusals, desired.affinity]).toEqual([[], next ?? "none"]);
    },
  );

  it.each([
    ["parallel", "parallel", undefined, "contact"],
    ["parallel", "ramp-25", "contact", undefined],
    ["ramp-90", "full", undefined, "contact"],
    ["ramp-25", "node-only", "contact", "none"],
  ] satisfies [PhaseName, PhaseName, Affinity | undefined, Affinity | undefined][])(
    "%s → %s from %s to %s is refused: both engines have conversations",
    (from, to, old, next) => {
      const { refusals } = decide(intent(to, next), world(from, old));
      expect(refusals).toEqual([
        {
          reason: expect.stringContaining(`from "${old ?? "none"}" to "${next ?? "none"}" while Python gets`),
          remedy: expect.stringContaining(`pulumi config set cutover:affinity ${old ?? "none"}`),
        },
      ]);
    },
  );

  it("is taken while the kill switch keeps everything at Node", () => {
    const moved = world("ramp-50", undefined, { killSwitch: "node" });
    expect(decide(intent("ramp-50", "contact"), moved).refusals).toEqual([]);
  });
});

describe("the warning that conversations alternate", () => {
  const warned = (to: PhaseName, from: PhaseName, affinity?: Affinity) =>
    decide(intent(to, affinity), world(from, affinity)).desired.warnings.filter((text) =>
      text.includes("x-contact-id"),
    );

  it.each([
    ["front-door", "prepare", 1],
    ["parallel", "front-door", 1],
    ["ramp-25", "parallel", 0],
    ["ramp-25", "ramp-25", 0],
    ["full", "ramp-90", 0],
    ["prepare", "prepare", 0],
  ] satisfies [PhaseName, PhaseName, number][])("in %s from %s is given %i times", (to, from, times) => {
    expect(warned(to, from)).toHaveLength(times);
    expect(warned(to, from, "contact")).toEqual([]);
  });
});
