import { escapeHtml } from "./escape";
import { count, numberCell } from "./format";
import type { PhaseResult, RehearsalReport, ReportDetails, StepDetails } from "./model";
import { isFaultStep } from "./timeline";

/** Every step with its numbers; its commands and checks are folded, and open where one failed. */
export function stepTable(report: RehearsalReport, details: ReportDetails): string {
  const results = pair(report.phases, details);
  const rows = details.steps.map((step, i) => {
    const chapter = step.chapter;
    const begins = chapter && chapter !== details.steps[i - 1]?.chapter;
    const title = begins ? `<tr class="chapter"><td colspan="9">${escapeHtml(chapter)}</td></tr>` : "";
    return title + stepRow(step, i, results[i], isFaultStep(step, details.faults));
  });
  return `<h2>Steps and what was checked</h2>
<div class="wide"><table class="steps"><thead><tr><th>#</th><th>step</th><th class="n">began at</th><th class="n">declared</th><th class="n">measured</th><th class="n">messages</th><th class="n">lost</th><th class="n">update took</th><th>checks</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>
<p class="soft">Times are real time. Declared and measured: Python's share of the messages of a measured window. Lost: from one step's start to the next one's. In "prepare" customers do not pass the load balancer, so nothing is split.</p>`;
}

/** The result of each step that is an update: the same updates in the same order. */
function pair(phases: readonly PhaseResult[], { steps, faults }: ReportDetails): (PhaseResult | undefined)[] {
  let next = 0;
  return steps.map((step) => {
    if (isFaultStep(step, faults) || phases[next]?.phase !== step.phase) return undefined;
    return phases[next++];
  });
}

function stepRow(step: StepDetails, i: number, result: PhaseResult | undefined, fault: boolean): string {
  const what = step.refused ? refusal(step) : fault ? step.changes || "injected" : "";
  const name = `<b>${escapeHtml(step.phase)}</b>${what ? ` <span class="soft">${escapeHtml(what)}</span>` : ""}`;
  const took = step.appliedMs === undefined ? undefined : (step.appliedMs - step.beganMs) / 1000;
  const cells = [
    numberCell(`${(step.beganMs / 1000).toFixed(0)} s`),
    numberCell(result ? `${result.declaredShare} %` : "–"),
    numberCell(step.measured ? `${step.measured.byTable.toFixed(1)} %` : "–"),
    numberCell(result ? count(result.requests) : "–"),
    numberCell(result ? count(result.lost) : "–", result?.lost ? "bad" : ""),
    numberCell(took === undefined ? "–" : `${(result?.upSeconds ?? took).toFixed(1)} s`),
  ];
  return `<tr class="${fault ? "faultstep" : ""}"><td>${i + 1}</td><td>${name}</td>${cells.join("")}<td>${checks(step)}</td></tr>`;
}

/** Whether it was refused is what its checks say. */
function refusal({ checks }: StepDetails): string {
  return checks.every((check) => check.ok) ? "refused, as it should be" : "had to be refused: see the checks";
}

function checks(step: StepDetails): string {
  const failed = step.checks.filter((check) => !check.ok).length;
  const items = step.checks.map(
    ({ ok, what, seen }) =>
      `<li><span class="${ok ? "good" : "bad"}">${ok ? "✓" : "✗"}</span> ${escapeHtml(what)} <span class="soft">${escapeHtml(seen)}</span></li>`,
  );
  const said =
    failed === 0
      ? `<span class="good">✓ ${step.checks.length} of ${step.checks.length}</span>`
      : `<span class="bad">✗ ${failed} of ${step.checks.length} failed</span>`;
  return `<details${failed ? " open" : ""}><summary>${said}</summary><p><code>${escapeHtml(step.title)}</code>${step.changes ? ` <span class="soft">${escapeHtml(step.changes)}</span>` : ""}</p>${measured(step)}<ul class="checks">${items.join("")}</ul></details>`;
}

function measured({ measured: window }: StepDetails): string {
  if (!window) return "";
  const { byTable, byLoadBalancer, band, requests } = window;
  const groups = byLoadBalancer === undefined ? "" : `, ${byLoadBalancer.toFixed(2)} % by target groups`;
  return `<p class="soft">Measured: ${byTable.toFixed(2)} % by rows${groups}; 99.99 % band at ${count(requests)} messages: ${band[0].toFixed(2)} to ${band[1].toFixed(2)} %</p>`;
}
