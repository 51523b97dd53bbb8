import { describePlan } from "@cutover/domain/migrations/describe";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import { type MigrationPlan, planMigrations } from "@cutover/domain/migrations/plan";
import { redactText } from "../http/redact";
import { readState } from "./catalog";
import { connect } from "./connect";
import { sqlParser } from "./parser";
import { DatabaseError, type DatabaseSettings, parseTarget } from "./target";

export interface PreviewOptions {
  /** A role that may read the catalog and our history is enough. */
  readonly database: DatabaseSettings;
  readonly files: readonly MigrationFile[];
  readonly allowContract: boolean;
  readonly allowOutOfOrder?: boolean;
}

export interface Preview {
  readonly plan: MigrationPlan;
  /** The plan in plain words, a line each. */
  readonly lines: readonly string[];
}

/**
 * What an up would do: the runner's own planner on what the database is now. Two SELECTs and no setting, so any pooler
 * will do, and any role that may read.
 * @throws DatabaseError when the database can't be reached or read
 */
export async function previewMigrations(options: PreviewOptions): Promise<Preview> {
  const { database, files, allowContract } = options;
  const client = await connect(database, {
    applicationName: "cutover-preview",
    needsSession: false,
    queryTimeoutMs: 20_000,
  });
  try {
    const parse = await sqlParser();
    const state = await readState(client, files, parse);
    const plan = planMigrations({ ...state, files, allowContract, allowOutOfOrder: options.allowOutOfOrder ?? false });
    return { plan, lines: describePlan(plan, state.catalog) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new DatabaseError(redactText(text, [parseTarget(database).password]));
  } finally {
    await client.end().catch(() => {});
  }
}
