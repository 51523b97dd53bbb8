import { contactBuckets } from "@cutover/domain/affinity";
import type { Read } from "@cutover/domain/evidence/model";
import type { ContactTally } from "@cutover/domain/evidence/share-proof";
import type { Span } from "../metrics/read";
import { connect } from "../postgres/connect";
import { passwordOf } from "./messages";
import { attempt } from "./reading";

const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;

/** Comparing by code point, as the load balancer does: a range of letters means something else in some collations. */
const CONTACTS = `
WITH served AS (
  SELECT contact_id,
    bool_or(engine = 'python') AS python,
    bool_or(engine = 'node') AS node,
    coalesce(contact_id COLLATE "C" ~ $3, false) AS pythons
  FROM langgraph_ops.messages
  WHERE created_at >= $1 AND created_at < $2 AND contact_id <> ''
  GROUP BY contact_id
)
SELECT
  count(*)::int AS n,
  count(*) FILTER (WHERE python)::int AS python,
  count(*) FILTER (WHERE python AND node)::int AS both,
  count(*) FILTER (WHERE python AND NOT pythons)::int AS strangers
FROM served`;

/**
 * Counts the contacts of a span by the engine that served them, and Node's that Python served. Reads the table's rows: the load balancer counts requests, and of those a contact sends many.
 */
export async function readContacts(
  databaseUrl: Read<string>,
  declared: number,
  { since, until }: Span,
): Promise<Read<ContactTally>> {
  if ("unavailable" in databaseUrl) return databaseUrl;
  const secrets = [databaseUrl.value, passwordOf(databaseUrl.value)];
  const settings = { applicationName: "cutover-contacts", needsSession: false, timeoutMs: CONNECT_MS };
  return attempt(async () => {
    const client = await connect({ url: databaseUrl.value }, settings);
    try {
      await client.query("BEGIN READ ONLY");
      await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
      const times = [new Date(since), new Date(until)];
      const { rows } = await client.query<ContactTally>(CONTACTS, [...times, contactBuckets(declared).regex ?? null]);
      const [row] = rows;
      if (!row) throw new Error("the database counted nothing");
      return row;
    } finally {
      await client.end().catch(() => {});
    }
  }, secrets);
}
