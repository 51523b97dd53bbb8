import type { RollbackRecord } from "@cutover/domain/rollback/record";
import type { RollbackReport } from "./ports";

/** A minute in which nothing was to do. */
export const NOTHING: RollbackReport = { outcome: "nothing", sentence: "Nothing is missing." };

/** For a report: where every message goes, once the switch has moved. */
export function movedTo({ to, steps }: Pick<RollbackRecord, "to" | "steps">): Pick<RollbackReport, "to"> {
  return steps.switch?.state === "done" ? { to } : {};
}

/** What came of steps that were missing. `what`: what they did, in words. */
export function completed(record: RollbackRecord, what: string): RollbackReport {
  const { switch: moved } = record.steps;
  const failed = moved?.state === "failed";
  return {
    outcome: failed ? "failed" : "completed",
    id: record.id,
    ...movedTo(record),
    sentence: failed
      ? `${record.id}: the kill switch has not moved: ${moved.detail}.`
      : `${record.id}: ${what} done or tried.`,
    steps: record.steps,
  };
}

/** A minute in which nothing could be decided, because `what` could not be read. */
export function blind(what: string, why: string): RollbackReport {
  return { outcome: "failed", sentence: `Could not read ${what} (${why}); the next minute tries again.` };
}
