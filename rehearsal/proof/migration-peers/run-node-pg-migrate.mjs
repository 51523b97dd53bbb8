// node-pg-migrate as its documentation shows it: the programmatic runner, JavaScript migrations, noTransaction for the index.
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";

await runner({
  databaseUrl: process.env.RUNNER_URL,
  dir: fileURLToPath(new URL("./node-pg-migrate", import.meta.url)),
  direction: "up",
  migrationsTable: "pgmigrations",
  log: () => {},
});
