import { describe, expect, it } from "vitest";
import type { PhaseName } from "../phases";
import { type AppliedEntry, servingSince } from "./serving";

const entry = (at: number, phase: PhaseName, pythonShare: number, pythonDigest = "sha256:a"): AppliedEntry => ({
  at,
  applied: { phase, pythonShare, pythonDigest },
});

describe("since when", () => {
  const table: [string, AppliedEntry[], ReturnType<typeof servingSince>][] = [
    ["nothing is applied", [], undefined],
    ["one record", [entry(1, "prepare", 0)], { image: 1, phase: 1, bake: 1, share: 1 }],
    [
      "an image serves from its first share on, over all rungs",
      [entry(1, "prepare", 0), entry(2, "front-door", 0), entry(3, "parallel", 10), entry(4, "ramp-25", 25)],
      { image: 3, phase: 4, bake: 4, share: 4 },
    ],
    [
      "a new image begins anew and keeps its phase and share",
      [entry(1, "parallel", 10), entry(2, "ramp-25", 25), entry(3, "ramp-25", 25, "sha256:b")],
      { image: 3, phase: 2, bake: 3, share: 2 },
    ],
    [
      "an image that comes back begins anew, too: what it served under before is another time",
      [entry(1, "parallel", 10), entry(2, "parallel", 10, "sha256:b"), entry(3, "parallel", 10)],
      { image: 3, phase: 1, bake: 3, share: 1 },
    ],
    [
      "a lowered weight is a share of its own",
      [entry(1, "parallel", 10), entry(2, "parallel", 5), entry(3, "parallel", 10)],
      { image: 1, phase: 1, bake: 3, share: 3 },
    ],
    [
      "a step down begins its bake again, and the image's evidence stays",
      [entry(1, "parallel", 10), entry(2, "ramp-25", 25), entry(3, "parallel", 10)],
      { image: 1, phase: 3, bake: 3, share: 3 },
    ],
  ];
  it.each(table)("%s", (_, history, since) => {
    expect(servingSince(history)).toEqual(since);
  });

  it("a release at the same rung begins share and bake again: until then the kill switch had everything", () => {
    const history = [entry(1, "parallel", 10), entry(2, "ramp-25", 25)];
    expect(servingSince(history, 9)).toEqual({ image: 1, phase: 2, bake: 9, share: 9 });
  });

  it("a release before the present rung changes nothing", () => {
    const history = [entry(1, "parallel", 10), entry(5, "ramp-25", 25)];
    expect(servingSince(history, 3)).toEqual({ image: 1, phase: 5, bake: 5, share: 5 });
  });
});
