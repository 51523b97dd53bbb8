import { quantileRank } from "@cutover/domain/evidence/bounds";
import { type BusinessMetric, END_TO_END, SUCCESS_SECONDS } from "@cutover/domain/evidence/criteria";
import type { Comparison, FaultCount, Read, WatchMetric } from "@cutover/domain/evidence/model";
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
}

const COUNTS = `
WITH judged AS (
  SELECT status, status IN ('pending', 'processing')
    AND created_at < $2::timestamptz - interval '${UNFINISHED_MINUTES} minutes' AS left_behind
  FROM langgraph_ops.messages
  WHERE engine = 'python' AND created_at >= $1 AND created_at < $2
)
SELECT
  count(*) FILTER (WHERE left_behind OR status IN ('completed', 'failed'))::int AS n,
  count(*) FILTER (WHERE left_behind OR status = 'failed')::int AS bad
FROM judged`;

/** Messages that were finished in the span, with the seconds from acceptance to completion. */
const FINISHED = `
SELECT engine, EXTRACT(EPOCH FROM (updated_at - created_at))::float8 AS seconds
FROM langgraph_ops.messages
WHERE status = 'completed' AND created_at >= $1 AND created_at < $2`;

const NODES_NTH = `SELECT seconds FROM (${FINISHED}) AS done WHERE engine = 'node' ORDER BY seconds OFFSET $3 LIMIT 1`;
const NODES_COUNT = `SELECT count(*)::int AS n FROM (${FINISHED}) AS done WHERE engine = 'node'`;
const WITHIN = `
SELECT engine, count(*) FILTER (WHERE seconds <= $3)::int AS hits, count(*)::int AS n
FROM (${FINISHED}) AS done GROUP BY engine`;

/**
 * Reads the database's part of the evidence with one connection: the messages of the span, then each watched metric for
 * itself, so that a metric whose SQL fails costs only itself.
 */
export async function readMessageEvidence(
  databaseUrl: Read<string>,
  span: Span,
  business: readonly BusinessMetric[],
): Promise<{ readonly messages: Read<MessageEvidence>; readonly watched: readonly WatchMetric[] }> {
  const none = (reason: string) => ({
    messages: { unavailable: reason },
    watched: [END_TO_END, ...business.map(({ name }) => name)].map((name) => ({
      name,
      reading: { unavailable: reason },
    })),
  });
  if ("unavailable" in databaseUrl) return none(databaseUrl.unavailable);
  const secrets = [databaseUrl.value, passwordOf(databaseUrl.value)];
  const settings = { applicationName: "cutover-evidence", needsSession: false, timeoutMs: CONNECT_MS };
  const client = await attempt(() => connect({ url: databaseUrl.value }, settings), secrets);
  if ("unavailable" in client) return none(client.unavailable);
  try {
    const messages = await attempt(() => inSnapshot(client.value, () => countMessages(client.value, span)), secrets);
    const watched = [await readEndToEnd(client.value, span, secrets)];
    for (const metric of business) {
      const read = () => inSnapshot(client.value, () => compare(client.value, metric, span));
      watched.push({ name: metric.name, reading: await attempt(read, secrets) });
    }
    return { messages, watched };
  } finally {
    await client.value.end().catch(() => {});
  }
}

async function readEndToEnd(client: Client, span: Span, secrets: readonly string[]): Promise<WatchMetric> {
  const read = await attempt(() => inSnapshot(client, () => compareEndToEnd(client, span)), secrets);
  if ("unavailable" in read) return { name: END_TO_END, reading: read };
  const { value, note } = read.value;
  return { name: END_TO_END, reading: { value }, note };
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
  const { rows } = await client.query<Record<"n" | "bad", number>>(COUNTS, times);
  const [row] = rows;
  if (!row) throw new Error("the database counted nothing");
  return { processing: { n: row.n, bad: row.bad } };
}

/**
 * Both engines against the bound of Node's own p95 in the same time (order statistic, 95 %), 2 s at least. The messages are these of the
 * same customers, models and hours, so what both need is in neither's disfavour.
 */
async function compareEndToEnd(client: Client, { since, until }: Span): Promise<{ value: Comparison; note: string }> {
  const times = [new Date(since), new Date(until)];
  const n = (await client.query<{ n: number }>(NODES_COUNT, times)).rows[0]?.n ?? 0;
  const rank = quantileRank(n, 0.95);
  if (rank === undefined) {
    throw new Error(`Node finished ${n} messages in this time, and a p95 to compare with needs 59`);
  }
  const nodes = (await client.query<{ seconds: number }>(NODES_NTH, [...times, rank - 1])).rows[0]?.seconds;
  if (nodes === undefined) throw new Error("the database lost a row between two looks");
  // Within the plan's limit nobody minds which of the two is quicker.
  const limit = Math.max(SUCCESS_SECONDS, nodes);
  const { rows } = await client.query<CountRow>(WITHIN, [...times, limit]);
  return {
    value: comparison(END_TO_END, rows),
    note: `within ${limit.toFixed(1)} s${limit === nodes ? ", Node's p95" : ""}`,
  };
}

interface CountRow {
  readonly engine: unknown;
  readonly hits: unknown;
  readonly n: unknown;
}

/** Runs a business metric's SQL. */
async function compare(client: Client, metric: BusinessMetric, { since, until }: Span): Promise<Comparison> {
  const { rows } = await client.query<CountRow>(metric.sql, [new Date(since), new Date(until)]);
  return comparison(metric.name, rows);
}

/** Rows (engine, hits, n). An engine without a row has no messages. */
function comparison(name: string, rows: readonly CountRow[]): Comparison {
  const of = (engine: string) => {
    const row = rows.find((one) => one.engine === engine);
    const [hits, n] = [Number(row?.hits ?? 0), Number(row?.n ?? 0)];
    if (!Number.isSafeInteger(hits) || !Number.isSafeInteger(n) || hits < 0 || hits > n) {
      throw new Error(
        `"${name}" gave hits ${hits} of ${n} for ${engine}; expected rows (engine, hits, n) with 0 ≤ hits ≤ n`,
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
