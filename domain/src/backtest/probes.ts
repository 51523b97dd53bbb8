import type { BulkMetric, BulkTime } from "../cloudwatch/bulk";
import { type Random, Thinner } from "./random";

/** Seconds between two probes, and of a slot of what they report. */
export const PROBE_SECONDS = 15;
const SLOT_SECONDS = 10;
export const SLOTS_PER_MINUTE = 60 / SLOT_SECONDS;

export interface ProbeSlots {
  readonly metric: BulkMetric;
  readonly time: BulkTime;
}

/**
 * Probes over many minutes, published 10 s after their slot. Stretches of `stretch` minutes have each their own phase;
 * from the second `brokenFrom(stretch)` on all probes of a stretch fail.
 */
export function probeSlots(
  random: Random,
  minutes: number,
  stretch: number,
  healthyFailures: number,
  brokenFrom: (stretch: number) => number = () => Number.POSITIVE_INFINITY,
): ProbeSlots {
  const length = minutes * SLOTS_PER_MINUTE;
  const count = new Uint8Array(length);
  const failed = new Uint8Array(length).fill(1);
  const fails = new Thinner(random, healthyFailures);
  for (let k = 0; k * stretch < minutes; k++) {
    const first = k * stretch * 60;
    const end = Math.min(minutes, (k + 1) * stretch) * 60;
    const broken = first + brokenFrom(k);
    for (let at = first + random.next() * PROBE_SECONDS; at < end; at += PROBE_SECONDS) {
      const slot = Math.floor(at / SLOT_SECONDS);
      count[slot] = (count[slot] as number) + 1;
      // Minimum: one probe that got through is enough for the slot.
      if (fails.of(1) === 0 && at < broken) failed[slot] = 0;
    }
  }
  const published = new Int32Array(length + 1);
  for (let i = 1; i <= length; i++) published[i] = i - 1;
  return { metric: { count, minimum: failed }, time: { step: SLOT_SECONDS, length, published } };
}
