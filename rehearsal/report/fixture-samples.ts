import type { Decisions, FaultDetails, Sample, StepDetails } from "./model";

/** What made-up customers saw each second of the made-up story. */
export function exampleSamples(steps: readonly StepDetails[], faults: readonly FaultDetails[]): Sample[] {
  const samples: Sample[] = [];
  for (let atMs = 9000; atMs < (steps.at(-1)?.endedMs ?? 0); atMs += 1000) {
    const fault = faults.find((f) => atMs >= f.injectedMs && atMs < (f.switchVerifiedMs ?? 0));
    const wave = Math.sin(atMs);
    const rate = steps.some((s) => s.measured && atMs >= s.measured.fromMs && atMs < s.measured.toMs) ? 300 : 20;
    const python = Math.round((rate * Math.min(100, shareAt(steps, faults, atMs) * (1 + 0.15 * wave))) / 100);
    const failing = fault ? failingOf(fault, python) : { python: 0, unknown: 0 };
    const taken = python - failing.python - failing.unknown;
    samples.push({
      atMs,
      node: rate - python,
      python: taken,
      errors: { node: 0, ...failing },
      p95Ms: {
        ...(rate > python ? { node: Math.round(34 + 11 * wave) } : {}),
        ...(taken + failing.python > 0
          ? { python: Math.round(fault?.fault === "python-slow" ? 4100 + 400 * wave : 61 + 17 * wave) }
          : {}),
      },
    });
  }
  return samples;
}

/** What the made-up Python decided: an agent for each message, an appointment for each fifth. */
export function exampleDecisions(samples: readonly Sample[], faults: readonly FaultDetails[]): Decisions[] {
  return samples
    .filter(({ python }) => python > 0)
    .map(({ atMs, python }) => {
      const fault = faults.find((f) => atMs >= f.injectedMs && atMs < (f.switchVerifiedMs ?? 0))?.fault;
      const bookings = Math.round(python / 5);
      return {
        atMs,
        routings: python,
        routingFailures: fault === "routing" ? Math.round(python * 0.4) : 0,
        bookings,
        bookingFailures: fault === "booking" ? Math.round(bookings * 0.6) : 0,
      };
    });
}

function failingOf({ fault }: FaultDetails, python: number): { python: number; unknown: number } {
  if (fault === "python-5xx") return { python: Math.round(python * 0.7), unknown: 0 };
  if (fault === "python-dead") return { python: 0, unknown: python };
  return { python: fault === "routing" ? Math.min(python, 1) : 0, unknown: 0 };
}

function shareAt(steps: readonly StepDetails[], faults: readonly FaultDetails[], atMs: number): number {
  const back = faults.some((f) => atMs >= (f.switchVerifiedMs ?? Infinity) && atMs < (f.releasedMs ?? Infinity));
  if (back) return 0;
  return steps.filter((s) => (s.appliedMs ?? Infinity) <= atMs).at(-1)?.declaredShare ?? 0;
}
