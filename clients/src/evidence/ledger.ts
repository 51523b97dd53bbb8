import {
  DeleteParametersCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { type LedgerEntry, ledgerEntryPath, ledgerPath, ledgerText } from "@cutover/domain/evidence/ledger";

type Ssm = Pick<SSMClient, "send">;

/** Names that DeleteParameters takes at once. */
const AT_ONCE = 10;
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
  const names = await ledgerNames(stack, ssm);
  const newest = Math.max(0, ...names.map((name) => Number(name.split("/").at(-1)) || 0));
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

/** Removes the ledger with the stack: destroy leaves nothing in the account; Pulumi's own history keeps what it said. */
export async function removeLedger(stack: string, aws: AwsPlace, ssm: Ssm = new SSMClient(aws)): Promise<void> {
  const names = await ledgerNames(stack, ssm);
  for (let at = 0; at < names.length; at += AT_ONCE) {
    await ssm.send(new DeleteParametersCommand({ Names: names.slice(at, at + AT_ONCE) }));
  }
}

async function ledgerNames(stack: string, ssm: Ssm): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined;
  do {
    // Without the slash at the end: the IAM resource of the call is the path itself.
    const Path = ledgerPath(stack).slice(0, -1);
    const page = await ssm.send(
      new GetParametersByPathCommand({ Path, Recursive: true, ...(next ? { NextToken: next } : {}) }),
    );
    names.push(...(page.Parameters ?? []).flatMap(({ Name }) => Name ?? []));
    next = page.NextToken;
  } while (next);
  return names;
}
