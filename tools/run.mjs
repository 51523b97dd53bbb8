// Runs a TypeScript entry point of this repository: `node tools/run.mjs rehearsal/main.ts [arguments]`.
// It is bundled from our own files (packages stay outside) when one of them changed; types are checked by `make test`.
import { createRequire, enableCompileCache } from "node:module";
import { join, relative, resolve } from "node:path";
import { bundle, root } from "./bundle.mjs";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) {
  console.error("usage: node tools/run.mjs ENTRY.ts [arguments]");
  process.exit(2);
}
const source = resolve(root, entry);
const outfile = `node_modules/.cache/cutover/run/${entry.replaceAll(/[^a-z0-9]+/gi, "-")}/main.cjs`;
bundle({
  entry: relative(root, source),
  outfile,
  made: "tools/run.mjs",
  options: {
    format: "cjs",
    sourcemap: true,
    packages: "external",
    alias: { "@cutover/domain": join(root, "domain/src"), "@cutover/clients": join(root, "clients/src") },
  },
});
process.argv = [process.argv[0], source, ...rest];
enableCompileCache(join(root, "node_modules/.cache/cutover/compiled"));
process.setSourceMapsEnabled(true);
createRequire(import.meta.url)(join(root, outfile));
