// Runs a TypeScript entry point of this repository: `node tools/run.mjs rehearsal/main.ts [arguments]`.
// esbuild bundles our own files (packages stay outside), which takes a fraction of a second; types are checked by `make test`.
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { writeWhole } from "./write-whole.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [entry, ...rest] = process.argv.slice(2);
if (!entry) {
  console.error("usage: node tools/run.mjs ENTRY.ts [arguments]");
  process.exit(2);
}
const source = resolve(root, entry);
const outfile = join(root, "node_modules/.cache/cutover", `${entry.replaceAll(/[^a-z0-9]+/gi, "-")}.cjs`);
const { outputFiles } = buildSync({
  entryPoints: [source],
  outfile,
  write: false,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  sourcemap: true,
  logLevel: "error",
  packages: "external",
  alias: {
    "@cutover/domain": join(root, "domain/src"),
    "@cutover/clients": join(root, "clients/src"),
  },
});
for (const { path, contents } of outputFiles) writeWhole(path, contents);
process.argv = [process.argv[0], source, ...rest];
process.setSourceMapsEnabled(true);
createRequire(import.meta.url)(outfile);
