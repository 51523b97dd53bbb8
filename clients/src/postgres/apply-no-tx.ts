import type { CatalogCheck } from "@cutover/domain/migrations/catalog";
import type { PlanStep } from "@cutover/domain/migrations/plan";
import type { ApplyContext } from "./apply-tx";
import { describeBlockers, findOldTransactions } from "./blockers";
import { historySql } from "./history";
import { setLimits } from "./session";
import { DatabaseError } from "./target";

/** An index build did not come to its end before the deadline. What it left is removed. */
export class NoTxDeadlineError extends DatabaseError {
  override readonly name = "NoTxDeadlineError";
}

/** A deadlock victim may try again; more often than this, something is wrong. */
const DEADLOCK_RETRIES = 3;

/**
 * Runs the one statement of a `no-tx` file. The history says `pending` before and `applied` after, so that a run that was
 * cut off is seen; lock_timeout is off, because it would also count the wait for old snapshots and leave an invalid index.
 */
export async function applyNoTx(step: PlanStep, context: ApplyContext): Promise<void> {
  const { client, timing, runnerVersion } = context;
  const [statement] = step.statements;
  if (!statement) return;
  const note = (status: "pending" | "applied") =>
    client.query(historySql(client, { file: step.file, status, statements: 1, runnerVersion }));
  await setLimits(client, { lockMs: 0, statementMs: timing.noTxMs });
  const started = Date.now();
  for (let attempt = 1; ; attempt += 1) {
    await removeInvalidIndexes(statement.ensures, context);
    await note("pending");
    try {
      await client.query(statement.sql);
      break;
    } catch (error) {
      const code = (error as { code?: string }).code;
      const old = code === "57014" ? await findOldTransactions(client, Date.now() - started) : [];
      await removeInvalidIndexes(statement.ensures, context);
      if (code === "40P01" && attempt < DEADLOCK_RETRIES) continue;
      if (code !== "57014") throw error;
      throw new NoTxDeadlineError(
        `${step.file.file}: ${statement.summary} did not finish within ${Math.round(timing.noTxMs / 1000)} s; it waited for ` +
          `transactions older than itself: ${describeBlockers(old)}. What it had built is removed. End them, then run again.`,
      );
    }
  }
  await note("applied");
}

/**
 * Drops what an interrupted CREATE INDEX CONCURRENTLY left: `IF NOT EXISTS` would take it for the index, although no
 * query uses it. An index that somebody is building at this moment is not touched.
 */
async function removeInvalidIndexes(ensures: readonly CatalogCheck[], context: ApplyContext): Promise<void> {
  for (const check of ensures) {
    if (check.kind !== "index") continue;
    const found = await context.client.query<{ name: string; builder: number | null }>(
      `SELECT x.indexrelid::regclass::text AS name,
              (SELECT min(p.pid) FROM pg_stat_progress_create_index p WHERE p.index_relid = x.indexrelid) AS builder
         FROM pg_index x WHERE x.indexrelid = to_regclass($1) AND NOT (x.indisvalid AND x.indisready)`,
      [check.index],
    );
    const [invalid] = found.rows;
    if (!invalid) continue;
    if (invalid.builder !== null) {
      throw new DatabaseError(
        `Server process ${invalid.builder} is building ${check.index} right now, outside of migrations. Wait for it, then run again.`,
      );
    }
    context.log(`${check.index} is what an interrupted build left; it is dropped and built anew`);
    await context.client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${invalid.name}`);
  }
}
