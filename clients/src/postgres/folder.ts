import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  checksum,
  compareVersions,
  type FileRef,
  type MigrationFile,
  parseFileName,
  parseMigration,
} from "@cutover/domain/migrations/files";
import { sqlParser } from "./parser";
import { DatabaseError } from "./target";

/** The folder `migrations/` of this repository, from wherever this code runs (sources, dist, a bundle in the cache). */
export function migrationsFolder(): string {
  for (let at = __dirname; ; at = dirname(at)) {
    if (existsSync(join(at, "Pulumi.yaml")) || (existsSync(join(at, "domain")) && existsSync(join(at, "clients")))) {
      return join(at, "migrations");
    }
    if (dirname(at) === at) throw new DatabaseError("The folder migrations/ was not found above the running program.");
  }
}

/** Names and checksums of all migrations in a folder, oldest first: what a change of the folder is seen by. */
export function listMigrations(folder: string = migrationsFolder()): FileRef[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const named = parseFileName(file);
      return named ? [{ file, version: named.version }] : [];
    })
    .sort((a, b) => compareVersions(a.version, b.version) || a.file.localeCompare(b.file))
    .map(({ file }) => ({ file, sha256: checksum(readFileSync(join(folder, file), "utf8")) }));
}

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
