import { nextLockMove } from "@cutover/domain/migrations/lock-attempt";
import { blocksWriters } from "@cutover/domain/migrations/locks";
import type { PlanStep } from "@cutover/domain/migrations/plan";
import type { Client } from "pg";
import { type Blocker, describeBlockers, findBlockers } from "./blockers";
import { historySql } from "./history";
import { DatabaseError } from "./target";
import { pause, type Timing } from "./timing";

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
  const blocking = step.statements.flatMap((s) => s.locks).filter((lock) => blocksWriters(lock.mode));
  const script = scriptOf(step, context, blocking.length > 0 ? timing.lockedStatementMs : timing.statementMs);
  const started = Date.now();
  let announced = false;
  for (let attempts = 0; ; ) {
    const blockers = await findBlockers(client, blocking);
    const waitedMs = Date.now() - started;
    const move = nextLockMove({ waitedMs, attempts, blockers }, timing);
    if (move.do === "give up") throw lockError(step, blockers, waitedMs);
    if (move.do === "wait") {
      if (!announced)
        context.log(`${step.file.file} waits, without stopping anyone, for ${describeBlockers(blockers)}`);
      announced = true;
      await pause(250);
      continue;
    }
    if (await attempt(client, script, move.lockMs)) return;
    attempts += 1;
    await pause(move.lockMs * (2 + 2 * Math.random())); // whoever queued behind us goes first
  }
}

function scriptOf(step: PlanStep, context: ApplyContext, statementMs: number): string {
  const { client, runnerVersion } = context;
  const statements = step.statements.map((statement) => statement.sql);
  const entry = { file: step.file, status: "applied", statements: statements.length, runnerVersion } as const;
  // A statement may end in a comment, hence the semicolons on lines of their own.
  return [`SET LOCAL statement_timeout = ${statementMs}`, ...statements, historySql(client, entry), "COMMIT"].join(
    "\n;\n",
  );
}

/** @returns false when the lock could not be had in time; nothing is done then. Any other error is thrown. */
async function attempt(client: Client, script: string, lockMs: number): Promise<boolean> {
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockMs}; ${script}`);
    return true;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    if (RETRIABLE.includes((error as { code?: string }).code ?? "")) return false;
    throw error;
  }
}

function lockError(step: PlanStep, blockers: readonly Blocker[], waitedMs: number): TableLockError {
  const tables = [...new Set(step.statements.flatMap((s) => s.locks.map((lock) => lock.table)))].join(", ");
  return new TableLockError(
    `${step.file.file} could not lock ${tables} within ${Math.round(waitedMs / 1000)} s; in the way: ${describeBlockers(blockers)}. ` +
      "Nothing of this file was done. End that transaction, then run again.",
  );
}
