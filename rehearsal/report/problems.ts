import type { FaultResult, RehearsalReport } from "./model";

/** What can't be true in a report: counts that don't add up are a fault of the rehearsal, not a result. */
export function problemsOf(report: RehearsalReport): string[] {
  const { sent, accepted, completed, exposed, lost } = report.messages;
  const problems: string[] = [];
  if (accepted > sent) problems.push(`${accepted} messages accepted, but only ${sent} sent`);
  if (completed > accepted + lost) problems.push(`${completed} messages completed, but only ${accepted} accepted`);
  if (exposed > sent) problems.push(`${exposed} messages exposed, but only ${sent} sent`);
  if (lost > sent) problems.push(`${lost} messages lost, but only ${sent} sent`);
  const numbers = [
    sent,
    accepted,
    completed,
    exposed,
    lost,
    ...report.phases.flatMap((p) => [p.requests, p.lost, p.upSeconds]),
  ];
  if (!numbers.every(isCount)) problems.push("a count is negative or no number");
  for (const phase of report.phases) {
    const shares = [phase.declaredShare, phase.observedShare ?? 0];
    if (shares.some((s) => !(s >= 0 && s <= 100))) problems.push(`a share of ${phase.phase} is not within 0 and 100 %`);
    if (phase.requests === 0 && phase.observedShare !== null)
      problems.push(`${phase.phase} has a share of no messages`);
  }
  return [...problems, ...report.faults.flatMap((fault) => problemsOfFault(fault, report)), ...lostTwice(report)];
}

function problemsOfFault(fault: FaultResult, { clockFactor, messages }: RehearsalReport): string[] {
  const { detectedMs, detectedRehearsalMinutes, trafficBackMs, webhookBackMs, exposed, lost } = fault;
  const problems: string[] = [];
  const counts = [exposed, lost, fault.customerRequestsToFaultyAfter];
  const spans = [detectedMs, detectedRehearsalMinutes, trafficBackMs, webhookBackMs].map((span) => span ?? 0);
  if (![...counts, ...spans].every(isCount)) problems.push("a number is negative or none");
  if (lost > exposed) problems.push(`${lost} messages lost, but only ${exposed} exposed`);
  if (exposed > messages.sent) problems.push(`${exposed} messages exposed, but only ${messages.sent} sent`);
  const isBack = trafficBackMs !== null || webhookBackMs !== null;
  if (detectedMs === null && isBack) problems.push("it was rolled back, but no alarm detected it");
  if ((detectedMs === null) !== (detectedRehearsalMinutes === null)) {
    problems.push("it was detected on one clock only");
  } else if (detectedMs !== null && detectedRehearsalMinutes !== null) {
    const minutes = (detectedMs * clockFactor) / 60_000;
    if (Math.abs(minutes - detectedRehearsalMinutes) > ROUNDING_MINUTES)
      problems.push(`detected after ${detectedMs} ms is not ${detectedRehearsalMinutes} min at ${clockFactor}:1`);
  }
  return problems.map((problem) => `fault ${fault.fault} at ${fault.phase}: ${problem}`);
}

/** Rehearsal minutes are written with one decimal. */
const ROUNDING_MINUTES = 0.051;

/** A message belongs to one fault at most. */
function lostTwice({ faults, messages }: RehearsalReport): string[] {
  const lost = faults.reduce((sum, fault) => sum + fault.lost, 0);
  return lost > messages.lost ? [`the faults lost ${lost} messages, but only ${messages.lost} were lost in all`] : [];
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
