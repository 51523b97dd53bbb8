// What Pulumi starts (Pulumi.yaml): brings up to date what is built from TypeScript, then runs the program, index.ts.

// An older language host registers ts-node whatever Pulumi.yaml says, and ts-node maps every stack trace to its source.
// Pulumi takes one for each promise: a fifth of an update's time, for traces that nobody reads.
Error.prepareStackTrace = undefined;

require("./tools/without-solver.cjs");
require("./tools/promise-traces.cjs");
require("./tools/debug-messages.cjs");
require("./tools/early-plugin.cjs");
require("./tools/build-workspaces.mjs");
require("./tools/build-functions.mjs");
require("./tools/build-program.mjs");
module.exports = require("./dist/program.cjs");
