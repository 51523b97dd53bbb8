import type { MigrationFile } from "@cutover/domain/migrations/files";
import { type MigrationPlan, type PlanStep, planMigrations, unmetPromises } from "@cutover/domain/migrations/plan";
import type { SqlParser } from "@cutover/domain/migrations/syntax";
import type { Client } from "pg";
import { applyNoTx } from "./apply-no-tx";
import { type ApplyContext, applyTx } from "./apply-tx";
import { checksOf, type DatabaseState, readCatalog, readState } from "./catalog";
import { createHistory, historySql } from "./history";
import { sqlParser } from "./parser";
import type { RunOptions, RunResult } from "./run";
import { holdsRunnerLock, releaseRunnerLock, takeRunnerLock } from "./runner-lock";
import { prepareSession, setLimits } from "./session";
import { DatabaseError, serverMessage } from "./target";
import { DEFAULT_TIMING } from "./timing";

/** The plan has problems: nothing was done. One line per problem. */
export class MigrationsRefusedError extends DatabaseError {
  override readonly name = "MigrationsRefusedError";
  constructor(readonly problems: MigrationPlan["problems"]) {
    super(`Database migrations are refused, nothing was done:\n${problems.map((p) => `- ${p.message}`).join("\n")}`);
  }
}

/**
 * Applies what is pending. Problems are looked for before the lock is asked for, and again under it, because another run
 * may have been at work.
 * @throws MigrationsRefusedError before anything runs; DatabaseError when a step fails, earlier steps being kept
 */
export async function runPending(
  client: Client,
  files: readonly MigrationFile[],
  options: RunOptions,
): Promise<RunResult> {
  const parse = await sqlParser();
  const { plan } = await readPlan(client, files, options, parse);
  if (plan.problems.length > 0) throw new MigrationsRefusedError(plan.problems);
  if (plan.steps.length === 0) return result([], plan);
  return await runLocked(client, files, options, parse);
}

async function readPlan(
  client: Client,
  files: readonly MigrationFile[],
  options: RunOptions,
  parse: SqlParser,
): Promise<{ plan: MigrationPlan; state: DatabaseState }> {
  const state = await readState(client, files, parse);
  const { allowContract, allowOutOfOrder } = options;
  const plan = planMigrations({ ...state, files, allowContract, allowOutOfOrder });
  return { plan, state };
}

async function runLocked(
  client: Client,
  files: readonly MigrationFile[],
  options: RunOptions,
  parse: SqlParser,
): Promise<RunResult> {
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const log = options.log ?? (() => {});
  const limits = { lockMs: timing.lockAttemptsMs.at(-1) ?? 400, statementMs: timing.statementMs };
  await prepareSession(client, limits, options.database);
  const onWait = (holder: string) => log(`waits for another migration run: ${holder}`);
  await takeRunnerLock(client, { deadlineMs: timing.runnerLockMs, onWait }, options.database);
  const { plan, state } = await readPlan(client, files, options, parse);
  if (plan.problems.length > 0) throw new MigrationsRefusedError(plan.problems);
  if (!state.hasHistory && plan.steps.length > 0) await createHistory(client);
  const context: ApplyContext = { client, timing, runnerVersion: options.runnerVersion, log };
  for (const step of plan.steps) {
    if (!(await holdsRunnerLock(client)))
      throw new DatabaseError("The migration lock was lost during the run. Run again.");
    await applyStep(step, context, parse, limits);
  }
  await releaseRunnerLock(client);
  return result(plan.steps, plan);
}

async function applyStep(
  step: PlanStep,
  context: ApplyContext,
  parse: SqlParser,
  limits: Parameters<typeof setLimits>[1],
): Promise<void> {
  const { client, runnerVersion, log } = context;
  const { file } = step;
  const note = (status: "applied" | "failed", error?: string) => {
    const known = { file, status, statements: step.statements.length, adopted: step.action === "adopt", runnerVersion };
    return client.query(historySql(client, error === undefined ? known : { ...known, error }));
  };
  log(`${file.file}: ${step.action}`);
  try {
    if (step.action === "adopt") await note("applied");
    else if (file.mode === "tx") await applyTx(step, context);
    else await applyNoTx(step, context);
    const unmet = unmetPromises(file, await readCatalog(client, checksOf([file]), parse));
    if (unmet.length > 0) throw new DatabaseError(`${file.file} ran without an error, but ${unmet.join("; ")}.`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await note("failed", message).catch(() => {}); // the session may be gone; the next run finds out by itself
    throw error instanceof DatabaseError ? error : new DatabaseError(`${file.file} failed: ${serverMessage(error)}`);
  } finally {
    if (file.mode === "no-tx") await setLimits(client, limits).catch(() => {});
  }
}

function result(steps: readonly PlanStep[], plan: MigrationPlan): RunResult {
  return {
    applied: steps.map((step) => ({ file: step.file.file, adopted: step.action === "adopt" })),
    before: plan.applied.map((file) => file.file),
    waiting: plan.waiting.map((file) => file.file),
    warnings: plan.warnings,
  };
}
