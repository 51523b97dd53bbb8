import type { RollbackRecord } from "@cutover/domain/rollback/record";
import type { RollbackReport } from "./ports";

/** A minute in which nothing was to do. */
export const NOTHING: RollbackReport = { outcome: "nothing", sentence: "Nothing is missing." };

/** What came of steps that were missing. `what`: what they did, in words. */
export function completed(record: RollbackRecord, what: string): RollbackReport {
  const { switch: moved } = record.steps;
  const failed = moved?.state === "failed";
  return {
    outcome: failed ? "failed" : "completed",
    id: record.id,
    sentence: failed
      ? `${record.id}: the kill switch has not moved: ${moved.detail}.`
      : `${record.id}: ${what} done or tried.`,
    steps: record.steps,
  };
}
