import { renderChart } from "./chart/chart";
import { list, unknownOr } from "./format";
import { EMULATED, NOT_SHOWN } from "./limits";
import type { RehearsalReport, ReportDetails } from "./model";
import { hoursMinutes, keptUp, minutesSeconds } from "./scale";
import { stepTable } from "./steps";
import { STYLES } from "./styles";
import { businessTable, faultTable, lostWithoutFault } from "./tables";
import { figures, verdict } from "./verdict";

/** The whole page: one file without any reference to another, and without a script. */
export function renderPage(report: RehearsalReport, details: ReportDetails): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cutover rehearsal: ${details.ok ? "passed" : "failed"}</title><style>${STYLES}</style></head><body>
${verdict(report, details)}
${figures(report)}
${lostWithoutFault(report, details)}
<h2>The rehearsal over time</h2>
<p class="soft">Time runs to the right, the same in every panel. A red column is an injected fault, until it was mended.</p>
<div class="chart">${renderChart(details, report.clockFactor)}</div>
${faultTable(report, details)}
${businessTable(details)}
${stepTable(report, details)}
<div class="two">
<section><h2>Two clocks</h2>${clocks(report, details)}</section>
<section><h2>After the destroy</h2>${afterDestroy(report, details)}</section>
<section><h2>What is emulated here</h2>${list(EMULATED)}</section>
<section><h2>What a rehearsal can't show</h2>${list(NOT_SHOWN)}</section>
</div>
<h2>Ports it listened on</h2>
${ports(report, details)}
</body></html>
`;
}

function clocks({ durationSeconds, clockFactor }: RehearsalReport, { punctuality }: ReportDetails): string {
  return `<p><b>Real time: ${minutesSeconds(durationSeconds)} minutes.</b> HTTP, processes and Pulumi run in it. Every figure in s or ms is real time.</p>
<p><b class="rehearsed">Rehearsal clock: ${hoursMinutes(durationSeconds * clockFactor)}</b>, ${clockFactor} times as fast. Only what is deployed runs in it: alarm periods, windows, bake times, schedules. Every figure in min or h is on it. No figure mixes the two.</p>
<p>${keptUp(punctuality)}</p>`;
}

function afterDestroy(report: RehearsalReport, details: ReportDetails): string {
  const yesNo = (value: boolean | null) =>
    value === null
      ? '<span class="soft">nothing to tell</span>'
      : value
        ? '<span class="good">yes</span>'
        : '<span class="bad">no</span>';
  return `<p>Webhook as it was found: ${yesNo(report.destroy.webhookRestored)}<br>Rows of message_queue kept: ${yesNo(report.destroy.dataKept)}<br>Resources left: ${unknownOr(report.destroy.resourcesLeft)}</p>${
    details.leftOnPurpose.length ? `<p>Left on purpose:</p>${list(details.leftOnPurpose)}` : ""
  }`;
}

function ports(report: RehearsalReport, details: ReportDetails): string {
  const loopback = report.listeningOnLoopbackOnly;
  const said =
    loopback === null
      ? "NOT CHECKED on this system."
      : loopback
        ? "Loopback addresses only."
        : "SOME CAN BE REACHED FROM OUTSIDE.";
  return `<details${loopback === false ? " open" : ""}><summary class="${loopback === false ? "bad" : ""}">${said}</summary>${list(details.listening)}</details>`;
}
