import { describe, expect, it } from "vitest";
import { sources } from "./alarm-path";

const report = (source: string, id: string) =>
  JSON.stringify({ event: "rollback_report", source, outcome: "rolled-back", id });

describe("what called the rollback function", () => {
  it("is told by its reports of this rollback only", () => {
    const lines = [
      "START RequestId: 1",
      `2026-11-29T10:00:00Z\t1\tINFO\t${report("alarm", "rb-0001")}`,
      report("reconcile", "rb-0002"),
      report("alarm", "rb-0002"),
    ];
    expect(sources(lines, "rb-0002")).toEqual(["reconcile", "alarm"]);
    expect(sources(lines, "rb-0003")).toEqual([]);
  });

  it("does not take other events, or a line that was cut, for a call", () => {
    const cut = report("alarm", "rb-0001").slice(0, -3);
    const other = JSON.stringify({ event: "reconcile_plan", source: "alarm", id: "rb-0001" });
    expect(sources([cut, other, "rollback_report without braces"], "rb-0001")).toEqual([]);
  });
});
