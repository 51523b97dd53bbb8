import type { SqlParser } from "@cutover/domain/migrations/syntax";

/** PostgreSQL 18's grammar, compiled to WebAssembly. Loaded only when there is something to parse: it costs about 50 ms. */
export async function sqlParser(): Promise<SqlParser> {
  const { loadModule, parseSync } = await import("libpg-query");
  await loadModule();
  return parseSync;
}
