import { describe, expect, it } from "vitest";
import type { PhaseName } from "../phases";
import { nextStep } from "./next-step";

const next = (phase: PhaseName, pythonShare: number) =>
  nextStep({ phase, pythonShare, pythonDigest: "sha256:a" }, "prod");

describe("the next step", () => {
  it.each([
    ["prepare", 0, "front-door", 0],
    ["front-door", 0, "parallel", 10],
    ["ramp-90", 90, "full", 100],
    ["full", 100, "decommission", 100],
  ] as const)("from %s (%i percent) is %s (%i percent)", (phase, share, to, after) => {
    const found = next(phase, share);
    expect(found?.step).toMatchObject({ to: { name: to }, shareBefore: share, shareAfter: after });
    expect(found?.commands).toEqual([`pulumi config set cutover:phase ${to} --stack prod`, "pulumi up --stack prod"]);
  });

  it("is the phase's own share where a weight lowered it", () => {
    const found = next("ramp-50", 30);
    expect(found?.step).toMatchObject({ to: { name: "ramp-50" }, shareBefore: 30, shareAfter: 50 });
    expect(found?.commands[0]).toBe("pulumi config rm cutover:pythonWeight --stack prod");
  });

  it("there is none at the top, nor beside the ladder", () => {
    expect(next("decommission", 100)).toBeUndefined();
    expect(next("node-only", 0)).toBeUndefined();
  });
});
