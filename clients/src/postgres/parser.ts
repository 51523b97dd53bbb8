import type { SqlParser } from "@cutover/domain/migrations/syntax";
import { loadModule, parseSync } from "libpg-query";

/** PostgreSQL 18's grammar, compiled to WebAssembly; loading takes about 15 ms, once a process. */
export async function sqlParser(): Promise<SqlParser> {
  await loadModule();
  return parseSync;
}
