import { GetParametersByPathCommand, type Parameter, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { type LedgerEntry, ledgerEntryPath, ledgerPath, ledgerText, parseEntry } from "@cutover/domain/evidence/ledger";

type Ssm = Pick<SSMClient, "send">;

/** Others that may append in the same moment before something is wrong. */
const TRIES = 5;

/**
 * Appends an entry under the next free number; an entry that is there is never written again.
 * @returns the parameter's name
 */
export async function appendLedger(
  stack: string,
  entry: LedgerEntry,
  aws: AwsPlace,
  ssm: Ssm = new SSMClient(aws),
): Promise<string> {
  const kept = await parameters(stack, ssm);
  const newest = Math.max(0, ...kept.map(({ Name = "" }) => Number(Name.split("/").at(-1)) || 0));
  for (let number = newest + 1; number <= newest + TRIES; number++) {
    const Name = ledgerEntryPath(stack, number);
    try {
      const Value = ledgerText(entry, Buffer.byteLength);
      await ssm.send(new PutParameterCommand({ Name, Value, Type: "String", Overwrite: false }));
      return Name;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ParameterAlreadyExists") throw error;
    }
  }
  throw new Error(
    `No free number below ${ledgerPath(stack)} after ${TRIES} tries: somebody else is writing there; run pulumi up again.`,
  );
}

/** Every entry, oldest first. What stands there and is none of ours is left out. */
export async function readLedger(stack: string, ssm: Ssm): Promise<readonly LedgerEntry[]> {
  const kept = await parameters(stack, ssm);
  const sorted = kept.toSorted((a, b) => ((a.Name ?? "") < (b.Name ?? "") ? -1 : 1));
  return sorted.flatMap(({ Value = "" }) => parseEntry(Value) ?? []);
}

async function parameters(stack: string, ssm: Ssm): Promise<Parameter[]> {
  const found: Parameter[] = [];
  let next: string | undefined;
  do {
    // Without the slash at the end: the IAM resource of the call is the path itself.
    const Path = ledgerPath(stack).slice(0, -1);
    const page = await ssm.send(
      new GetParametersByPathCommand({ Path, Recursive: true, ...(next ? { NextToken: next } : {}) }),
    );
    found.push(...(page.Parameters ?? []));
    next = page.NextToken;
  } while (next);
  return found;
}
