import type { SentMessage } from "../ghl/load";
import type { RehearsalPostgres } from "../postgres/postgres";
import { DeadlineError, waitFor } from "../support/wait";
import type { Seen } from "./checks";

/** A row of `message_queue` as far as the accounts need it. */
export interface QueueRow {
  readonly status: string;
  /** Taken in by the Python service: `langgraph_thread_id IS NOT NULL`. */
  readonly python: boolean;
}

export type QueueRows = ReadonlyMap<string, QueueRow>;

/** What became of a set of messages. */
export interface Account {
  readonly sent: number;
  readonly accepted: number;
  readonly completed: number;
  readonly lost: readonly LostMessage[];
  /** Of the completed ones. */
  readonly python: number;
  /** Reached a backend that was at fault: see `isExposed`. */
  readonly exposed: number;
}

export interface LostMessage {
  readonly message: SentMessage;
  /** "not accepted: 503", "accepted, but no row", "accepted, but failed". */
  readonly why: string;
}

/**
 * Lost = not accepted with 2xx (the sender tries once), or accepted and not completed in the table. To be asked after
 * everything accepted has had its time.
 */
export function account(messages: readonly SentMessage[], rows: QueueRows): Account {
  const lost: LostMessage[] = [];
  let [accepted, completed, python, exposed] = [0, 0, 0, 0];
  for (const message of messages) {
    const row = rows.get(message.id);
    const taken = isAccepted(message);
    if (taken) accepted++;
    if (isExposed(message, row)) exposed++;
    if (row?.status === "completed") {
      completed++;
      if (row.python) python++;
    }
    if (!taken) {
      lost.push({
        message,
        why: `not accepted by ${message.target}: ${message.status ?? message.error ?? "no answer"}`,
      });
    } else if (row?.status !== "completed") {
      lost.push({ message, why: `accepted by ${message.target}, but ${row ? row.status : "no row"}` });
    }
  }
  return { sent: messages.length, accepted, completed, lost, python, exposed };
}

/** Answered by a backend with 5xx, or answered by Python and not completed. An error of the load balancer names no backend. */
function isExposed({ servedBy, status }: SentMessage, row: QueueRow | undefined): boolean {
  if (servedBy === undefined) return false;
  return (status !== undefined && status >= 500) || (servedBy === "python" && row?.status !== "completed");
}

/** Was nothing lost? Without messages that can't be said. */
export function judgeLoss({ sent, lost }: Account): Seen {
  if (sent === 0) return { ok: false, seen: "no message was sent" };
  return {
    ok: lost.length === 0,
    seen: `${sent} sent, ${lost.length} lost${lost.length ? `: ${describeLost(lost)}` : ""}`,
  };
}

export function isAccepted(message: SentMessage): boolean {
  return message.status !== undefined && message.status >= 200 && message.status < 300;
}

/** The first reasons with their counts: "3 × not accepted by …: 503". */
export function describeLost(lost: readonly LostMessage[]): string {
  const counts = new Map<string, number>();
  for (const { why } of lost) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([why, count]) => `${count} × ${why}`)
    .join("; ");
}

/** Rows of everything a load generator sent: the seeded history has other ids. */
export async function readRows(postgres: RehearsalPostgres, prefix: string): Promise<QueueRows> {
  // The column comes with a migration; through JSON the query reads the table with and without it.
  const rows = await postgres.query<{ id: string; status: string; python: boolean }>(
    postgres.adminUrl,
    `SELECT ghl_message_id AS id, status, to_jsonb(m) ->> 'langgraph_thread_id' IS NOT NULL AS python
       FROM public.message_queue m WHERE ghl_message_id LIKE $1`,
    [`${prefix}%`],
  );
  return new Map(rows.map(({ id, status, python }) => [id, { status, python }]));
}

/** Waits until every accepted message is completed, or can't be any more; what is not by then is lost. */
export async function drained(
  postgres: RehearsalPostgres,
  prefix: string,
  messages: readonly SentMessage[],
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<QueueRows> {
  let rows: QueueRows = new Map();
  const open = (message: SentMessage) => {
    const status = rows.get(message.id)?.status;
    return isAccepted(message) && status !== "completed" && status !== "failed";
  };
  try {
    await waitFor(
      async () => {
        rows = await readRows(postgres, prefix);
        return !messages.some(open);
      },
      { what: "accepted messages to be completed", deadlineMs, everyMs: 250, ...(signal ? { signal } : {}) },
    );
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
  return rows;
}
