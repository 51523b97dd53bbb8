import type { RehearsalReport, ReportDetails, Sample, StepDetails } from "./model";

/** A made-up rehearsal for the tests of the page and the writer. Its numbers were never measured. */
export function exampleReport(): { report: RehearsalReport; details: ReportDetails } {
  const steps = exampleSteps();
  return {
    report: {
      phases: steps.slice(0, -1).map((s, i) => ({
        phase: s.phase,
        declaredShare: s.declaredShare,
        observedShare: s.measured?.byTable ?? 0,
        requests: 2100 + i,
        lost: 0,
        upSeconds: ((s.appliedMs ?? s.endedMs) - s.beganMs) / 1000,
      })),
      messages: { sent: 14_310, accepted: 14_310, completed: 14_310, exposed: 0, lost: 0 },
      migrations: { applied: 2, rerunApplied: 0 },
      destroy: { webhookRestored: true, dataKept: true, resourcesLeft: 0 },
      listeningOnLoopbackOnly: true,
      clockFactor: 60,
      durationSeconds: 141.2,
    },
    details: {
      ok: true,
      failures: [],
      startedAt: "2026-01-02T03:04:05.000Z",
      steps,
      samples: exampleSamples(steps),
      lost: [],
      leftOnPurpose: ["message_queue and its columns (data is kept)"],
      listening: ["127.0.0.1:8443 load balancer"],
    },
  };
}

function exampleSteps(): StepDetails[] {
  const plan: readonly [string, number, number][] = [
    ["prepare", 0, 24],
    ["front-door", 0, 9],
    ["parallel", 10, 8],
    ["front-door", 0, 8],
    ["destroy", 0, 12],
  ];
  let at = 9000;
  return plan.map(([phase, declaredShare, upSeconds]) => {
    const beganMs = at;
    const appliedMs = at + upSeconds * 1000;
    const fromMs = appliedMs + 500;
    const endedMs = appliedMs + (phase === "destroy" ? 3000 : 14_000);
    at = endedMs;
    const live = phase !== "destroy";
    return {
      phase,
      title: live ? `pulumi config set cutover:phase ${phase}; pulumi up` : "pulumi destroy",
      declaredShare,
      beganMs,
      appliedMs,
      endedMs,
      changes: "3 update",
      checks: [{ what: "a second up changes nothing", ok: true, seen: "no change" }],
      ...(live ? { measured: exampleWindow(declaredShare, fromMs) } : {}),
    };
  });
}

function exampleWindow(declaredShare: number, fromMs: number): NonNullable<StepDetails["measured"]> {
  const band: readonly [number, number] = declaredShare === 0 ? [0, 0] : [7.6, 12.6];
  const byTable = declaredShare === 0 ? 0 : 10.2;
  return { fromMs, toMs: fromMs + 7000, requests: 2100, python: 21 * byTable, byTable, byLoadBalancer: byTable, band };
}

function exampleSamples(steps: readonly StepDetails[]): Sample[] {
  const samples: Sample[] = [];
  for (let atMs = 9000; atMs < (steps.at(-1)?.endedMs ?? 0); atMs += 1000) {
    const applied = steps.filter((s) => (s.appliedMs ?? Number.POSITIVE_INFINITY) <= atMs).at(-1);
    const measured = steps.some((s) => s.measured && atMs >= s.measured.fromMs && atMs <= s.measured.toMs);
    const rate = measured ? 300 : 40;
    const python = Math.round((rate * (applied?.declaredShare ?? 0) * (1 + 0.3 * Math.sin(atMs))) / 100);
    samples.push({ atMs, node: rate - python, python });
  }
  return samples;
}
