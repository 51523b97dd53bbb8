import { escapeHtml } from "./escape";
import { count, numberCell, percentOf, unknownOr } from "./format";
import type { FaultDetails, FaultResult, LostDetails, RehearsalReport, ReportDetails } from "./model";
import { lostByPlan, seconds } from "./verdict";

/** The numbers of report.json's `faults`, with the alarm that rolled back, and the lost messages folded. */
export function faultTable(report: RehearsalReport, details: ReportDetails): string {
  if (report.faults.length === 0) return "";
  const rows = report.faults.map((fault, i) => faultRow(fault, details.faults[i], i));
  return `<h2>Injected faults</h2>
<div class="wide"><table>
<thead><tr><th rowspan="2">#</th><th rowspan="2">fault</th><th rowspan="2">at</th><th colspan="2" class="group">fault to alarm</th><th colspan="2" class="group">alarm to back on Node, real time</th><th colspan="3" class="group">messages</th></tr>
<tr><th class="n">real time</th><th class="n rehearsed">rehearsal clock</th><th class="n">traffic</th><th class="n">webhook</th><th class="n">exposed</th><th class="n">lost</th><th class="n">to Python after</th></tr></thead>
<tbody>${rows.join("")}</tbody></table></div>
<p class="soft">Exposed: handed to Python between the fault and the verified kill switch. Lost: of these, refused or never completed. To Python after: customers' requests that reached Python after the verified switch; must be 0. Alarms look at the rehearsal clock; HTTP and switching take real time.</p>
${details.faults.map(lostToFault).join("")}`;
}

function faultRow(fault: FaultResult, known: FaultDetails | undefined, i: number): string {
  const never = (value: number | null) => (value === null ? "bad" : "");
  const after = fault.customerRequestsToFaultyAfter;
  return `<tr class="first"><td>${i + 1}</td><td class="name">${escapeHtml(fault.fault)}</td><td class="phase">${escapeHtml(fault.phase)}</td>${[
    numberCell(unknownOr(fault.detectedMs, seconds), never(fault.detectedMs)),
    numberCell(
      unknownOr(fault.detectedRehearsalMinutes, (m) => `${m.toFixed(1)} min`),
      "rehearsed",
    ),
    numberCell(unknownOr(fault.trafficBackMs, seconds), never(fault.trafficBackMs)),
    numberCell(unknownOr(fault.webhookBackMs, seconds), never(fault.webhookBackMs)),
    numberCell(count(fault.exposed)),
    numberCell(count(fault.lost)),
    numberCell(count(after), after === 0 ? "good" : "bad"),
  ].join("")}</tr><tr><td></td><td colspan="9" class="soft">${known ? whatHappened(known) : ""}</td></tr>`;
}

/** "Alarm x: reason. Record rb-0001, released at 153 s." */
function whatHappened({ alarm, reason, triggers, rollback, releasedMs }: FaultDetails): string {
  const because = triggers.length > 0 ? ` (triggers: ${escapeHtml(triggers.join(", "))})` : "";
  const rang = alarm
    ? `<b>${escapeHtml(alarm)}</b>${reason ? `: ${escapeHtml(reason)}` : ""}${because}`
    : '<span class="bad">No alarm that rolls back rang</span>';
  const released = releasedMs === undefined ? "not released" : `released at ${(releasedMs / 1000).toFixed(0)} s`;
  return `${rang}${rollback ? ` · ${escapeHtml(rollback)}, ${released}` : ""}`;
}

function lostToFault({ fault, lost, lostMessages }: FaultDetails, i: number): string {
  if (lost === 0) return "";
  const shown = lostMessages.length < lost ? `the first ${lostMessages.length} of ${count(lost)}` : count(lost);
  return `<details><summary>Messages lost to fault ${i + 1}, ${escapeHtml(fault)}: ${shown}</summary>${lostTable(lostMessages)}</details>`;
}

/** Lost messages that no fault explains stand open; there should be none. */
export function lostWithoutFault(report: RehearsalReport, { lost, faults }: ReportDetails): string {
  const all = lostByPlan(report);
  const during = ({ sentMs, latencyMs }: LostDetails) =>
    faults.some(
      (f) => sentMs + latencyMs >= f.injectedMs && sentMs <= (f.switchVerifiedMs ?? Number.POSITIVE_INFINITY),
    );
  const others = lost.filter((message) => !during(message));
  if (all === 0) return "";
  return `<h2>Messages lost without a fault: ${count(all)}</h2>${lostTable(others)}`;
}

function lostTable(messages: readonly LostDetails[]): string {
  const rows = messages.map(
    ({ id, sentMs, latencyMs, why }) =>
      `<tr><td>${escapeHtml(id)}</td>${numberCell(`${(sentMs / 1000).toFixed(1)} s`)}${numberCell(`${count(latencyMs)} ms`)}<td>${escapeHtml(why)}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>message</th><th class="n">sent at</th><th class="n">waited</th><th>why</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** What the business would ask: how many messages each engine completed, and how many led to an appointment. */
export function businessTable({ business }: ReportDetails): string {
  if (business.length === 0) return "";
  const rows = business.map(
    ({ engine, messages, completed, booked, qualified }) =>
      `<tr><td><span class="chip ${engine}"></span>${engine === "node" ? "Node" : "Python"}</td>${[
        numberCell(count(messages)),
        numberCell(count(completed)),
        numberCell(percentOf(completed, messages)),
        numberCell(count(booked)),
        numberCell(percentOf(booked, messages)),
        numberCell(count(qualified)),
        numberCell(percentOf(qualified, messages)),
      ].join("")}</tr>`,
  );
  return `<h2>Business numbers</h2>
<div class="wide"><table><thead><tr><th>answered by</th><th class="n">messages</th><th class="n">completed</th><th class="n">of messages</th><th class="n">appointments booked</th><th class="n">of messages</th><th class="n">leads qualified</th><th class="n">of messages</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>
<p class="soft">Rows of message_queue over the whole rehearsal, injected faults included. Both engines are stand-ins without a model: the numbers show that they are counted, not how well either does.</p>`;
}
