import type { MigrationFile } from "@cutover/domain/migrations/files";
import { type MigrationPlan, type PlanStep, planMigrations, unmetPromises } from "@cutover/domain/migrations/plan";
import type { SqlParser } from "@cutover/domain/migrations/syntax";
import type { Client } from "pg";
import { redactText } from "../http/redact";
import { applyNoTx } from "./apply-no-tx";
import { type ApplyContext, applyTx } from "./apply-tx";
import { type DatabaseState, readCatalog, readState } from "./catalog";
import { connect } from "./connect";
import { createHistory, historySql } from "./history";
import { sqlParser } from "./parser";
import { holdsRunnerLock, releaseRunnerLock, takeRunnerLock } from "./runner-lock";
import { prepareSession, setLimits } from "./session";
import { DatabaseError, type DatabaseSettings, parseTarget } from "./target";
import { DEFAULT_TIMING, type Timing } from "./timing";

export interface RunOptions {
  readonly database: DatabaseSettings;
  /** From `loadMigrations`. */
  readonly files: readonly MigrationFile[];
  /** Whether `contract` migrations may run; only the phase `decommission` lets them. */
  readonly allowContract: boolean;
  /** Whether a file older than the newest applied one may run; default false. */
  readonly allowOutOfOrder?: boolean;
  /** Noted in the history. */
  readonly runnerVersion: string;
  readonly timing?: Partial<Timing>;
  /** A line for people now and then; never anything secret. */
  readonly log?: (line: string) => void;
}

export interface RunResult {
  /** Files that were applied by this run, in order; `adopted` where everything was there and no statement ran. */
  readonly applied: readonly { readonly file: string; readonly adopted: boolean }[];
  /** Files that were applied before this run. */
  readonly before: readonly string[];
  readonly warnings: readonly string[];
}

/** The plan has problems: nothing was done. One line per problem. */
export class MigrationsRefusedError extends DatabaseError {
  override readonly name = "MigrationsRefusedError";
  constructor(readonly plan: MigrationPlan) {
    super(
      `Database migrations are refused, nothing was done:\n${plan.problems.map((p) => `- ${p.message}`).join("\n")}`,
    );
  }
}

/**
 * Brings the database to where `files` say. Safe to run any number of times, at once from several places, and again after
 * being ended at any moment. When nothing is to be done, nothing is locked or written.
 * @throws MigrationsRefusedError before anything runs; DatabaseError when a step fails, earlier steps being kept
 */
export async function runMigrations(options: RunOptions): Promise<RunResult> {
  const client = await connect(options.database, { applicationName: "cutover-migrations", needsSession: true });
  try {
    const parse = await sqlParser();
    const first = await readPlan(client, options, parse);
    if (first.plan.problems.length > 0) throw new MigrationsRefusedError(first.plan);
    if (first.plan.steps.length === 0) return result([], first.plan);
    return await runLocked(client, options, parse);
  } catch (error) {
    throw clean(error, options.database);
  } finally {
    await client.end().catch(() => {});
  }
}

async function readPlan(
  client: Client,
  options: RunOptions,
  parse: SqlParser,
): Promise<{ plan: MigrationPlan; state: DatabaseState }> {
  const state = await readState(client, options.files, parse);
  const { files, allowContract, allowOutOfOrder } = options;
  const plan = planMigrations({ ...state, files, allowContract, allowOutOfOrder: allowOutOfOrder ?? false });
  return { plan, state };
}

async function runLocked(client: Client, options: RunOptions, parse: SqlParser): Promise<RunResult> {
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const log = options.log ?? (() => {});
  const limits = { lockMs: timing.lockAttemptsMs.at(-1) ?? 400, statementMs: timing.statementMs };
  await prepareSession(client, limits, options.database);
  const onWait = (holder: string) => log(`waits for another migration run: ${holder}`);
  await takeRunnerLock(client, { deadlineMs: timing.runnerLockMs, onWait }, options.database);
  const { plan, state } = await readPlan(client, options, parse);
  if (plan.problems.length > 0) throw new MigrationsRefusedError(plan);
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
    const unmet = unmetPromises(file, await readCatalog(client, [file], parse));
    if (unmet.length > 0) throw new DatabaseError(`${file.file} ran without an error, but ${unmet.join("; ")}.`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await note("failed", message).catch(() => {}); // the session may be gone; the next run finds out by itself
    throw error instanceof DatabaseError ? error : new DatabaseError(`${file.file} failed: ${serverMessage(error)}`);
  } finally {
    if (file.mode === "no-tx") await setLimits(client, limits).catch(() => {});
  }
}

/** The server's sentence with its code and hint. */
function serverMessage(error: unknown): string {
  const { message, code, hint, detail } = error as { message?: string; code?: string; hint?: string; detail?: string };
  return [message ?? String(error), code && `(${code})`, detail, hint].filter(Boolean).join(" ");
}

function result(steps: readonly PlanStep[], plan: MigrationPlan): RunResult {
  return {
    applied: steps.map((step) => ({ file: step.file.file, adopted: step.action === "adopt" })),
    before: plan.applied.map((file) => file.file),
    warnings: plan.warnings,
  };
}

/** No error leaves with the password in it, whatever a server or a library wrote. */
function clean(error: unknown, database: DatabaseSettings): Error {
  const { password } = parseTarget(database);
  const failure = error instanceof DatabaseError ? error : new DatabaseError(serverMessage(error));
  failure.message = redactText(failure.message, [password]);
  return failure;
}
