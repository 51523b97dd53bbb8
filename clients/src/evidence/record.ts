import type { AwsPlace } from "@cutover/domain/aws-place";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { appendLedger, removeLedger } from "./ledger";

/** Inputs of the `EvidenceRecord` resource. */
export interface EvidenceRecordInputs {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly phase: string;
  readonly share: number;
  readonly digest: string;
  /** What the step rested on; missing where the update makes no gated step. */
  readonly entry?: LedgerEntry;
}

/** Outputs: the inputs, and of the last gated step what it rested on and where that is kept. */
export interface EvidenceRecordState extends EvidenceRecordInputs {
  readonly rested?: LedgerEntry;
  readonly parameter?: string;
}

/**
 * Only phase, share and image make a difference: evidence has other numbers each minute, and an update that moves nothing
 * must stay an update without a change.
 */
export function recordDiffers(olds: EvidenceRecordInputs, news: EvidenceRecordInputs): boolean {
  return olds.phase !== news.phase || olds.share !== news.share || olds.digest !== news.digest;
}

/** Writes the entry of a gated step into the ledger; keeps the last one through steps that rest on nothing. */
export async function writeRecord(
  inputs: EvidenceRecordInputs,
  before?: EvidenceRecordState,
  append: typeof appendLedger = appendLedger,
): Promise<EvidenceRecordState> {
  const { entry } = inputs;
  if (entry) return { ...inputs, rested: entry, parameter: await append(inputs.stack, entry, inputs.aws) };
  const { rested, parameter } = before ?? {};
  return { ...inputs, ...(rested ? { rested } : {}), ...(parameter === undefined ? {} : { parameter }) };
}

/** Removes the ledger with the stack. */
export async function removeRecord({ stack, aws }: EvidenceRecordInputs): Promise<void> {
  await removeLedger(stack, aws);
}
