/** How patient a run is. All in real milliseconds. */
export interface Timing {
  /**
   * How long one attempt may queue for a table lock: everybody who comes later queues behind it, so this bounds what a
   * writer feels. The attempts go up this list and stay at its end.
   */
  readonly lockAttemptsMs: readonly number[];
  /** How long to try for a table lock before giving up with the names of those who hold it. */
  readonly lockDeadlineMs: number;
  /** A transaction that is older than this and holds the table is waited for without queueing. */
  readonly patienceMs: number;
  /** How long one statement of a `tx` file may work while it holds a lock on an existing table. */
  readonly lockedStatementMs: number;
  /** How long one statement of a `tx` file without such a lock may work. */
  readonly statementMs: number;
  /** How long a `no-tx` statement (an index build) may take, waiting for old transactions included. */
  readonly noTxMs: number;
  /** How long to wait for another runner. */
  readonly runnerLockMs: number;
}

export const DEFAULT_TIMING: Timing = {
  lockAttemptsMs: [50, 100, 200, 400],
  lockDeadlineMs: 120_000,
  patienceMs: 1_000,
  lockedStatementMs: 5_000,
  statementMs: 60_000,
  noTxMs: 1_800_000,
  runnerLockMs: 300_000,
};

/**
 * An autovacuum gives way to a lock request only after deadlock_timeout (1 s by default), so this one attempt waits a
 * little longer than that; it is made only when nothing else helped for half of the deadline.
 */
export const AUTOVACUUM_ATTEMPT_MS = 1_200;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
