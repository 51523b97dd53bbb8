import { randomUUID } from "node:crypto";
import { Pool, type PoolClient } from "pg";
import type { Result } from "./agents";
import type { Message } from "./payload";
import type { Settings } from "./settings";

/** A claimed row. */
export interface Work {
  readonly id: string;
  readonly messageId: string;
  readonly body: string;
  readonly synthetic: boolean;
  readonly claim: string;
}

/** A row taken from a task that died: pending again, or failed after too many attempts. */
export interface Recovered {
  readonly messageId: string;
  readonly status: "pending" | "failed";
  readonly latencyMs: number;
  readonly synthetic: boolean;
}

const MAX_ATTEMPTS = 5;

// Ours are the rows without a LangGraph thread. By way of jsonb, because before the migration there is no such column:
// the same statement is right before, during and after it.
const OURS = "(to_jsonb(q) ->> 'langgraph_thread_id') IS NULL";
// $1 is the recorded time (null: the database's), $2 the clock's factor. updated_at is created_at plus the *real* time
// since, so that updated_at - created_at is a latency in real seconds although created_at is rehearsal time.
const NOW = "coalesce($1::timestamptz, now())";
const STAMP = `created_at + (${NOW} - created_at) / $2::float8`;
const LATENCY = `extract(epoch FROM updated_at - created_at)::float8 * 1000 AS "latencyMs"`;
const NAMED = `coalesce(ghl_message_id, id::text) AS "messageId", coalesce(metadata ->> 'synthetic', '') = 'true' AS synthetic`;
const HELD = `q.status = 'processing' AND q.metadata ->> 'claim' = $3 AND ${OURS}`;

const INSERT = `
INSERT INTO message_queue (location_id, contact_id, ghl_message_id, message_body, message_type, created_at, updated_at)
VALUES ($2, $3, $4, $5, $6, ${NOW}, ${NOW})
ON CONFLICT (ghl_message_id) DO NOTHING RETURNING id::text`;

const CLAIM = `
UPDATE message_queue q SET status = 'processing', updated_at = ${STAMP},
       metadata = metadata || jsonb_build_object('claim', $3::text)
WHERE q.id IN (SELECT q.id FROM message_queue q WHERE q.status = 'pending' AND ${OURS}
               ORDER BY q.created_at LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING id::text, ${NAMED}, message_body AS body, metadata ->> 'claim' AS claim`;

const FINISH = `
UPDATE message_queue q SET status = 'completed', processed_by_agent = $5, appointment_booked = $6, lead_qualified = $7,
       response_text = $8, error_message = NULL, updated_at = ${STAMP}, metadata = metadata - 'claim'
WHERE q.id = $4 AND ${HELD} RETURNING ${LATENCY}`;

const RENEW = `UPDATE message_queue q SET updated_at = ${STAMP} WHERE ${HELD} AND q.id = ANY($4::uuid[])`;

const RETURN = `
UPDATE message_queue q SET status = 'pending', updated_at = ${STAMP}, metadata = metadata - 'claim'
WHERE ${HELD} AND q.id = ANY($4::uuid[])`;

// Rows of a task that died: their claim was not renewed for a lease ($3, real ms).
const RECOVER = `
UPDATE message_queue SET retry_count = retry_count + 1, updated_at = ${STAMP}, metadata = metadata - 'claim',
       status = CASE WHEN retry_count + 1 >= ${MAX_ATTEMPTS} THEN 'failed' ELSE 'pending' END,
       error_message = CASE WHEN retry_count + 1 >= ${MAX_ATTEMPTS} THEN 'given up: the task died at each attempt' END
WHERE id IN (SELECT q.id FROM message_queue q WHERE q.status = 'processing' AND ${OURS}
               AND (${NOW} - q.created_at) / $2::float8 - (q.updated_at - q.created_at) > $3 * interval '1 millisecond'
             FOR UPDATE SKIP LOCKED)
RETURNING ${NAMED}, status, ${LATENCY}`;

/** The queue table: accept, claim, finish, give back. Only rows without a thread id are ever touched. */
export class Queue {
  readonly #pool: Pool;
  readonly #settings: Settings;
  #everConnected = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#pool = new Pool({
      connectionString: settings.databaseUrl,
      max: settings.poolSize,
      connectionTimeoutMillis: 4000,
      idleTimeoutMillis: 60_000,
      statement_timeout: 3000,
      application_name: "cutover-node",
    });
    this.#pool.on("connect", () => {
      this.#everConnected = true;
    });
    this.#pool.on("error", () => undefined); // an idle connection was lost: the next query opens another
  }

  /** Whether a connection has ever been made. */
  get everConnected(): boolean {
    return this.#everConnected;
  }

  /** Commits the row; undefined when the message is there already. Tried again once on a lost connection. */
  async accept(message: Message): Promise<string | undefined> {
    const values = this.#values(message);
    const insert = async () => (await this.#pool.query<{ id: string }>(INSERT, values)).rows[0]?.id;
    try {
      return await insert();
    } catch (error) {
      // Without a message id a second INSERT could be a second row.
      if (message.messageId === undefined || isAnswerOfServer(error)) throw error;
      return await insert();
    }
  }

  /** The same statement for a probe, rolled back: proves the connection and the right to insert, leaves no row. */
  async tryAccept(message: Message): Promise<void> {
    const client: PoolClient = await this.#pool.connect();
    let failure: Error | undefined;
    try {
      await client.query("BEGIN");
      await client.query(INSERT, this.#values({ ...message, messageId: `probe:${randomUUID()}` }));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    try {
      await client.query("ROLLBACK");
      client.release();
    } catch (error) {
      client.release(true);
      failure ??= error instanceof Error ? error : new Error(String(error));
    }
    if (failure) throw failure;
  }

  /** Takes up to `limit` pending rows of this engine, oldest first. */
  async claim(limit: number): Promise<Work[]> {
    return (await this.#pool.query<Work>(CLAIM, [...this.#clock(), randomUUID(), limit])).rows;
  }

  /** Marks a message completed; its latency in real ms, or undefined when another task has taken the row over. */
  async finish(work: Work, result: Result): Promise<number | undefined> {
    const { agent, booking, leadQualified, reply } = result;
    const values = [...this.#clock(), work.claim, work.id, agent, booking === "booked", leadQualified ?? null, reply];
    return (await this.#pool.query<{ latencyMs: number }>(FINISH, values)).rows[0]?.latencyMs;
  }

  /** Extends the lease of messages in work. */
  renew(works: readonly Work[]): Promise<void> {
    return this.#eachClaim(RENEW, works);
  }

  /** Returns messages in work to pending, for another task or the next start. */
  giveBack(works: readonly Work[]): Promise<void> {
    return this.#eachClaim(RETURN, works);
  }

  /** Returns rows of this engine whose lease has run out. */
  async recover(): Promise<Recovered[]> {
    return (await this.#pool.query<Recovered>(RECOVER, [...this.#clock(), this.#settings.claimLeaseMs])).rows;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #eachClaim(sql: string, works: readonly Work[]): Promise<void> {
    const claims = new Map<string, string[]>();
    for (const work of works) claims.set(work.claim, [...(claims.get(work.claim) ?? []), work.id]);
    for (const [claim, ids] of claims) await this.#pool.query(sql, [...this.#clock(), claim, ids]);
  }

  #clock(): [Date | null, number] {
    const clock = this.#settings.clock;
    return clock ? [new Date(clock.now()), clock.factor] : [null, 1];
  }

  #values(message: Message): unknown[] {
    const { locationId, contactId, messageId, body, type } = message;
    return [this.#clock()[0], locationId, contactId, messageId ?? null, body, type];
  }
}

function isAnswerOfServer(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  // Class 08 and 57P0x are lost connections; other five-character codes are verdicts about the statement.
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("08") && !code.startsWith("57P0");
}
