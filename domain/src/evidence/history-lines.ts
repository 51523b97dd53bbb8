import { utc } from "./gate";
import type { LedgerEntry } from "./ledger";

/** The ledger for people, oldest first: what was done, on what it rested, who put what aside. */
export function historyLines(entries: readonly LedgerEntry[]): string[] {
  if (entries.length === 0) return ["history   no step up, release or new image so far"];
  return entries.flatMap((entry) => [headOf(entry), ...restOf(entry)]);
}

function headOf({ at, from, to, shareBefore, shareAfter, released }: LedgerEntry): string {
  const what =
    released === undefined ? (shareAfter > shareBefore || from !== to ? "step" : "image") : `release of ${released}`;
  return `${utc(Date.parse(at))}  ${what}: ${from} (${shareBefore} %) to ${to} (${shareAfter} %)`;
}

function restOf({ digest, digestBefore, verdict, override, bakeHours }: LedgerEntry): string[] {
  const image =
    digestBefore === undefined
      ? `image ${short(digest)}`
      : `new image ${short(digest)} in place of ${short(digestBefore)}`;
  const rested = verdict
    ? `${verdict.outcome} on bar "${verdict.bar}", counted since ${utc(Date.parse(verdict.since))}`
    : "no evidence asked";
  return [
    `  ${image}; ${rested}${bakeHours === undefined ? "" : `; watched for ${bakeHours} hours by cutover:bakeHours`}`,
    ...(verdict?.criteria ?? []).map((line) => `    ${line}`),
    ...(override
      ? [`  overridden by ${override.name} (${override.reason}), good until ${utc(Date.parse(override.expires))}:`]
      : []),
    ...(override?.aside ?? []).map((line) => `    ${line}`),
  ];
}

function short(digest: string): string {
  return `${digest.replace(/^sha256:/, "").slice(0, 12)}…`;
}
