import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleReport } from "./fixture";
import type { FaultResult, RehearsalReport } from "./model";
import { problemsOf } from "./problems";
import { writeReport } from "./write";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-report-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeReport", () => {
  it("writes report.json with exactly the keys that were agreed", () => {
    const { report, details } = exampleReport();
    const written = writeReport(folder, report, details);
    const read = JSON.parse(readFileSync(written.json, "utf8")) as RehearsalReport;
    expect(Object.keys(read)).toEqual([
      "phases",
      "faults",
      "messages",
      "migrations",
      "destroy",
      "listeningOnLoopbackOnly",
      "clockFactor",
      "durationSeconds",
    ]);
    expect(Object.keys(read.phases[0] ?? {})).toEqual([
      "phase",
      "declaredShare",
      "observedShare",
      "requests",
      "lost",
      "upSeconds",
    ]);
    expect(read.faults).toHaveLength(5);
    expect(Object.keys(read.faults[0] ?? {})).toEqual([
      "fault",
      "phase",
      "detectedMs",
      "detectedRehearsalMinutes",
      "trafficBackMs",
      "webhookBackMs",
      "exposed",
      "lost",
      "customerRequestsToFaultyAfter",
    ]);
    expect(Object.keys(read.messages)).toEqual(["sent", "accepted", "completed", "exposed", "lost"]);
    expect(Object.keys(read.migrations)).toEqual(["applied", "rerunApplied"]);
    expect(Object.keys(read.destroy)).toEqual(["webhookRestored", "dataKept", "resourcesLeft"]);
    expect(readdirSync(folder).sort()).toEqual(["details.json", "report.html", "report.json"]);
  });

  it("writes nothing that contradicts itself", () => {
    const { report, details } = exampleReport();
    const wrong = { ...report, messages: { ...report.messages, accepted: report.messages.sent + 1 } };
    expect(() => writeReport(folder, wrong, details)).toThrow("19641 messages accepted, but only 19640 sent");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("problemsOf", () => {
  const { report } = exampleReport();
  const [known] = report.faults as [FaultResult];
  const withFault = (fault: Partial<FaultResult>) => problemsOf({ ...report, faults: [{ ...known, ...fault }] });

  it("finds counts that can't be", () => {
    expect(problemsOf(report)).toEqual([]);
    const phase = { phase: "x", observedShare: null, requests: 0, lost: 0, upSeconds: 1 };
    expect(problemsOf({ ...report, phases: [{ ...phase, declaredShare: 120 }] })).toHaveLength(1);
    const exposed = { ...report, messages: { ...report.messages, exposed: report.messages.sent + 1 } };
    expect(problemsOf(exposed)).toEqual(["19641 messages exposed, but only 19640 sent"]);
  });

  it("finds a fault that lost more than it touched, or more than was lost at all", () => {
    expect(withFault({ exposed: 10, lost: 10 })).toEqual([]);
    expect(withFault({ exposed: 10, lost: 11 })).toEqual([
      "fault python-5xx at ramp-50: 11 messages lost, but only 10 exposed",
    ]);
    expect(withFault({ exposed: 500, lost: 400 })).toEqual([
      "the faults lost 400 messages, but only 35 were lost in all",
    ]);
  });

  it("finds numbers that are none, and a rollback that nothing detected", () => {
    for (const key of ["exposed", "customerRequestsToFaultyAfter", "trafficBackMs", "webhookBackMs"] as const) {
      expect(withFault({ lost: 0, [key]: -1 }).join()).toContain("a number is negative or none");
    }
    expect(withFault({ webhookBackMs: Number.NaN })).toHaveLength(1);
    const undetected = { detectedMs: null, detectedRehearsalMinutes: null };
    expect(withFault({ ...undetected, trafficBackMs: null, webhookBackMs: null })).toEqual([]);
    expect(withFault({ ...undetected, webhookBackMs: null })).toEqual([
      "fault python-5xx at ramp-50: it was rolled back, but no alarm detected it",
    ]);
  });

  it("finds the two clocks mixed up", () => {
    expect(withFault({ detectedMs: 90_030, detectedRehearsalMinutes: 90 })).toEqual([]);
    expect(withFault({ detectedMs: 90_000, detectedRehearsalMinutes: 1.5 })).toEqual([
      "fault python-5xx at ramp-50: detected after 90000 ms is not 1.5 min at 60:1",
    ]);
    expect(withFault({ detectedRehearsalMinutes: null })).toEqual([
      "fault python-5xx at ramp-50: it was detected on one clock only",
    ]);
  });
});
