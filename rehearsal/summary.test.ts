import { describe, expect, it } from "vitest";
import { exampleReport } from "./report/fixture";
import type { RehearsalReport, ReportDetails } from "./report/model";
import { Terminal } from "./run/terminal";
import { printSummary } from "./summary";

function summary(moreReport: Partial<RehearsalReport> = {}, moreDetails: Partial<ReportDetails> = {}): string[] {
  const { report, details } = exampleReport();
  let written = "";
  const terminal = new Terminal({ write: (text) => (written += text) }, { NO_COLOR: "1" });
  const files = { json: `${process.cwd()}/out/report.json`, html: `${process.cwd()}/out/report.html` };
  printSummary(terminal, { ...report, ...moreReport }, { ...details, ...moreDetails }, files);
  return written.split("\n");
}

const words = (line: string | undefined) => (line ?? "").trim().split(/ {2,}/);

describe("printSummary", () => {
  it("shows one line a fault, with the columns under their headings", () => {
    const lines = summary();
    const at = lines.findIndex((line) => line.startsWith("fault "));
    expect(words(lines[at])).toEqual([
      "fault",
      "phase",
      "detected [rehearsal min]",
      "traffic back",
      "webhook back",
      "exposed",
      "lost",
      "to Python after",
    ]);
    expect(words(lines[at + 2])).toEqual(["python-5xx", "ramp-50", "2.6", "0.64 s", "1.11 s", "31", "22", "0"]);
    expect(words(lines[at + 6])).toEqual(["python-dead", "full", "2.1", "0.83 s", "1.30 s", "10", "10", "0"]);
    expect(lines).toContain(
      "messages: 19640 sent, 19605 accepted, 19605 completed, 35 lost (35 of them to injected faults)",
    );
    expect(lines).toContain("PASSED");
    expect(lines).toContain("report: out/report.html");
  });

  it("shows a dash for what did not happen", () => {
    const [first] = exampleReport().report.faults;
    if (!first) throw new Error("the example has no fault");
    const never = { detectedMs: null, detectedRehearsalMinutes: null, trafficBackMs: null, webhookBackMs: null };
    const lines = summary(
      { faults: [{ ...first, ...never }] },
      { ok: false, failures: ["python-5xx: not rolled back"] },
    );
    const at = lines.findIndex((line) => line.startsWith("fault "));
    expect(words(lines[at + 2])).toEqual(["python-5xx", "ramp-50", "–", "–", "–", "31", "22", "0"]);
    expect(lines).toContain("✗ python-5xx: not rolled back");
    expect(lines).toContain("FAILED: 1 expectation(s) not met");
    expect(lines).not.toContain("PASSED");
  });

  it("says nothing of faults where none was injected", () => {
    const lines = summary({ faults: [] });
    expect(lines.some((line) => line.startsWith("fault ") || line.includes("injected"))).toBe(false);
  });
});
