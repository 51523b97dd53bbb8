// graphile-migrate as its documentation shows it for production: committed migrations, "--! no-transaction" for the index.
import { fileURLToPath } from "node:url";
import { migrate } from "graphile-migrate";

await migrate({
  connectionString: process.env.RUNNER_URL,
  rootConnectionString: process.env.ROOT_URL,
  migrationsFolder: fileURLToPath(new URL("./graphile-migrate/migrations", import.meta.url)),
  logger: new (await import("@graphile/logger")).Logger(() => () => {}),
});
