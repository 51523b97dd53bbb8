import type { Applied } from "../decide";
import type { PhaseName } from "../phases";
import { stackPath } from "../stack-record";
import { BAKE_HOURS, type GateFacts, type GateResult } from "./gate";
import type { Bar, Outcome } from "./model";

/**
 * What stood behind a step up, a release or a new image in front of customers: kept in the state and, one parameter each, in
 * SSM. Holds no secret.
 */
export interface LedgerEntry {
  readonly version: 1;
  /** When it was judged, ISO 8601 in UTC. */
  readonly at: string;
  readonly from: PhaseName;
  readonly to: PhaseName;
  readonly shareBefore: number;
  readonly shareAfter: number;
  readonly digest: string;
  /** The image before, where the update brought another one. */
  readonly digestBefore?: string;
  /** Id of the rollback that the update released. */
  readonly released?: string;
  /** Hours for which the phase had to be watched, where they are not the plan's. */
  readonly bakeHours?: number;
  /** Missing for the first share, which rests on no evidence. */
  readonly verdict?: {
    readonly bar: Bar;
    readonly outcome: Outcome;
    /** Since when the counts run, ISO 8601 in UTC. */
    readonly since: string;
    /** "errors PASS: 0/101 failed; at 95 % below 3 %" */
    readonly criteria: readonly string[];
  };
  /** Who put what aside, where somebody did. */
  readonly override?: {
    readonly name: string;
    readonly reason: string;
    readonly expires: string;
    readonly aside: readonly string[];
  };
}

/** Bytes of a standard parameter. Source: Systems Manager, "Managing parameter tiers". */
const MOST_BYTES = 4096;
/** Characters of one line: a business metric's reason may be a database's long sentence. */
const LONGEST_LINE = 160;

/** Every entry of a stack lies below this path. */
export function ledgerPath(stack: string): string {
  return `${stackPath(stack)}ledger/`;
}

/** Path of an entry; numbered so that names sort in time. */
export function ledgerEntryPath(stack: string, number: number): string {
  return `${ledgerPath(stack)}${String(number).padStart(4, "0")}`;
}

/** The record of a step that the gate let pass. */
export function ledgerEntry(facts: GateFacts, result: GateResult, digest: string): LedgerEntry {
  const { step, verdict, override, bakeHours } = facts;
  return {
    version: 1,
    at: iso(facts.now),
    from: step.from.name,
    to: step.to.name,
    shareBefore: step.shareBefore,
    shareAfter: step.shareAfter,
    digest,
    ...(verdict && verdict.digest !== digest ? { digestBefore: verdict.digest } : {}),
    ...(bakeHours === undefined || bakeHours === BAKE_HOURS[step.from.name] ? {} : { bakeHours }),
    ...(verdict
      ? {
          verdict: {
            bar: verdict.bar,
            outcome: verdict.outcome,
            since: iso(verdict.since),
            criteria: verdict.criteria.map((one) => cut(`${one.id} ${one.outcome}: ${one.seen}`)),
          },
        }
      : {}),
    ...(override && result.overridden.length > 0
      ? {
          override: {
            name: cut(override.name),
            reason: cut(override.reason),
            expires: iso(override.expires),
            aside: result.overridden.map(cut),
          },
        }
      : {}),
  };
}

/** An update that gives Python messages without asking the gate. */
export interface UngatedChange {
  /** When it was decided, milliseconds since the epoch. */
  readonly now: number;
  readonly before: Applied;
  readonly after: Applied;
  /** Id of the rollback that it releases: until then no message came to Python. */
  readonly released?: string;
}

/**
 * The record of a release, or of a new image that serves customers.
 * @returns undefined where the update is neither
 */
export function changeEntry({ now, before, after, released }: UngatedChange): LedgerEntry | undefined {
  const renewed = before.pythonDigest !== after.pythonDigest;
  if (after.pythonShare === 0 || (released === undefined && !renewed)) return undefined;
  return {
    version: 1,
    at: iso(now),
    from: before.phase,
    to: after.phase,
    shareBefore: released === undefined ? before.pythonShare : 0,
    shareAfter: after.pythonShare,
    digest: after.pythonDigest,
    ...(renewed ? { digestBefore: before.pythonDigest } : {}),
    ...(released === undefined ? {} : { released }),
  };
}

/**
 * A parameter's text as an entry.
 * @returns undefined for a text that this version of Cutover did not write
 */
export function parseEntry(text: string): LedgerEntry | undefined {
  try {
    const value = JSON.parse(text) as Partial<LedgerEntry> | null;
    const known = value?.version === 1 && typeof value.at === "string" && typeof value.digest === "string";
    return known && value.from && value.to ? (value as LedgerEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** The entry as a parameter holds it: without the single criteria where they would not fit. */
export function ledgerText(entry: LedgerEntry, bytes: (text: string) => number): string {
  const whole = JSON.stringify(entry);
  if (bytes(whole) <= MOST_BYTES || !entry.verdict) return whole;
  return JSON.stringify({
    ...entry,
    verdict: { ...entry.verdict, criteria: [`${entry.verdict.criteria.length} criteria`] },
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function cut(text: string): string {
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE - 1)}…`;
}
