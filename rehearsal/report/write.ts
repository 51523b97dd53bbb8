import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderPage } from "./html";
import type { RehearsalReport, ReportDetails } from "./model";

export interface WrittenReport {
  readonly json: string;
  readonly html: string;
}

/** Writes `report.json`, `details.json` and `report.html` into the folder, each whole or not at all. */
export function writeReport(folder: string, report: RehearsalReport, details: ReportDetails): WrittenReport {
  const wrong = problemsOf(report);
  if (wrong.length > 0) throw new Error(`the report contradicts itself: ${wrong.join("; ")}`);
  mkdirSync(folder, { recursive: true });
  const json = join(folder, "report.json");
  const html = join(folder, "report.html");
  replace(json, `${JSON.stringify(report, null, 2)}\n`);
  replace(join(folder, "details.json"), `${JSON.stringify(details, null, 2)}\n`);
  replace(html, renderPage(report, details));
  return { json, html };
}

/** What can't be true in a report: counts that don't add up are a fault of the rehearsal, not a result. */
export function problemsOf(report: RehearsalReport): string[] {
  const { sent, accepted, completed, exposed, lost } = report.messages;
  const problems: string[] = [];
  if (accepted > sent) problems.push(`${accepted} messages accepted, but only ${sent} sent`);
  if (completed > accepted + lost) problems.push(`${completed} messages completed, but only ${accepted} accepted`);
  if (exposed > sent) problems.push(`${exposed} messages exposed, but only ${sent} sent`);
  const numbers = [
    sent,
    accepted,
    completed,
    exposed,
    lost,
    ...report.phases.flatMap((p) => [p.requests, p.lost, p.upSeconds]),
  ];
  if (numbers.some((n) => !Number.isFinite(n) || n < 0)) problems.push("a count is negative or no number");
  for (const phase of report.phases) {
    const shares = [phase.declaredShare, phase.observedShare ?? 0];
    if (shares.some((s) => !(s >= 0 && s <= 100))) problems.push(`a share of ${phase.phase} is not within 0 and 100 %`);
    if (phase.requests === 0 && phase.observedShare !== null)
      problems.push(`${phase.phase} has a share of no messages`);
  }
  return problems;
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
