import type { CatalogCheck } from "@cutover/domain/migrations/catalog";
import type { PlanStep } from "@cutover/domain/migrations/plan";
import type { ApplyContext } from "./apply-tx";
import { describeBlockers, findBlockers, findOldTransactions } from "./blockers";
import { historySql } from "./history";
import { setLimits } from "./session";
import { DatabaseError, serverMessage } from "./target";

/** An index build, or the removal of what one left, did not come to its end before its deadline. */
export class NoTxDeadlineError extends DatabaseError {
  override readonly name = "NoTxDeadlineError";
}

/** A deadlock victim may try again; more often than this, something is wrong. */
const DEADLOCK_RETRIES = 3;

/** query_canceled and lock_not_available: a limit of ours has passed. */
const LIMIT_CODES = ["57014", "55P03"];

type IndexCheck = CatalogCheck & { readonly kind: "index" };

/**
 * Runs the one statement of a `no-tx` file. The history says `pending` before and `applied` after, so that a run that was
 * cut off is seen; lock_timeout is off, because it would also count the wait for old snapshots and leave an invalid index.
 * @throws NoTxDeadlineError naming who is in the way
 */
export async function applyNoTx(step: PlanStep, context: ApplyContext): Promise<void> {
  const { client, timing, runnerVersion } = context;
  const [statement] = step.statements;
  if (!statement) return;
  const indexes = statement.ensures.filter((check): check is IndexCheck => check.kind === "index");
  const note = (status: "pending" | "applied") =>
    client.query(historySql(client, { file: step.file, status, statements: 1, runnerVersion }));
  for (let attempt = 1; ; attempt += 1) {
    const stuck = await removeInvalidIndexes(indexes, context);
    if (stuck) throw new NoTxDeadlineError(`${step.file.file}: ${stuck} Nothing was built. End them, then run again.`);
    await note("pending");
    const started = Date.now();
    try {
      await setLimits(client, { lockMs: 0, statementMs: timing.noTxMs });
      await client.query(statement.sql);
      break;
    } catch (error) {
      const code = (error as { code?: string }).code;
      const old = code === "57014" ? await findOldTransactions(client, Date.now() - started) : [];
      const left = await removeInvalidIndexes(indexes, context);
      if (code === "40P01" && attempt < DEADLOCK_RETRIES && !left) continue;
      if (code !== "57014")
        throw left ? new DatabaseError(`${step.file.file}: ${serverMessage(error)}. ${left}`) : error;
      throw new NoTxDeadlineError(
        `${step.file.file}: ${statement.summary} did not finish within ${Math.round(timing.noTxMs / 1000)} s; it waited for ` +
          `transactions older than itself: ${describeBlockers(old)}. ${left ?? "What it had built is removed."} End them, then run again.`,
      );
    }
  }
  await note("applied");
}

/**
 * Drops what an interrupted CREATE INDEX CONCURRENTLY left: `IF NOT EXISTS` would take it for the index, although no
 * query uses it. An index that somebody is building at this moment is not touched. The drop waits for everybody who holds
 * the table in any way, a mere reader included, and so has a short limit of its own.
 * @returns a sentence about what could not be dropped in time; undefined when nothing invalid is left
 */
async function removeInvalidIndexes(
  indexes: readonly IndexCheck[],
  context: ApplyContext,
): Promise<string | undefined> {
  const { client, timing, log } = context;
  for (const check of indexes) {
    const invalid = await findInvalid(client, check);
    if (!invalid) continue;
    log(`${check.index} is what an interrupted build left; it is dropped and built anew`);
    await setLimits(client, { lockMs: timing.dropIndexMs, statementMs: timing.dropIndexMs });
    try {
      await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${invalid}`);
    } catch (error) {
      if (!LIMIT_CODES.includes((error as { code?: string }).code ?? "")) throw error;
      const holders = await findBlockers(client, [{ table: check.table, mode: "ACCESS EXCLUSIVE" }]);
      return (
        `The invalid index ${check.index} could not be dropped within ${timing.dropIndexMs / 1000} s, because ${check.table} ` +
        `is in use by ${describeBlockers(holders)}. It stays, unused by queries; the next run drops it.`
      );
    }
  }
  return undefined;
}

/** The quoted name of the index if it is there and invalid. @throws DatabaseError when somebody builds it right now */
async function findInvalid(client: ApplyContext["client"], check: IndexCheck): Promise<string | undefined> {
  const found = await client.query<{ name: string; builder: number | null }>(
    `SELECT x.indexrelid::regclass::text AS name,
            (SELECT min(p.pid) FROM pg_stat_progress_create_index p WHERE p.index_relid = x.indexrelid) AS builder
       FROM pg_index x WHERE x.indexrelid = to_regclass($1) AND NOT (x.indisvalid AND x.indisready)`,
    [check.index],
  );
  const [invalid] = found.rows;
  if (!invalid || invalid.builder === null) return invalid?.name;
  throw new DatabaseError(
    `Server process ${invalid.builder} is building ${check.index} right now, outside of migrations. Wait for it, then run again.`,
  );
}
