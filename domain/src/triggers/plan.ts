/** A rollback trigger as the plan words it, and the number we compare with. */
export interface PlanThreshold {
  /** Percent that must not be exceeded. */
  readonly percent: number;
  readonly source: string;
}

const SECTION = 'plan, "Immediate Rollback Triggers"';

/**
 * The plan's rollback triggers. No generated alarm that watches one of them compares with a higher number; what keeps
 * noise out is a smallest count, never a looser threshold.
 */
export const PLAN = {
  errors: { percent: 5, source: `${SECTION}: Error rate > 5%` },
  /**
   * "Response time > 3 seconds" names no statistic. The plan's success criterion is a p95, and p95 > 3 s says the same
   * as: more than 5 % of the answers are slower than 3 s. A share can be counted with few answers, a percentile can't.
   */
  slow: { percent: 5, source: `${SECTION}: Response time > 3 seconds (as p95: more than 5 % slower than 3 s)` },
  routing: { percent: 10, source: `${SECTION}: Agent routing failures > 10%` },
  /** The plan gives no number: 10 % by analogy with routing. */
  bookings: { percent: 10, source: `${SECTION}: Appointment booking failures (no number; 10 % as for routing)` },
} as const satisfies Record<string, PlanThreshold>;

/** Seconds above which an answer is slow. Source: plan, "Response time > 3 seconds". */
export const SLOW_SECONDS = 3;

/** What the plan wants watched, as one word each. */
export type Concern = keyof typeof PLAN;

/**
 * Share of messages that may fail in health: the plan's success criterion for errors ("Error rate < 1%"), taken for
 * each concern. The smallest counts are such that this noise alone hardly ever reaches them.
 */
export const HEALTHY_SHARE = 0.01;

/** Bookings tried for each message: an assumption, good to a factor of two either way. */
export const BOOKINGS_PER_MESSAGE = 0.2;
