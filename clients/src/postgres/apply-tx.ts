import { blocksWriters } from "@cutover/domain/migrations/locks";
import type { PlanStep } from "@cutover/domain/migrations/plan";
import type { Client } from "pg";
import { type Blocker, describeBlockers, findBlockers } from "./blockers";
import { historySql } from "./history";
import { DatabaseError } from "./target";
import { AUTOVACUUM_ATTEMPT_MS, pause, type Timing } from "./timing";

export interface ApplyContext {
  readonly client: Client;
  readonly timing: Timing;
  readonly runnerVersion: string;
  /** A line for people; never anything secret. */
  readonly log: (line: string) => void;
}

/** A table lock could not be had before the deadline; nothing of the file was done. */
export class TableLockError extends DatabaseError {
  override readonly name = "TableLockError";
}

/** Lock not available, deadlock: somebody else's doing, worth another try. */
const RETRIABLE = ["55P03", "40P01"];

/**
 * Runs one `tx` file. The statements, the history's row and COMMIT travel in one message, so that a lock is held for the
 * server's own time only and never for a network round trip.
 */
export async function applyTx(step: PlanStep, context: ApplyContext): Promise<void> {
  const { client, timing } = context;
  const locks = step.statements.flatMap((statement) => statement.locks);
  const blocking = locks.filter((lock) => blocksWriters(lock.mode));
  const statementMs = blocking.length > 0 ? timing.lockedStatementMs : timing.statementMs;
  const started = Date.now();
  const script = [
    `SET LOCAL statement_timeout = ${statementMs}`,
    ...step.statements.map((statement) => statement.sql),
    historySql(client, {
      file: step.file,
      status: "applied",
      statements: step.statements.length,
      runnerVersion: context.runnerVersion,
    }),
    "COMMIT",
  ].join("\n;\n");
  let announced = false;
  for (let attempt = 0; ; ) {
    const waited = Date.now() - started;
    const old = (await findBlockers(client, blocking)).filter((b) => (b.ageMs ?? 0) > timing.patienceMs);
    if (old.length > 0 && waited < timing.lockDeadlineMs && !worthForcing(old, waited, timing)) {
      if (!announced) context.log(`${step.file.file}: waits, without stopping anyone, for ${describeBlockers(old)}`);
      announced = true;
      await pause(250);
      continue;
    }
    const lockMs = old.some((b) => b.autovacuum)
      ? AUTOVACUUM_ATTEMPT_MS
      : (timing.lockAttemptsMs[Math.min(attempt, timing.lockAttemptsMs.length - 1)] ?? 100);
    if (old.length > 0 && waited >= timing.lockDeadlineMs) throw lockError(step, old, waited);
    try {
      await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockMs}; ${script}`);
      return;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      if (!RETRIABLE.includes((error as { code?: string }).code ?? "")) throw error;
      if (Date.now() - started >= timing.lockDeadlineMs) {
        throw lockError(step, await findBlockers(client, blocking), Date.now() - started);
      }
    }
    attempt += 1;
    await pause(lockMs * (2 + 2 * Math.random())); // whoever queued behind us goes first
  }
}

/** Only an autovacuum is left in the way, and waiting has had its chance. */
function worthForcing(old: readonly Blocker[], waitedMs: number, timing: Timing): boolean {
  return old.every((blocker) => blocker.autovacuum) && waitedMs > timing.lockDeadlineMs / 2;
}

function lockError(step: PlanStep, blockers: readonly Blocker[], waitedMs: number): TableLockError {
  const tables = [...new Set(step.statements.flatMap((s) => s.locks.map((lock) => lock.table)))].join(", ");
  return new TableLockError(
    `${step.file.file} could not lock ${tables} within ${Math.round(waitedMs / 1000)} s; in the way: ${describeBlockers(blockers)}. ` +
      "Nothing of this file was done. End that transaction, then run again.",
  );
}
