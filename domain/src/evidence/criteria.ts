import { PLAN, SLOW_SECONDS } from "../triggers/plan";
import type { Evidence, FaultCount, Read, SlowCount } from "./model";

/** What one blocking criterion reads and demands. Rates are parts of 1. */
export interface Criterion {
  readonly id: "errors" | "processing" | "routing" | "acknowledgement";
  /** What one bad message is: "failed", "slower than 3 s". */
  readonly badOnLadder: string;
  readonly badAtEnd: string;
  /** The rollback trigger's limit. */
  readonly trigger: number;
  /** The success criterion's limit. */
  readonly success: number;
  /** Counts against the trigger and against the success criterion. */
  readonly read: (evidence: Evidence) => Read<{ readonly trigger: FaultCount; readonly success: FaultCount }>;
}

/** Source: plan, "Response time < 2 seconds (p95)". */
export const SUCCESS_SECONDS = 2;
/** Part of the messages that a p95 leaves out. */
const BEYOND_P95 = 0.05;

/**
 * The plan's "Immediate Rollback Triggers" and "Success Criteria". The plan has no trigger of its own for processing: a
 * message that was accepted and then failed is an error, so the error trigger's 5 % counts. Response time is that until the
 * webhook is answered; until a model has answered the customer is compared with Node's ({@link END_TO_END}).
 */
export const CRITERIA: readonly Criterion[] = [
  faults("errors", PLAN.errors.percent / 100, 0.01, (evidence) => evidence.errors),
  faults("processing", PLAN.errors.percent / 100, 0.02, (evidence) => evidence.processing),
  faults("routing", PLAN.routing.percent / 100, 0.05, (evidence) => evidence.routing),
  slow("acknowledgement", (evidence) => evidence.acknowledgement),
];

function faults(
  id: Criterion["id"],
  trigger: number,
  success: number,
  of: (evidence: Evidence) => Read<FaultCount>,
): Criterion {
  const read: Criterion["read"] = (evidence) => map(of(evidence), (count) => ({ trigger: count, success: count }));
  return { id, badOnLadder: "failed", badAtEnd: "failed", trigger, success, read };
}

function slow(id: Criterion["id"], of: (evidence: Evidence) => Read<SlowCount>): Criterion {
  return {
    id,
    badOnLadder: `slower than ${SLOW_SECONDS} s`,
    badAtEnd: `slower than ${SUCCESS_SECONDS} s`,
    trigger: PLAN.slow.percent / 100,
    success: BEYOND_P95,
    read: (evidence) =>
      map(of(evidence), ({ n, overTrigger, overSuccess }) => ({
        trigger: { n, bad: overTrigger },
        success: { n, bad: overSuccess },
      })),
  };
}

function map<A, B>(read: Read<A>, change: (value: A) => B): Read<B> {
  return "value" in read ? { value: change(read.value) } : read;
}

/** Part of the bookings that may fail before the trigger fires. */
export const BOOKING_FAILURE_LIMIT = PLAN.bookings.percent / 100;

/** A business number may be this much below Node's (as a part of 1) and still count as maintained. */
export const TOLERATED_DROP = 0.05;

/**
 * Built in and watched: messages finished within Node's own p95 of the same time, 2 s at least. No limit of ours: a model's answer takes
 * what it takes, and two seconds would fail every day (docs/decisions/0018-gate.md).
 */
export const END_TO_END = "end to end";

/**
 * A business metric of the configuration: `sql` returns one row an engine, (engine, hits, n), for the time from $1 to $2.
 * Run by the read-only role. "booking rate" is built in and needs no entry.
 */
export interface BusinessMetric {
  readonly name: string;
  readonly sql: string;
}

/** Built in; the plan's booking query, both engines over the same time. */
export const BOOKING_RATE: BusinessMetric = {
  name: "booking rate",
  sql: `SELECT engine, count(*) FILTER (WHERE appointment_booked) AS hits, count(*) AS n
FROM langgraph_ops.messages
WHERE status IN ('completed', 'failed') AND created_at >= $1 AND created_at < $2
GROUP BY engine`,
};
