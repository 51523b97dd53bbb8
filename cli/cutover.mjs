#!/usr/bin/env node
// `npx cutover COMMAND` (package.json, "bin"): runs cli/main.ts.
process.argv.splice(2, 0, "cli/main.ts");
await import("../tools/run.mjs");
