/** How to go after a table lock without stalling those who use the table. All in milliseconds. */
export interface LockPatience {
  /**
   * How long one attempt may queue for a table lock: everybody who comes later queues behind it, so this bounds what a
   * writer feels. The attempts go up this list and stay at its end.
   */
  readonly lockAttemptsMs: readonly number[];
  /** How long to try for a table lock before giving up with the names of those who hold it. */
  readonly lockDeadlineMs: number;
  /** A transaction that is older than this and holds the table is waited for without queueing. */
  readonly patienceMs: number;
}

/** What stands in the way at this moment, and what has been done so far. */
export interface LockSituation {
  readonly waitedMs: number;
  /** Attempts made. */
  readonly attempts: number;
  /** Age of each transaction that holds a conflicting lock; null where it can't be seen. */
  readonly blockers: readonly { readonly ageMs: number | null; readonly autovacuum: boolean }[];
}

export type LockMove =
  | { readonly do: "wait" }
  | { readonly do: "try"; readonly lockMs: number }
  | { readonly do: "give up" };

/**
 * An autovacuum gives way to a lock request only after deadlock_timeout (1 s by default), so the attempt that makes it
 * give way waits a little longer than that. It is made only when waiting did not help for half of the deadline.
 */
const AUTOVACUUM_ATTEMPT_MS = 1_200;

/**
 * The next move. An attempt while an old transaction holds the table can't succeed and stops everybody for as long as it
 * queues; so such transactions are waited for from outside the queue.
 */
export function nextLockMove(situation: LockSituation, patience: LockPatience): LockMove {
  const { waitedMs, attempts, blockers } = situation;
  const old = blockers.filter((blocker) => (blocker.ageMs ?? 0) > patience.patienceMs);
  if (waitedMs >= patience.lockDeadlineMs && (old.length > 0 || attempts > 0)) return { do: "give up" };
  const { lockAttemptsMs: steps } = patience;
  if (old.length === 0) return { do: "try", lockMs: steps[Math.min(attempts, steps.length - 1)] ?? 100 };
  const onlyAutovacuum = old.every((blocker) => blocker.autovacuum);
  if (onlyAutovacuum && waitedMs >= patience.lockDeadlineMs / 2) return { do: "try", lockMs: AUTOVACUUM_ATTEMPT_MS };
  return { do: "wait" };
}
