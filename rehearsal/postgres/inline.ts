import { sqlParser } from "@cutover/clients/postgres/parser";
import { type MigrationFile, parseMigration } from "@cutover/domain/migrations/files";

/** Migrations from texts instead of a folder, by file name. */
export async function inlineMigrations(texts: Readonly<Record<string, string>>): Promise<MigrationFile[]> {
  const parse = await sqlParser();
  return Object.entries(texts).map(([file, sql]) => parseMigration(file, sql, parse));
}
