import type { AwsPlace } from "@cutover/domain/aws-place";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { announceStep } from "./announce";
import { appendLedger } from "./ledger";

/** Inputs of the `EvidenceRecord` resource. */
export interface EvidenceRecordInputs {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly phase: string;
  readonly share: number;
  readonly digest: string;
  /** Id of the rollback that may be released: another one is another entry. */
  readonly release?: string;
  /** The people's topic, which hears of an override. */
  readonly peopleTopicArn?: string;
  /** What the step, release or new image rested on; missing where the update is none. */
  readonly entry?: LedgerEntry;
}

/** Outputs: the inputs, and of the last gated step what it rested on and where that is kept. */
export interface EvidenceRecordState extends EvidenceRecordInputs {
  readonly rested?: LedgerEntry;
  readonly parameter?: string;
}

/** What writing an entry needs of the world; tests give their own. */
export interface RecordParts {
  readonly append: typeof appendLedger;
  readonly announce: typeof announceStep;
}

/**
 * Only phase, share, image and what is released make a difference: evidence has other numbers each minute, and an update that moves nothing
 * must stay an update without a change.
 */
export function recordDiffers(olds: EvidenceRecordInputs, news: EvidenceRecordInputs): boolean {
  const released = news.release !== undefined && news.release !== olds.release;
  return released || olds.phase !== news.phase || olds.share !== news.share || olds.digest !== news.digest;
}

/**
 * Announces an override, then writes the entry into the ledger; keeps the last one through updates that make none.
 * In this order, because a failed update is run again: better told twice than not at all.
 */
export async function writeRecord(
  inputs: EvidenceRecordInputs,
  before?: EvidenceRecordState,
  { append, announce }: RecordParts = { append: appendLedger, announce: announceStep },
): Promise<EvidenceRecordState> {
  const { entry } = inputs;
  if (entry) {
    await announce(inputs, entry);
    return { ...inputs, rested: entry, parameter: await append(inputs.stack, entry, inputs.aws) };
  }
  const { rested, parameter } = before ?? {};
  return { ...inputs, ...(rested ? { rested } : {}), ...(parameter === undefined ? {} : { parameter }) };
}

/**
 * Leaves the ledger where it is: who let which step pass on what stays known when the stack is gone, as the database's data
 * does (docs/gate.md). Here because state written by an `up` calls it at delete.
 */
export async function removeRecord(_state: EvidenceRecordInputs): Promise<void> {}
