// Our runner as the dynamic resource calls it, with the same two migrations as the others.
const { listMigrations } = require("@cutover/clients/postgres/folder");
const { openMigrations } = require("@cutover/clients/postgres/source");
const { runMigrations } = require("@cutover/clients/postgres/run");

(async () => {
  const files = openMigrations(undefined, listMigrations().slice(0, 2));
  await runMigrations({
    database: { url: process.env.RUNNER_URL },
    files,
    allowContract: false,
    runnerVersion: "bench",
    ...(process.env.RUNNER_LOG ? { log: console.error } : {}),
  });
})();
