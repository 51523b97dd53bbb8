import type { LockPatience } from "@cutover/domain/migrations/lock-attempt";

/** How patient a run is. All in real milliseconds. */
export interface Timing extends LockPatience {
  /**
   * How long one statement of a `tx` file may work while it holds a lock that stops writers of an existing table. With the
   * longest lock attempt it stays within a second, which is what a writer may feel.
   */
  readonly lockedStatementMs: number;
  /** How long one statement of a `tx` file without such a lock may work. */
  readonly statementMs: number;
  /** How long a `no-tx` statement (an index build) may take, waiting for old transactions included. */
  readonly noTxMs: number;
  /** How long dropping an invalid index may take; it waits for everybody who has only read the table. */
  readonly dropIndexMs: number;
  /** How long to wait for another runner. */
  readonly runnerLockMs: number;
}

export const DEFAULT_TIMING: Timing = {
  lockAttemptsMs: [50, 100, 200, 400],
  lockDeadlineMs: 120_000,
  patienceMs: 1_000,
  lockedStatementMs: 600,
  statementMs: 60_000,
  noTxMs: 1_800_000,
  dropIndexMs: 5_000,
  runnerLockMs: 300_000,
};

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
