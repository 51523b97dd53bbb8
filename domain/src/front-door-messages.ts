/** Customers' messages at the front door in one minute, as the load balancer counts them. */
export interface MessageMinute {
  /** Begin of the minute, milliseconds since the epoch. */
  readonly atMs: number;
  /** Carried the right x-webhook-secret: all that went through the weighted rule, to either backend. */
  readonly matched: number;
  /** Came without it, and went to Node all the same. */
  readonly unmatched: number;
}

/** What a run of minutes says about the header. */
export interface SecretEvidence {
  /** Messages with the header in minutes after the last one that saw a message without it. */
  readonly inARow: number;
  /** Messages without it in all minutes. */
  readonly unmatched: number;
  /** Newest minute with a message without it. */
  readonly lastUnmatchedMs?: number;
}

/** Messages in a row that must have carried the header before Python gets a share: one in twenty may not be forgotten. */
export const MESSAGES_WITH_SECRET = 20;

/** A minute with both kinds counts as one without: which of them came last is not known. */
export function secretEvidence(minutes: readonly MessageMinute[]): SecretEvidence {
  const without = minutes.filter((minute) => minute.unmatched > 0).map((minute) => minute.atMs);
  const last = without.length === 0 ? undefined : Math.max(...without);
  const after = minutes.filter((minute) => last === undefined || minute.atMs > last);
  return {
    inARow: sum(after.map((minute) => minute.matched)),
    unmatched: sum(minutes.map((minute) => minute.unmatched)),
    ...(last === undefined ? {} : { lastUnmatchedMs: last }),
  };
}

/** Why Python may not get its first share yet, or undefined: the newest messages must all have carried the header. */
export function refuseFirstShare(minutes: readonly MessageMinute[]): string | undefined {
  const { inARow, unmatched, lastUnmatchedMs } = secretEvidence(minutes);
  if (inARow >= MESSAGES_WITH_SECRET) return undefined;
  const without =
    lastUnmatchedMs === undefined
      ? "none came without it"
      : `${unmatched} came without it, the last at ${clockTime(lastUnmatchedMs)}`;
  return `Only ${inARow} of ${MESSAGES_WITH_SECRET} messages of customers in a row carried the right x-webhook-secret (${without}).`;
}

const DAY_MS = 86_400_000;

/** Days of messages that removing Node looks at: where few come, so many are needed for the twenty. CloudWatch keeps 15. */
export const BEFORE_REMOVAL_DAYS = 14;

/**
 * Why Node may not be removed yet, or undefined. What comes without the header still reaches Node; afterwards it is refused
 * for good, so the newest messages must all have carried it, and every one of the last day.
 */
export function refuseRemoval(minutes: readonly MessageMinute[], nowMs: number): string | undefined {
  const { inARow, lastUnmatchedMs } = secretEvidence(minutes);
  const today = minutes.filter(({ atMs }) => atMs > nowMs - DAY_MS).reduce((n, { unmatched }) => n + unmatched, 0);
  if (today > 0 && lastUnmatchedMs !== undefined) {
    return (
      `Node is not removed: ${today} ${today === 1 ? "message" : "messages"} of the last 24 hours came without the right x-webhook-secret, ` +
      `the last at ${clockTime(lastUnmatchedMs)}. Node answers ${today === 1 ? "it" : "them"} today; without Node ${today === 1 ? "it is" : "they are"} refused and lost.`
    );
  }
  if (inARow >= MESSAGES_WITH_SECRET) return undefined;
  return (
    `Node is not removed: only ${inARow} of the newest ${MESSAGES_WITH_SECRET} messages of customers carried the right x-webhook-secret ` +
    `within ${BEFORE_REMOVAL_DAYS} days. What comes without it is answered by Node today; without Node it is refused and lost.`
  );
}

const LEAST_QUIET_MS = 300_000;

/**
 * How long no message may have arrived before it is believed that GoHighLevel sends elsewhere: ten mean gaps of the last
 * day, since an address that is still in use stays silent that long once in e^10 times; 5 minutes to a day.
 */
export function quietNeededMs(messagesOfTheDay: number): number {
  if (messagesOfTheDay <= 0) return 0;
  return Math.min(DAY_MS, Math.max(LEAST_QUIET_MS, (10 * DAY_MS) / messagesOfTheDay));
}

/** A minute for people: "14:03 UTC". */
export function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
