import { type Random, Thinner } from "./random";
import type { MinuteCounts } from "./traffic";

/** What a fault does to the messages that it hits; everything else stays healthy. */
export const FAULT_KINDS = [
  "errors",
  "refused",
  "failed",
  "slow",
  "routing",
  "bookings",
  "connections",
  "hosts",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Share of the messages that are hit, above 0 to 1. */
  readonly share: number;
}

/**
 * A probe is a message, too: it fails when every message does. Not so where Python refuses what customers send, or gives up
 * on it after it has answered: the prober waits for the answer only.
 */
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
    hitMinute(random, counts, i, fault.kind, (n) => hit.of(i === from ? after.of(n) : n));
  }
}

function hitMinute(
  random: Random,
  counts: MinuteCounts,
  i: number,
  kind: FaultKind,
  hits: (n: number) => number,
): void {
  const get = (key: keyof MinuteCounts) => counts[key][i] as number;
  const spoil = (key: keyof MinuteCounts, of: keyof MinuteCounts) => {
    counts[key][i] = get(key) + hits(get(of) - get(key));
  };
  switch (kind) {
    case "errors":
    case "refused": {
      const accepted = acceptedIn(get);
      const lost = hits(accepted);
      counts[kind][i] = get(kind) + lost;
      forget(random, counts, i, accepted, lost);
      break;
    }
    case "failed":
      counts.failed[i] = get("failed") + hits(acceptedIn(get) - Math.min(get("failed"), acceptedIn(get)));
      break;
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
}

const acceptedIn = (get: (key: keyof MinuteCounts) => number) => get("requests") - get("errors") - get("refused");

/** What was not accepted is not routed and not booked: `lost` of the `accepted` messages take theirs along. */
function forget(random: Random, counts: MinuteCounts, i: number, accepted: number, lost: number): void {
  const get = (key: keyof MinuteCounts) => counts[key][i] as number;
  const routed = spared(random, get("routings"), accepted, lost);
  const booked = spared(random, get("bookings"), accepted, lost);
  counts.routingFailures[i] = spared(random, get("routingFailures"), get("routings"), get("routings") - routed);
  counts.bookingFailures[i] = spared(random, get("bookingFailures"), get("bookings"), get("bookings") - booked);
  counts.routings[i] = routed;
  counts.bookings[i] = booked;
}

/** How many of a `part` of the `whole` are not among the `lost`, each as likely as any other to be. */
function spared(random: Random, part: number, whole: number, lost: number): number {
  if (lost === 0 || part === 0) return part;
  if (part >= whole) return Math.max(0, part - lost);
  let kept = 0;
  let among = lost;
  for (let k = 0; k < part; k++) {
    if (random.next() * (whole - k) >= among) kept++;
    else among--;
  }
  return kept;
}
