import type { PlanProblem } from "@cutover/domain/migrations/plan";
import { redactText } from "../http/redact";
import { connect } from "./connect";
import { nothingToDo } from "./quick-look";
import { lazily, type MigrationSource } from "./source";
import { DatabaseError, type DatabaseSettings, HistoryUnreadableError, parseTarget } from "./target";

export interface PreviewOptions {
  /** A role that may read the catalog and our history is enough. */
  readonly database: DatabaseSettings;
  readonly files: MigrationSource;
  readonly allowContract: boolean;
  readonly allowOutOfOrder?: string | undefined;
}

export interface Preview {
  /** Files that an up would apply, in order. */
  readonly pending: readonly string[];
  /** `contract` files that an up holds back until `decommission`, in order. */
  readonly waiting: readonly string[];
  /** Why an up would be refused. */
  readonly problems: readonly PlanProblem[];
  /** The plan in plain words, a line each. */
  readonly lines: readonly string[];
}

/**
 * What an up would do: the runner's own planner on what the database is now. Two reads and no setting that outlives them,
 * so any pooler will do, and any role that may read.
 * @throws DatabaseError when the database can't be reached or read
 */
export async function previewMigrations(options: PreviewOptions): Promise<Preview> {
  const { database } = options;
  const { refs, load } = lazily(options.files);
  const applicationName = "cutover-preview";
  const client = await connect(database, { applicationName, needsSession: false, queryTimeoutMs: 20_000 });
  try {
    if (!(await nothingToDo(client, refs))) {
      const { planPending } = await import("./preview-pending.js");
      return await planPending(client, await load(), options);
    }
    return { pending: [], waiting: [], problems: [], lines: [`All ${refs.length} database migrations are applied.`] };
  } catch (error) {
    if (error instanceof HistoryUnreadableError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new DatabaseError(redactText(text, [parseTarget(database).password]));
  } finally {
    await client.end().catch(() => {});
  }
}
