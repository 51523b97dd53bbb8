import { renderChart } from "./chart";
import { escapeHtml } from "./escape";
import { EMULATED, NOT_SHOWN } from "./limits";
import type { RehearsalReport, ReportDetails, StepDetails } from "./model";
import { hoursMinutes, minutesSeconds } from "./scale";
import { STYLES } from "./styles";

/** The whole page: one file without any reference to another. */
export function renderPage(report: RehearsalReport, details: ReportDetails): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cutover rehearsal: ${details.ok ? "passed" : "failed"}</title><style>${STYLES}</style></head><body>
${headline(report, details)}
${figures(report)}
<h2>Python's share of the messages</h2>
<div class="chart">${renderChart(details, report.clockFactor)}</div>
<h2>Phases</h2>
${phaseTable(report, details)}
<h2>What was checked</h2>
${details.steps.map(stepChecks).join("\n")}
${lostMessages(details)}
<div class="two">
<section><h2>Two clocks</h2>${clocks(report)}</section>
<section><h2>After the destroy</h2>${afterDestroy(report, details)}</section>
<section><h2>What is emulated here</h2>${list(EMULATED)}</section>
<section><h2>What a rehearsal can't show</h2>${list(NOT_SHOWN)}</section>
</div>
<h2>Ports it listened on</h2>
${ports(report, details)}
</body></html>
`;
}

function headline(report: RehearsalReport, details: ReportDetails): string {
  const badge = details.ok ? '<span class="badge good">PASSED</span>' : '<span class="badge bad">FAILED</span>';
  const failures = details.ok
    ? ""
    : `<ul class="bad">${details.failures.map((f) => `<li>${escapeHtml(f)}</li>`).join("")}</ul>`;
  const steps = details.steps.map((s) => s.phase).join(" → ");
  return `<div class="verdict">${badge}<h1>Cutover rehearsal</h1></div>
<p class="soft">${escapeHtml(steps)} · ${escapeHtml(details.startedAt.slice(0, 16).replace("T", " "))} UTC · ${minutesSeconds(report.durationSeconds)} min real time</p>${failures}`;
}

function figures(report: RehearsalReport): string {
  const { sent, accepted, completed, lost } = report.messages;
  const cell = (value: string, what: string, tone = "") =>
    `<div class="figure"><b class="${tone}">${value}</b><span>${what}</span></div>`;
  return `<div class="figures">
${cell(count(sent), "messages sent")}
${cell(count(accepted), "accepted with 2xx")}
${cell(count(completed), "completed in message_queue")}
${cell(count(lost), "lost", lost === 0 ? "good" : "bad")}
${cell(unknownOr(report.migrations.applied), `migrations applied, ${unknownOr(report.migrations.rerunApplied)} run again`)}
${cell(unknownOr(report.destroy.resourcesLeft), "resources left after destroy", report.destroy.resourcesLeft ? "bad" : "")}
</div>`;
}

function phaseTable(report: RehearsalReport, details: ReportDetails): string {
  const steps = details.steps.filter((s) => s.phase !== "destroy");
  const rows = report.phases.map((phase, i) => {
    const step = steps[i];
    const m = step?.measured;
    const cells = [
      `${phase.declaredShare} %`,
      m ? `${m.byTable.toFixed(2)} %` : "–",
      m?.byLoadBalancer === undefined ? "–" : `${m.byLoadBalancer.toFixed(2)} %`,
      m ? `${m.band[0].toFixed(2)} – ${m.band[1].toFixed(2)} %` : "–",
      count(phase.requests),
      `<span class="${phase.lost ? "bad" : ""}">${phase.lost}</span>`,
      `${phase.upSeconds.toFixed(1)} s`,
    ];
    return `<tr><td>${escapeHtml(phase.phase)}</td>${cells.map((c) => `<td class="n">${c}</td>`).join("")}<td>${escapeHtml(step?.changes ?? "")}</td></tr>`;
  });
  const heads = [
    "declared",
    "measured by rows",
    "by target groups",
    "99.99 % band",
    "messages",
    "lost",
    "real time of up",
  ];
  return `<div class="wide"><table><tr><th>phase</th>${heads.map((h) => `<th class="n">${h}</th>`).join("")}<th>resources</th></tr>${rows.join("")}</table></div>
<p class="soft">Shares are percent of the messages of a measured window; "lost" counts from one update's start to the next one's; in "prepare" customers do not pass the load balancer, so nothing is split.</p>`;
}

function stepChecks(step: StepDetails): string {
  const failed = step.checks.filter((c) => !c.ok).length;
  const items = step.checks.map(
    (c) =>
      `<li><span class="${c.ok ? "good" : "bad"}">${c.ok ? "✓" : "✗"}</span> ${escapeHtml(c.what)} <span class="soft">${escapeHtml(c.seen)}</span></li>`,
  );
  const verdict =
    failed === 0
      ? `<span class="good">${step.checks.length} of ${step.checks.length}</span>`
      : `<span class="bad">${failed} failed</span>`;
  return `<details${failed ? " open" : ""}><summary><b>${escapeHtml(step.phase)}</b> ${escapeHtml(step.title)}: ${verdict}</summary><ul>${items.join("")}</ul></details>`;
}

function lostMessages({ lost }: ReportDetails): string {
  if (lost.length === 0) return "";
  const rows = lost.map(
    (m) =>
      `<tr><td>${escapeHtml(m.id)}</td><td class="n">${minutesSeconds(m.sentMs / 1000)}</td><td class="n">${m.latencyMs} ms</td><td>${escapeHtml(m.why)}</td></tr>`,
  );
  return `<h2>Lost messages</h2><div class="wide"><table><tr><th>message</th><th class="n">sent at</th><th class="n">waited</th><th>why</th></tr>${rows.join("")}</table></div>`;
}

function clocks(report: RehearsalReport): string {
  const { durationSeconds, clockFactor } = report;
  return `<p>Real time: <b>${minutesSeconds(durationSeconds)} min</b>. HTTP, processes and Pulumi run in it, and every figure above is in it.</p>
<p>Rehearsal time: <b>${hoursMinutes(durationSeconds * clockFactor)}</b>, ${clockFactor} times as fast. Only what is deployed runs in it: alarm periods, bake times, schedules. No figure mixes the two.</p>`;
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
  const verdict = report.listeningOnLoopbackOnly;
  const said =
    verdict === null
      ? "NOT CHECKED on this system."
      : verdict
        ? "Loopback addresses only."
        : "SOME CAN BE REACHED FROM OUTSIDE.";
  return `<details><summary class="${verdict === false ? "bad" : ""}">${said}</summary>${list(details.listening)}</details>`;
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;
}

function unknownOr(value: number | null): string {
  return value === null ? "–" : count(value);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
