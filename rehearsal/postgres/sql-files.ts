import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Looks upwards, because a bundled entry point runs from the cache folder inside node_modules. */
function folderOfSql(): string {
  for (let at = __dirname; ; at = dirname(at)) {
    const candidate = join(at, "rehearsal/postgres");
    if (existsSync(join(candidate, "schema.sql"))) return candidate;
    if (dirname(at) === at) throw new Error("rehearsal/postgres/schema.sql was not found above the running program");
  }
}

/** The text of one SQL file of this folder, such as "schema.sql". */
export function readSql(name: "roles.sql" | "schema.sql" | "seed.sql" | "clock.sql"): string {
  return readFileSync(join(folderOfSql(), name), "utf8");
}
