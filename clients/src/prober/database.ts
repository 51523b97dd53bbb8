import type { Engine } from "@cutover/domain/metrics";
import type { EngineNumbers } from "@cutover/domain/prober";
import type { Client } from "pg";
import { connect } from "../postgres/connect";

const CONNECT_MS = 5_000;
const STATEMENT_MS = 8_000;

/** One row an engine, also for an engine without messages: zero is a number, a missing metric is none. */
const NUMBERS = `
SELECT engines.engine,
  COALESCE(u.unfinished, 0)::float8 AS unfinished,
  COALESCE(u.oldest, 0)::float8 AS oldest,
  COALESCE(c.messages, 0)::float8 AS messages,
  COALESCE(c.completed, 0)::float8 AS completed,
  COALESCE(c.failed, 0)::float8 AS failed,
  COALESCE(c.booked, 0)::float8 AS booked
FROM (VALUES ('node'), ('python')) AS engines (engine)
LEFT JOIN (
  SELECT engine, count(*) AS unfinished, max(age_seconds) AS oldest FROM langgraph_ops.unfinished_messages GROUP BY engine
) u USING (engine)
LEFT JOIN (SELECT * FROM langgraph_ops.engine_comparison WHERE period = '1 hour') c USING (engine)`;

interface Row {
  readonly engine: Engine;
  readonly unfinished: number;
  readonly oldest: number;
  readonly messages: number;
  readonly completed: number;
  readonly failed: number;
  readonly booked: number;
}

/**
 * The views' numbers, both engines. Reads in a read-only transaction whatever the role may do, and gives up after 8 s.
 * @throws DatabaseError or what the server answers
 */
export async function readEngineNumbers(url: string): Promise<EngineNumbers[]> {
  const client = await connect(
    { url },
    {
      applicationName: "cutover-prober",
      needsSession: false,
      timeoutMs: CONNECT_MS,
      queryTimeoutMs: STATEMENT_MS + 2_000,
    },
  );
  try {
    return (await readOnly<Row>(client, NUMBERS)).map(toNumbers);
  } finally {
    await client.end().catch(() => {});
  }
}

async function readOnly<T extends object>(client: Client, sql: string): Promise<T[]> {
  await client.query("BEGIN READ ONLY");
  await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
  const { rows } = await client.query<T>(sql);
  await client.query("COMMIT");
  return rows;
}

function toNumbers(row: Row): EngineNumbers {
  const { engine, unfinished, oldest, ...hour } = row;
  return { engine, unfinished, oldestUnfinishedSeconds: Math.max(0, oldest), hour };
}
