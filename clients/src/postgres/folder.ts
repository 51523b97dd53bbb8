import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checksum, compareVersions, type FileRef, parseFileName } from "@cutover/domain/migrations/identity";
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
