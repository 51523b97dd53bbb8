import { GetParameterHistoryCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { AppliedEntry } from "@cutover/domain/evidence/serving";
import { appliedPath } from "@cutover/domain/stack-record";
import { type Clock, clockFrom } from "../clock";
import { parseApplied } from "../record/stack-record";

/**
 * What was applied and when, oldest first, from the versions SSM keeps of the applied record (the last hundred). An
 * update writes it last and only when it differs, so its date is the moment at which a phase, share or image began.
 * Empty where there is no record. Every failure is thrown.
 */
export async function readAppliedHistory(
  stack: string,
  aws: AwsPlace,
  ssm: Pick<SSMClient, "send"> = new SSMClient(aws),
  clock: Clock = clockFrom(process.env),
): Promise<AppliedEntry[]> {
  const entries: AppliedEntry[] = [];
  let next: string | undefined;
  try {
    do {
      const page = await ssm.send(
        new GetParameterHistoryCommand({ Name: appliedPath(stack), ...(next ? { NextToken: next } : {}) }),
      );
      for (const { Value, LastModifiedDate } of page.Parameters ?? []) {
        if (Value === undefined || !LastModifiedDate) continue;
        const at = clock.fromReal(LastModifiedDate.getTime());
        entries.push({ at, applied: parseApplied(appliedPath(stack), Value) });
      }
      next = page.NextToken;
    } while (next);
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return [];
    throw error;
  }
  return entries.sort((a, b) => a.at - b.at);
}
