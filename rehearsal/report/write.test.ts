import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleReport } from "./fixture";
import { renderPage } from "./html";
import type { RehearsalReport } from "./model";
import { problemsOf, writeReport } from "./write";

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
    expect(Object.keys(read.messages)).toEqual(["sent", "accepted", "completed", "exposed", "lost"]);
    expect(Object.keys(read.migrations)).toEqual(["applied", "rerunApplied"]);
    expect(Object.keys(read.destroy)).toEqual(["webhookRestored", "dataKept", "resourcesLeft"]);
    expect(readdirSync(folder).sort()).toEqual(["details.json", "report.html", "report.json"]);
  });

  it("refuses counts that can't be", () => {
    const { report, details } = exampleReport();
    const wrong = { ...report, messages: { ...report.messages, accepted: report.messages.sent + 1 } };
    expect(() => writeReport(folder, wrong, details)).toThrow("14311 messages accepted, but only 14310 sent");
    const phase = { phase: "x", observedShare: null, requests: 0, lost: 0, upSeconds: 1 };
    expect(problemsOf({ ...report, phases: [{ ...phase, declaredShare: 120 }] })).toHaveLength(1);
    const exposed = { ...report, messages: { ...report.messages, exposed: report.messages.sent + 1 } };
    expect(problemsOf(exposed)).toEqual(["14311 messages exposed, but only 14310 sent"]);
    expect(problemsOf(report)).toEqual([]);
  });
});

describe("renderPage", () => {
  it("asks for nothing from outside", () => {
    const { report, details } = exampleReport();
    const page = renderPage(report, details);
    expect(page).not.toMatch(/<(script|link|img|iframe|object)\b|@import|url\(|(src|href)=/i);
    expect(page.match(/https?:\/\//g)).toBeNull();
  });

  it("shows failures, and text as text", () => {
    const { report, details } = exampleReport();
    const lost = [{ id: "story-7", sentMs: 65_000, latencyMs: 10_000, why: "no answer <b>" }];
    const page = renderPage(report, { ...details, ok: false, failures: ['share 15 % <script>"x"'], lost });
    expect(page).toContain('<td>story-7</td><td class="n">1:05</td>');
    expect(page).toContain("no answer &lt;b&gt;");
    expect(page).toContain("FAILED");
    expect(page).toContain("share 15 % &lt;script&gt;&quot;x&quot;");
  });

  it("draws one dot a bucket, one mark a window, no broken number", () => {
    const { report, details } = exampleReport();
    const page = renderPage(report, details);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page.match(/class="allowed"/g)).toHaveLength(4 + 1); // and one in the legend
  });

  it("draws a story that broke before its first phase", () => {
    const { report, details } = exampleReport();
    const none = { ...report, phases: [], destroy: { webhookRestored: null, dataKept: null, resourcesLeft: null } };
    const page = renderPage(none, { ...details, ok: false, steps: [], samples: [], failures: ["moto died"] });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).toContain("moto died");
  });
});
