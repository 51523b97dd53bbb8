import { describePlan } from "@cutover/domain/migrations/describe";
import type { MigrationFile } from "@cutover/domain/migrations/files";
import { planMigrations } from "@cutover/domain/migrations/plan";
import type { Client } from "pg";
import { readState } from "./catalog";
import { sqlParser } from "./parser";
import type { Preview, PreviewOptions } from "./preview";

/** The plan for a database that is not surely settled. */
export async function planPending(
  client: Client,
  files: readonly MigrationFile[],
  options: PreviewOptions,
): Promise<Preview> {
  const { allowContract, allowOutOfOrder } = options;
  const state = await readState(client, files, await sqlParser());
  const plan = planMigrations({ ...state, files, allowContract, allowOutOfOrder });
  const pending = plan.steps.map((step) => step.file.file);
  const waiting = plan.waiting.map(({ file }) => file);
  return { pending, waiting, problems: plan.problems, lines: describePlan(plan, state.catalog) };
}
