import { escapeHtml } from "./escape";
import { count, unknownOr } from "./format";
import type { FaultResult, RehearsalReport, ReportDetails } from "./model";
import { minutesSeconds } from "./scale";

/** Passed or failed, why in one sentence, and that no figure is one of AWS. */
export function verdict(report: RehearsalReport, details: ReportDetails): string {
  const badge = details.ok ? '<span class="badge good">PASSED</span>' : '<span class="badge bad">FAILED</span>';
  const failures = details.failures.map((failure) => `<li>${escapeHtml(failure)}</li>`).join("");
  const started = escapeHtml(details.startedAt.slice(0, 16).replace("T", " "));
  return `<div class="verdict">${badge}<h1>Cutover rehearsal</h1>
<p class="soft">${started} UTC · ${minutesSeconds(report.durationSeconds)} minutes of real time</p></div>
${details.ok ? "" : `<ul class="bad failures">${failures}</ul>`}
<p class="lead">${escapeHtml(inOneSentence(report))}</p>
<p class="note"><b>Emulated.</b> Everything on this page was measured on this machine against emulators and stand-ins. No figure here is one of AWS, GoHighLevel or Supabase.</p>`;
}

/** What the rehearsal came to, for someone who reads nothing else. */
export function inOneSentence(report: RehearsalReport): string {
  const { phases, faults, messages } = report;
  const highest = Math.max(0, ...phases.map((phase) => phase.declaredShare));
  const climbed = `${count(messages.sent)} messages were sent while ${phases.length} updates took Python's share up to ${highest} %.`;
  const planned = lostByPlan(report);
  const byPlan = `${count(planned)} ${planned === 1 ? "was" : "were"} lost by planned changes.`;
  if (faults.length === 0) return `${climbed} ${byPlan} No fault was injected.`;
  const back = faults.filter((fault) => fault.trafficBackMs !== null);
  const slowest = slowestBack(faults);
  const rolled =
    back.length === faults.length
      ? `${faults.length === 1 ? "The injected fault was" : `All ${faults.length} injected faults were`} rolled back without anybody's doing${slowest === undefined ? "" : `, traffic at most ${seconds(slowest)} after the alarm`}.`
      : `${back.length} of ${faults.length} injected faults were rolled back.`;
  const after = requestsAfter(faults);
  return `${climbed} ${byPlan} ${rolled} The faults cost ${count(lostToFaults(faults))} of ${count(sum(faults.map((f) => f.exposed)))} messages handed to Python before the switch; after it ${count(after)} reached Python.`;
}

/** The figures a person looks for first. */
export function figures(report: RehearsalReport): string {
  const { messages, faults, migrations, destroy } = report;
  const cell = (value: string, what: string, tone = "") =>
    `<div class="figure"><b class="${tone}">${value}</b><span>${what}</span></div>`;
  const mustBe0 = (value: number) => (value === 0 ? "good" : "bad");
  const planned = lostByPlan(report);
  const slowest = slowestBack(faults);
  const ofFaults = [
    cell(
      `${faults.filter((f) => f.trafficBackMs !== null).length} of ${faults.length}`,
      "injected faults rolled back by themselves",
      faults.every((f) => f.trafficBackMs !== null) ? "good" : "bad",
    ),
    cell(slowest === undefined ? "–" : seconds(slowest), "slowest: alarm to traffic back (real time, emulated)"),
    cell(count(lostToFaults(faults)), `lost to faults, of ${count(sum(faults.map((f) => f.exposed)))} exposed`),
    cell(count(requestsAfter(faults)), "customers' requests to Python after a switch", mustBe0(requestsAfter(faults))),
  ];
  return `<div class="figures">
${cell(count(messages.sent), `messages sent, ${count(messages.completed)} completed`)}
${cell(count(planned), "lost by planned changes", mustBe0(planned))}
${faults.length === 0 ? "" : ofFaults.join("\n")}
${cell(unknownOr(migrations.applied), `migrations applied, ${unknownOr(migrations.rerunApplied)} run again`, migrations.rerunApplied ? "bad" : "")}
${cell(unknownOr(destroy.resourcesLeft), "resources left after destroy", destroy.resourcesLeft ? "bad" : "")}
</div>`;
}

/** Lost messages that no injected fault explains. */
export function lostByPlan({ messages, faults }: RehearsalReport): number {
  return messages.lost - lostToFaults(faults);
}

function lostToFaults(faults: readonly FaultResult[]): number {
  return sum(faults.map((fault) => fault.lost));
}

function requestsAfter(faults: readonly FaultResult[]): number {
  return sum(faults.map((fault) => fault.customerRequestsToFaultyAfter));
}

function slowestBack(faults: readonly FaultResult[]): number | undefined {
  const known = faults.flatMap((fault) => fault.trafficBackMs ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Real milliseconds as seconds. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
