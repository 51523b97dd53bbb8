import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { proofFolder } from "./folder";
import { benchMigrations } from "./migrations-bench";
import { goalsOf, migrationsPage } from "./migrations-page";

/**
 * `npm run -s bench:migrations`: writes docs/measured/migrations.md. With `-- --json`: prints the numbers and writes
 * the page only with `--page`. `--rows N` for a smaller table. Exit code 1 when a goal is missed.
 */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf("--rows");
  const rows = at < 0 ? undefined : Number(args[at + 1]);
  if (rows !== undefined && !(rows >= 1000)) throw new Error("--rows takes a number from 1000");
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const result = await benchMigrations(say, rows);
  const { measured } = result;
  const json = args.includes("--json");
  if (json) process.stdout.write(`${JSON.stringify(measured, undefined, 2)}\n`);
  if (!json || args.includes("--page")) {
    writeFileSync(join(proofFolder(), "../../docs/measured/migrations.md"), migrationsPage(result));
  }
  const goals = goalsOf(measured);
  for (const { goal, reached } of goals) say(`${reached ? "reached" : "MISSED"}: ${goal}`);
  process.exitCode = goals.every(({ reached }) => reached) ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
