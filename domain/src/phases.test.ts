import { describe, expect, it } from "vitest";
import { ladder, nextRung, nodeOnly, phaseOf, phases } from "./phases";

describe("the ladder", () => {
  it("is the plan's, rung by rung", () => {
    expect(ladder.map((p) => [p.name, p.pythonShare])).toEqual([
      ["prepare", 0],
      ["front-door", 0],
      ["parallel", 10],
      ["ramp-25", 25],
      ["ramp-50", 50],
      ["ramp-75", 75],
      ["ramp-90", 90],
      ["full", 100],
      ["decommission", 100],
    ]);
  });

  it("keeps Node until the last rung, and allows contract migrations only there", () => {
    for (const p of ladder) {
      expect(p.node === "removed").toBe(p.name === "decommission");
      expect(p.contractMigrations).toBe(p.name === "decommission");
    }
  });

  it("never sends Python more than customers reach through the front door", () => {
    for (const p of phases) if (p.webhook !== "front-door") expect(p.pythonShare).toBe(0);
  });

  it("knows the next rung, and none after the last or beside the ladder", () => {
    expect(nextRung(phaseOf("ramp-25"))?.name).toBe("ramp-50");
    expect(nextRung(phaseOf("decommission"))).toBeUndefined();
    expect(nextRung(nodeOnly)).toBeUndefined();
  });

  it("names the known phases where one is unknown", () => {
    expect(() => phaseOf("ramp-30")).toThrow(/"ramp-30" is no phase; expected one of prepare, front-door/);
  });
});
