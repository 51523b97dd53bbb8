import type { Step } from "@cutover/domain/evidence/gate";
import type { Manifest } from "@cutover/domain/stack-record";

/** What a step's share means in messages an hour. */
export function promiseLines({ expectedMessagesPerHour }: Manifest, { to, shareAfter }: Step): string[] {
  const perHour = (expectedMessagesPerHour * shareAfter) / 100;
  return [`at ${to.name}: about ${Number(perHour.toPrecision(2))} messages an hour to Python`];
}
