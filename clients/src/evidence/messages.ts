import { quantileRank } from "@cutover/domain/evidence/bounds";
import { type BusinessMetric, SUCCESS_SECONDS } from "@cutover/domain/evidence/criteria";
import type { Comparison, FaultCount, Read, SlowCount, WatchMetric } from "@cutover/domain/evidence/model";
import { SLOW_SECONDS } from "@cutover/domain/triggers/plan";
import type { Client } from "pg";
import type { Span } from "../metrics/read";
import { connect } from "../postgres/connect";
import { attempt } from "./reading";

const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** Accepted and not finished after so long: it was not processed. A retry or a task that is replaced takes less. */
const UNFINISHED_MINUTES = 10;

/** What `message_queue` says of Python's messages. */
export interface MessageEvidence {
  readonly processing: FaultCount;
  readonly endToEnd: SlowCount;
}

const COUNTS = `
WITH served AS (
  SELECT status, created_at, EXTRACT(EPOCH FROM (updated_at - created_at))::float8 AS seconds
  FROM langgraph_ops.messages
  WHERE engine = 'python' AND created_at >= $1 AND created_at < $2
), judged AS (
  SELECT *, status = 'completed' AS done,
    status IN ('pending', 'processing') AND created_at < $2::timestamptz - interval '${UNFINISHED_MINUTES} minutes' AS left_behind
  FROM served
)
SELECT
  count(*) FILTER (WHERE done OR left_behind OR status = 'failed')::int AS n,
  count(*) FILTER (WHERE left_behind OR status = 'failed')::int AS bad,
  count(*) FILTER (WHERE done)::int AS answered,
  count(*) FILTER (WHERE done AND seconds > $3)::int AS over_trigger,
  count(*) FILTER (WHERE done AND seconds > $4)::int AS over_success
FROM judged`;

const NTH_SLOWEST = `
SELECT EXTRACT(EPOCH FROM (updated_at - created_at))::float8 AS seconds
FROM langgraph_ops.messages
WHERE engine = 'python' AND status = 'completed' AND created_at >= $1 AND created_at < $2
ORDER BY seconds OFFSET $3 LIMIT 1`;

/**
 * Reads the database's part of the evidence with one connection: the messages of the span, then each business metric for
 * itself, so that a metric whose SQL fails costs only itself.
 */
export async function readMessageEvidence(
  databaseUrl: Read<string>,
  span: Span,
  business: readonly BusinessMetric[],
): Promise<{ readonly messages: Read<MessageEvidence>; readonly watched: readonly WatchMetric[] }> {
  const none = (reason: string) => ({
    messages: { unavailable: reason },
    watched: business.map(({ name }) => ({ name, reading: { unavailable: reason } })),
  });
  if ("unavailable" in databaseUrl) return none(databaseUrl.unavailable);
  const secrets = [databaseUrl.value, passwordOf(databaseUrl.value)];
  const settings = { applicationName: "cutover-evidence", needsSession: false, timeoutMs: CONNECT_MS };
  const client = await attempt(() => connect({ url: databaseUrl.value }, settings), secrets);
  if ("unavailable" in client) return none(client.unavailable);
  try {
    const messages = await attempt(() => inSnapshot(client.value, () => countMessages(client.value, span)), secrets);
    const watched: WatchMetric[] = [];
    for (const metric of business) {
      const read = () => inSnapshot(client.value, () => compare(client.value, metric, span));
      watched.push({ name: metric.name, reading: await attempt(read, secrets) });
    }
    return { messages, watched };
  } finally {
    await client.value.end().catch(() => {});
  }
}

/** One view of the table for several statements, and no way to change it whatever the role may do. */
async function inSnapshot<T>(client: Client, read: () => Promise<T>): Promise<T> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
    return await read();
  } finally {
    await client.query("ROLLBACK");
  }
}

async function countMessages(client: Client, { since, until }: Span): Promise<MessageEvidence> {
  const times = [new Date(since), new Date(until)];
  const { rows } = await client.query<Record<"n" | "bad" | "answered" | "over_trigger" | "over_success", number>>(
    COUNTS,
    [...times, SLOW_SECONDS, SUCCESS_SECONDS],
  );
  const [row] = rows;
  if (!row) throw new Error("the database counted nothing");
  const rank = quantileRank(row.answered, 0.95);
  const nth = rank && (await client.query<{ seconds: number }>(NTH_SLOWEST, [...times, rank - 1])).rows[0]?.seconds;
  return {
    processing: { n: row.n, bad: row.bad },
    endToEnd: {
      n: row.answered,
      overTrigger: row.over_trigger,
      overSuccess: row.over_success,
      ...(nth === undefined ? {} : { p95BoundSeconds: nth }),
    },
  };
}

/** Runs a business metric's SQL: rows (engine, hits, n). An engine without a row has no messages. */
async function compare(client: Client, metric: BusinessMetric, { since, until }: Span): Promise<Comparison> {
  const { rows } = await client.query<{ engine: unknown; hits: unknown; n: unknown }>(metric.sql, [
    new Date(since),
    new Date(until),
  ]);
  const of = (engine: string) => {
    const row = rows.find((one) => one.engine === engine);
    const [hits, n] = [Number(row?.hits ?? 0), Number(row?.n ?? 0)];
    if (!Number.isSafeInteger(hits) || !Number.isSafeInteger(n) || hits < 0 || hits > n) {
      throw new Error(
        `"${metric.name}" gave hits ${hits} of ${n} for ${engine}; expected rows (engine, hits, n) with 0 ≤ hits ≤ n`,
      );
    }
    return { hits, n };
  };
  return { python: of("python"), node: of("node") };
}

/** For what must not be said in an error; empty where there is none. */
export function passwordOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).password);
  } catch {
    return "";
  }
}
