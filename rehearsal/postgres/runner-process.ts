import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { runMigrations } from "@cutover/clients/postgres/run";

/** The migration runner as a process of its own, so that tests and proofs can end it at any moment. URL by RUNNER_URL. */
async function main(): Promise<void> {
  const url = process.env.RUNNER_URL ?? "";
  const files = await loadMigrations();
  process.stdout.write("ready\n");
  const log = (line: string) => process.stdout.write(`${line}\n`);
  const result = await runMigrations({ database: { url }, files, allowContract: false, runnerVersion: "process", log });
  process.stdout.write(`done ${JSON.stringify(result.applied.map((one) => one.file))}\n`);
}

main().catch((error: unknown) => {
  process.stdout.write(`failed ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
