import type { MigrationFile } from "@cutover/domain/migrations/files";
import type { FileRef } from "@cutover/domain/migrations/identity";
import { listMigrations, migrationsFolder } from "./folder";

/**
 * Migrations by name and checksum, parsed only when something has to be done with them. Modules that parse are loaded by
 * `import()` (with .js, as Node's rules for it ask), because they cost more than everything else a run without work does.
 */
export interface LazyMigrations {
  readonly refs: readonly FileRef[];
  readonly load: () => Promise<MigrationFile[]>;
}

/** What a run is given: a folder's files, or files that are parsed already. */
export type MigrationSource = LazyMigrations | readonly MigrationFile[];

/**
 * The migrations of a folder.
 * @param expected What the program saw when it was planned; default: what is there now.
 */
export function openMigrations(folder: string = migrationsFolder(), expected?: readonly FileRef[]): LazyMigrations {
  const refs = expected ?? listMigrations(folder);
  return { refs, load: async () => (await import("./parse-folder.js")).loadMigrations(folder, refs) };
}

export function lazily(source: MigrationSource): LazyMigrations {
  return "load" in source ? source : { refs: source, load: async () => [...source] };
}
