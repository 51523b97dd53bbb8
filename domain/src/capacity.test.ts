import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capacityFor } from "./capacity";

const base = { nodePeakTasks: 4, pythonTasksAtFull: 6, pythonShare: 0, nodeExists: true };

describe("capacity", () => {
  it.each([
    [0, 2],
    [10, 2],
    [25, 2],
    [50, 3],
    [75, 5],
    [90, 6],
    [100, 6],
  ])("Python needs at %i percent %i tasks", (pythonShare, tasks) => {
    expect(capacityFor({ ...base, pythonShare }).pythonMinimum).toBe(tasks);
  });

  it("keeps Node at its peak for every share, because a rollback brings everything back at once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (pythonShare) => {
        expect(capacityFor({ ...base, pythonShare }).nodeMinimum).toBe(4);
      }),
      { seed: 1 },
    );
  });

  it("needs no Node once it is removed", () => {
    expect(capacityFor({ ...base, nodeExists: false }).nodeMinimum).toBe(0);
  });
});
