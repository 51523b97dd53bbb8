import { previewMigrations } from "@cutover/clients/postgres/preview";
import { openMigrations } from "@cutover/clients/postgres/source";
import { type DatabaseSettings, HistoryUnreadableError } from "@cutover/clients/postgres/target";
import type { Desired, Refusal } from "@cutover/domain/decide";

export interface MigrationsAsked {
  /** As the stack's configuration gives it; the read-only role where there is one. */
  readonly database: DatabaseSettings;
  /** Version of the one file that may run although a newer one is applied. */
  readonly allowOutOfOrder?: string | undefined;
  /** @default migrations/ of this repository */
  readonly folder?: string;
}

/**
 * What the migrations' planner has against the update, asked before the first resource is declared: the provider's own
 * check comes when others may have been changed already, and takes the whole difference from a preview. Two short reads
 * where nothing is pending. Nobody is asked on the way down.
 */
export async function askMigrations(desired: Desired, asked: MigrationsAsked): Promise<Refusal[]> {
  if (desired.databaseMayWait) return [];
  const { database, allowOutOfOrder, folder } = asked;
  try {
    const { problems } = await previewMigrations({
      database,
      files: openMigrations(folder),
      allowContract: desired.contracts,
      allowOutOfOrder,
    });
    return problems.map(({ message }) => ({
      reason: `Database migrations: ${message}.`,
      remedy: "docs/migrations.md has the way out of each; npx cutover migrations plan shows the whole plan.",
    }));
  } catch (error) {
    // The role that only reads gets its rights from a migration: where the first run was interrupted before it, nothing would ever
    // go on. The provider's own check asks as the role that runs them.
    if (error instanceof HistoryUnreadableError) return [];
    return [
      {
        reason: `The database can't be asked what is pending: ${error instanceof Error ? error.message : String(error)}`,
        remedy: "Mend cutover:database.url (docs/migrations.md), then again. A step down needs no database.",
      },
    ];
  }
}
