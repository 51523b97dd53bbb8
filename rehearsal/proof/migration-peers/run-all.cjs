// Our runner with all migrations, as a process that can be killed.
const { openMigrations } = require("@cutover/clients/postgres/source");
const { runMigrations } = require("@cutover/clients/postgres/run");

runMigrations({
  database: { url: process.env.RUNNER_URL },
  files: openMigrations(),
  allowContract: false,
  runnerVersion: "proof",
});
