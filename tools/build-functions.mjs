// Bundles each functions/<name>/handler.ts to functions/dist/<name>/index.mjs, everything it needs included: Lambda gets
// one file, the same one for the same sources. Called by the program before it declares anything, by make and by npm; a
// bundle whose sources (its own and the packages' lock file) did not change is left alone.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bundle, root } from "./bundle.mjs";

const functions = join(root, "functions");

/** Names of the functions: folders with a handler. */
function names() {
  if (!existsSync(functions)) return [];
  return readdirSync(functions)
    .filter((name) => existsSync(join(functions, name, "handler.ts")))
    .sort();
}

const options = {
  minify: true,
  keepNames: true,
  legalComments: "none",
  format: "esm",
  // Packages in CommonJS ask for Node's own modules by require, which an ES module does not have.
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
  // The native binding is an option of pg that nobody here takes.
  external: ["pg-native"],
  alias: { "@cutover/domain": join(root, "domain/src"), "@cutover/clients": join(root, "clients/src") },
};

for (const name of names()) {
  const outfile = `functions/dist/${name}/index.mjs`;
  bundle({ entry: `functions/${name}/handler.ts`, outfile, made: "tools/build-functions.mjs", options });
}
