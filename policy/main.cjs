// Entry point of the policy pack. Pulumi would compile a TypeScript entry with type checks, which takes longer than the whole
// preview may; esbuild bundles the pack in a fraction of a second instead. Types are checked by `make check`.
const { mkdirSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const root = join(__dirname, "..");
const outfile = join(root, "node_modules/.cache/cutover/policy-pack.cjs");
const { outputFiles } = buildSync({
  entryPoints: [join(__dirname, "pack.ts")],
  outfile,
  write: false,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  logLevel: "error",
  packages: "external",
  alias: { "@cutover/domain": join(root, "domain/src") },
});
mkdirSync(join(outfile, ".."), { recursive: true });
// Under another name first: two previews may start at once.
for (const { path, contents } of outputFiles) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, contents);
  renameSync(own, path);
}
require(outfile);
