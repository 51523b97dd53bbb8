// What Pulumi starts (Pulumi.yaml): brings up to date what is built from TypeScript, then runs the program, index.ts.
require("./tools/build-workspaces.mjs");
require("./tools/build-functions.mjs");
require("./tools/build-program.mjs");
module.exports = require("./dist/program.cjs");
