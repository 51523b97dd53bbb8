// Entry point of the policy pack. Pulumi would compile a TypeScript entry with type checks, which takes longer than the whole
// preview may; the pack is a bundle instead, made anew when a source of it changed. Types are checked by `make check`.
const { flushCompileCache } = require("node:module");
const { bundle, root } = require("../tools/bundle.mjs");
require("../tools/without-solver.cjs");

const outfile = "node_modules/.cache/cutover/policy/pack.cjs";
bundle({
  entry: "policy/pack.ts",
  outfile,
  made: "policy/main.cjs",
  options: {
    format: "cjs",
    packages: "external",
    alias: { "@cutover/domain": `${root}/domain/src` },
    tsconfigRaw: "{}",
  },
});
require(`${root}/${outfile}`);
// The engine ends packs by a signal, so that Node would never keep what it compiled (NODE_COMPILE_CACHE).
flushCompileCache?.();
