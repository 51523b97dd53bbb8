import type { FileRef } from "@cutover/domain/migrations/identity";
import { redactText } from "../http/redact";
import { connect } from "./connect";
import { nothingToDo } from "./quick-look";
import { lazily, type MigrationSource } from "./source";
import { DatabaseError, type DatabaseSettings, parseTarget, serverMessage } from "./target";
import type { Timing } from "./timing";

export interface RunOptions {
  readonly database: DatabaseSettings;
  /** From `openMigrations`, or files that are parsed already. */
  readonly files: MigrationSource;
  /** Whether `contract` migrations may run; before the phase `decommission` they are held back, the others run. */
  readonly allowContract: boolean;
  /** Version of the one file that may run although a newer one is applied; default none. */
  readonly allowOutOfOrder?: string | undefined;
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
  /** `contract` files that were held back. */
  readonly waiting: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Brings the database to where `files` say. Safe to run any number of times, at once from several places, and again after
 * being ended at any moment. When nothing is to be done, nothing is parsed, locked or written.
 * @throws MigrationsRefusedError before anything runs; DatabaseError when a step fails, earlier steps being kept
 */
export async function runMigrations(options: RunOptions): Promise<RunResult> {
  const { refs, load } = lazily(options.files);
  const client = await connect(options.database, { applicationName: "cutover-migrations", needsSession: true });
  try {
    if (await nothingToDo(client, refs)) return settled(refs);
    const { runPending } = await import("./run-pending.js");
    return await runPending(client, await load(), options);
  } catch (error) {
    throw clean(error, options.database);
  } finally {
    await client.end().catch(() => {});
  }
}

function settled(refs: readonly FileRef[]): RunResult {
  return { applied: [], before: refs.map((ref) => ref.file), waiting: [], warnings: [] };
}

/** No error leaves with the password in it, whatever a server or a library wrote. */
function clean(error: unknown, database: DatabaseSettings): Error {
  const { password } = parseTarget(database);
  const failure =
    error instanceof Error && error.name.endsWith("Error") && !("code" in error)
      ? error
      : new DatabaseError(serverMessage(error));
  failure.message = redactText(failure.message, [password]);
  return failure;
}
