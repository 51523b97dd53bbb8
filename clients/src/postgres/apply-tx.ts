import { nextLockMove } from "@cutover/domain/migrations/lock-attempt";
import { blocksWriters } from "@cutover/domain/migrations/locks";
import type { PlanStep } from "@cutover/domain/migrations/plan";
import type { Client } from "pg";
import { type Blocker, describeBlockers, findBlockers } from "./blockers";
import { historySql } from "./history";
import { DatabaseError, serverMessage } from "./target";
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

/** A statement took longer than a file's locks may be held, or than a statement may take; nothing of the file was done. */
export class StatementLimitError extends DatabaseError {
  override readonly name = "StatementLimitError";
}

/** Lock not available, deadlock: somebody else's doing, worth another try. A time limit (57014) of ours is none of them. */
const RETRIABLE = ["55P03", "40P01"];

/**
 * Runs one `tx` file. The statements, the history's row and COMMIT travel in one message, so that a lock is held for the
 * server's own time only and never for a network round trip.
 */
export async function applyTx(step: PlanStep, context: ApplyContext): Promise<void> {
  const { client, timing } = context;
  const blocking = step.statements.flatMap((s) => s.locks).filter((lock) => blocksWriters(lock.mode));
  const script = scriptOf(step, context);
  const workMs = blocking.length > 0 ? timing.lockedStatementMs : timing.statementMs;
  const started = Date.now();
  let announced = false;
  let refusal: unknown;
  for (let attempts = 0; ; ) {
    const blockers = await findBlockers(client, blocking);
    const waitedMs = Date.now() - started;
    const move = nextLockMove({ waitedMs, attempts, blockers }, timing);
    if (move.do === "give up") throw lockError(step, blockers, waitedMs, refusal);
    if (move.do === "wait") {
      if (!announced)
        context.log(`${step.file.file} waits, without stopping anyone, for ${describeBlockers(blockers)}`);
      announced = true;
      await pause(250);
      continue;
    }
    refusal = await attempt(client, script, move.lockMs, workMs);
    if (refusal === undefined) return;
    if ((refusal as { code?: string }).code === "57014") {
      throw limitError(step, workMs, blocking.length > 0, refusal);
    }
    attempts += 1;
    await pause(move.lockMs * (2 + 2 * Math.random())); // whoever queued behind us goes first
  }
}

function scriptOf(step: PlanStep, { client, runnerVersion }: ApplyContext): string {
  const statements = step.statements.map((statement) => statement.sql);
  const entry = { file: step.file, status: "applied", statements: statements.length, runnerVersion } as const;
  // A statement may end in a comment, hence the semicolons on lines of their own.
  return [...statements, historySql(client, entry), "COMMIT"].join("\n;\n");
}

/**
 * The server counts waiting for a lock as a statement's time, too, so both are granted to it.
 * @returns undefined when done; the server's refusal when a lock or the time was not to be had, nothing being done then.
 * Any other error is thrown.
 */
async function attempt(client: Client, script: string, lockMs: number, workMs: number): Promise<unknown> {
  const limits = `SET LOCAL lock_timeout = ${lockMs}; SET LOCAL statement_timeout = ${lockMs + workMs}`;
  try {
    await client.query(`BEGIN; ${limits}; ${script}`);
    return undefined;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    if ([...RETRIABLE, "57014"].includes((error as { code?: string }).code ?? "")) return error;
    throw error;
  }
}

function limitError(step: PlanStep, workMs: number, locked: boolean, refusal: unknown): StatementLimitError {
  return new StatementLimitError(
    `${step.file.file}: a statement took longer than ${workMs} ms${locked ? ", while nobody could write" : ""}: ${serverMessage(refusal)}. ` +
      "Nothing of this file was done. It is not tried again by itself: give the slow statement a file of its own, or make it smaller.",
  );
}

function lockError(step: PlanStep, blockers: readonly Blocker[], waitedMs: number, refusal: unknown): TableLockError {
  const tables = [...new Set(step.statements.flatMap((s) => s.locks.map((lock) => lock.table)))].join(", ");
  const seconds = Math.round(waitedMs / 1000);
  const what = tables
    ? `could not lock ${tables} within ${seconds} s; in the way: ${describeBlockers(blockers)}. `
    : `was refused again and again for ${seconds} s, at last with: ${serverMessage(refusal)}. `;
  return new TableLockError(
    `${step.file.file} ${what}Nothing of this file was done. ${tables ? "End that transaction" : "End what it collides with"}, then run again.`,
  );
}
