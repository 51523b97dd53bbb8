import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderPage } from "./html";
import type { RehearsalReport, ReportDetails } from "./model";
import { problemsOf } from "./problems";

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

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
