import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder rehearsal/proof; looked for upwards, because a bundled entry point runs from the cache folder. */
export function proofFolder(): string {
  for (let at = __dirname; ; at = dirname(at)) {
    const candidate = join(at, "rehearsal/proof");
    if (existsSync(join(candidate, "migration-peers"))) return candidate;
    if (dirname(at) === at) throw new Error("rehearsal/proof was not found above the running program");
  }
}
