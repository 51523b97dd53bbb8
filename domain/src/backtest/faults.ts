import { type Random, Thinner } from "./random";
import type { MinuteCounts } from "./traffic";

/** What a fault does to the messages that it hits; everything else stays healthy. */
export const FAULT_KINDS = ["errors", "slow", "routing", "bookings", "connections", "hosts"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Share of the messages that are hit, above 0 to 1. */
  readonly share: number;
}

/** A probe is a message, too: it fails when every message does. */
export function hitsProbes({ kind, share }: Fault): boolean {
  return share >= 1 && (kind === "errors" || kind === "connections");
}

/** Puts a fault into counts, from `second` of minute `from` up to, not including, minute `to`. */
export function applyFault(
  random: Random,
  counts: MinuteCounts,
  fault: Fault,
  { from, second, to }: { readonly from: number; readonly second: number; readonly to: number },
): void {
  const hit = new Thinner(random, fault.share);
  // Of the first minute's messages, those that come after the second.
  const after = new Thinner(random, 1 - second / 60);
  for (let i = from; i < to; i++) {
    hitMinute(counts, i, fault.kind, (n) => hit.of(i === from ? after.of(n) : n));
  }
}

function hitMinute(counts: MinuteCounts, i: number, kind: FaultKind, hits: (n: number) => number): void {
  const get = (key: keyof MinuteCounts) => counts[key][i] as number;
  const spoil = (key: keyof MinuteCounts, of: keyof MinuteCounts) => {
    counts[key][i] = get(key) + hits(get(of) - get(key));
  };
  switch (kind) {
    case "errors": {
      const failed = hits(get("requests") - get("errors"));
      counts.errors[i] = get("errors") + failed;
      // What was not accepted is not routed and not booked.
      counts.routings[i] = get("routings") - failed;
      counts.bookings[i] = Math.min(get("bookings"), get("routings"));
      break;
    }
    case "slow":
      spoil("slow", "requests");
      break;
    case "routing":
      spoil("routingFailures", "routings");
      break;
    case "bookings":
      spoil("bookingFailures", "bookings");
      break;
    case "connections":
      counts.connectionErrors[i] = hits(get("requests"));
      break;
    case "hosts":
      counts.hosts[i] = 0;
      break;
  }
  counts.routingFailures[i] = Math.min(get("routingFailures"), get("routings"));
  counts.bookingFailures[i] = Math.min(get("bookingFailures"), get("bookings"));
}
