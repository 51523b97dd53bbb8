import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type MigrationFile, parseMigration } from "@cutover/domain/migrations/files";
import { checksum, type FileRef, parseFileName } from "@cutover/domain/migrations/identity";
import { listMigrations, migrationsFolder } from "./folder";
import { sqlParser } from "./parser";
import { DatabaseError } from "./target";

/**
 * Reads and parses migrations.
 * @param expected What the program saw when it was planned: a file that has changed since is an error. Default: what is there.
 * @throws DatabaseError, MigrationFileError
 */
export async function loadMigrations(
  folder: string = migrationsFolder(),
  expected?: readonly FileRef[],
): Promise<MigrationFile[]> {
  const parse = await sqlParser();
  return (expected ?? listMigrations(folder)).map(({ file, sha256 }) => {
    if (!parseFileName(file)) throw new DatabaseError(`${file} is no name of a migration.`);
    const text = readFileSync(join(folder, file), "utf8");
    if (checksum(text) !== sha256) {
      throw new DatabaseError(`${file} has changed since this update was planned. Run it again.`);
    }
    return parseMigration(file, text, parse);
  });
}
