import { exampleAlarms } from "./fixture-alarms";
import { exampleDecisions, exampleSamples } from "./fixture-samples";
import { exampleFaults, exampleSteps, PLAYED } from "./fixture-story";
import type { BusinessNumbers, FaultDetails, FaultResult, PhaseResult, RehearsalReport, ReportDetails } from "./model";

/** A made-up rehearsal of the whole plan for the tests of page, writer and summary. Its numbers were never measured. */
export function exampleReport(): { report: RehearsalReport; details: ReportDetails } {
  const steps = exampleSteps();
  const faults = exampleFaults();
  const samples = exampleSamples(steps, faults);
  const lost = faults.reduce((sum, fault) => sum + fault.lost, 0);
  const business: BusinessNumbers[] = [
    { engine: "node", messages: 9_204, completed: 9_204, booked: 1_868, qualified: 3_011 },
    { engine: "python", messages: 10_412, completed: 10_401, booked: 2_159, qualified: 3_480 },
  ];
  return {
    report: {
      phases: examplePhases(),
      faults: faults.map(resultOf),
      messages: { sent: 19_640, accepted: 19_640 - lost, completed: 19_605, exposed: 61, lost },
      migrations: { applied: 2, rerunApplied: 0 },
      destroy: { webhookRestored: true, dataKept: true, resourcesLeft: 0 },
      listeningOnLoopbackOnly: true,
      clockFactor: 60,
      durationSeconds: Number(((steps.at(-1)?.endedMs ?? 0) / 1000 + 3.2).toFixed(1)),
    },
    details: {
      ok: true,
      failures: [],
      startedAt: "2026-01-02T03:04:05.000Z",
      punctuality: { minutes: 412, late: 3, longestLagMs: 48_000 },
      steps,
      samples,
      decisions: exampleDecisions(samples, faults),
      faults,
      alarms: exampleAlarms(faults),
      business,
      lost: faults.flatMap((fault) => fault.lostMessages),
      leftOnPurpose: ["message_queue and its columns (data is kept)"],
      listening: ["127.0.0.1:8443 load balancer"],
    },
  };
}

function examplePhases(): PhaseResult[] {
  return PLAYED.flatMap(({ phase, fault, share, measured, upSeconds }) => {
    if (fault || phase === "destroy") return [];
    return [
      {
        phase,
        declaredShare: share,
        observedShare: measured?.byTable ?? null,
        requests: measured?.requests ?? 0,
        lost: 0,
        upSeconds,
      },
    ];
  });
}

/** The part of a fault that goes into report.json, in the agreed order. */
function resultOf(fault: FaultDetails): FaultResult {
  const { detectedMs, detectedRehearsalMinutes, trafficBackMs, webhookBackMs } = fault;
  return {
    fault: fault.fault,
    phase: fault.phase,
    detectedMs,
    detectedRehearsalMinutes,
    trafficBackMs,
    webhookBackMs,
    exposed: fault.exposed,
    lost: fault.lost,
    customerRequestsToFaultyAfter: fault.customerRequestsToFaultyAfter,
  };
}
