import { relative } from "node:path";
import type { RehearsalReport, ReportDetails } from "./report/model";
import { hoursMinutes, keptUp } from "./report/scale";
import { lostByPlan } from "./report/verdict";
import type { WrittenReport } from "./report/write";
import { type Terminal, table } from "./run/terminal";

/** The last screen: one line a phase, the totals, what failed, and where the report lies. */
export function printSummary(
  terminal: Terminal,
  report: RehearsalReport,
  details: ReportDetails,
  written: WrittenReport,
): void {
  terminal.heading("Summary");
  const rows = report.phases.map((p) => [
    p.phase,
    `${p.declaredShare} %`,
    p.observedShare === null ? "–" : `${p.observedShare.toFixed(1)} %`,
    String(p.requests),
    String(p.lost),
    `${p.upSeconds.toFixed(1)} s`,
  ]);
  for (const line of table(["phase", "share declared", "measured", "messages", "lost", "up took"], rows))
    terminal.line(line);
  printFaults(terminal, report);
  const { sent, accepted, completed, lost } = report.messages;
  terminal.line("");
  const explained = report.faults.length > 0 ? ` (${lost - lostByPlan(report)} of them to injected faults)` : "";
  terminal.line(`messages: ${sent} sent, ${accepted} accepted, ${completed} completed, ${lost} lost${explained}`);
  if (report.destroy.resourcesLeft !== null) {
    const yes = (value: boolean | null) => (value === null ? "not looked at" : value ? "yes" : "NO");
    const { webhookRestored, dataKept, resourcesLeft } = report.destroy;
    terminal.line(
      `destroy: webhook restored ${webhookRestored === null ? "not needed" : yes(webhookRestored)}, data kept ${yes(dataKept)}, resources left ${resourcesLeft}`,
    );
  }
  terminal.line(
    `clocks: ${report.durationSeconds.toFixed(0)} s real time; ${hoursMinutes(report.durationSeconds * report.clockFactor)} in the rehearsal's own time (${report.clockFactor}:1)`,
  );
  terminal.line(keptUp(details.punctuality));
  for (const failure of details.failures) terminal.line(terminal.paint(`✗ ${shorten(failure)}`, "bad"));
  terminal.line(`report: ${relative(process.cwd(), written.html)}`);
  terminal.line(
    details.ok
      ? terminal.paint("PASSED", "good")
      : terminal.paint(`FAILED: ${details.failures.length} expectation(s) not met`, "bad"),
  );
}

/** One line a fault; a dash stands for what did not happen. */
function printFaults(terminal: Terminal, { faults }: RehearsalReport): void {
  if (faults.length === 0) return;
  const seconds = (ms: number | null) => (ms === null ? "–" : `${(ms / 1000).toFixed(2)} s`);
  const rows = faults.map((f) => [
    f.fault,
    f.phase,
    f.detectedRehearsalMinutes === null ? "–" : f.detectedRehearsalMinutes.toFixed(1),
    seconds(f.trafficBackMs),
    seconds(f.webhookBackMs),
    String(f.exposed),
    String(f.lost),
    String(f.customerRequestsToFaultyAfter),
  ]);
  const heads = ["fault", "phase", "detected [rehearsal min]", "traffic back", "webhook back", "exposed", "lost"];
  terminal.line("");
  for (const line of table([...heads, "to Python after"], rows)) terminal.line(line);
  terminal.line(
    terminal.paint(
      "traffic and webhook: real time since the alarm, emulated; detected: on the rehearsal's own clock",
      "dim",
    ),
  );
}

/** The whole text was shown where it happened. */
function shorten(failure: string): string {
  const [first = "", second, ...more] = failure.split("\n");
  if (second === undefined) return first;
  return `${first}\n  ${second}${more.length > 0 ? " …" : ""}`;
}
