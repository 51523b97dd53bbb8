// Bundles each functions/<name>/handler.ts to functions/dist/<name>/index.mjs, everything it needs included: Lambda gets
// one file, the same one for the same sources. Called by the program before it declares anything, by make and by npm; a
// bundle whose sources (its own and the packages' lock file) did not change is left alone.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./write-whole.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const functions = join(root, "functions");

/** Names of the functions: folders with a handler. */
function names() {
  if (!existsSync(functions)) return [];
  return readdirSync(functions)
    .filter((name) => existsSync(join(functions, name, "handler.ts")))
    .sort();
}

/** Time and size of every file: reading them all would take longer than there is before a preview. */
function stampOf(files) {
  const lines = files.map((file) => {
    const { mtimeMs, size } = statSync(join(root, file), { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: -1 };
    return `${file} ${mtimeMs} ${size}`;
  });
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function isUpToDate(outfile, stampFile) {
  if (!existsSync(outfile) || !existsSync(stampFile)) return false;
  const { files, stamp } = JSON.parse(readFileSync(stampFile, "utf8"));
  return stampOf(files) === stamp;
}

function build(name, outfile, stampFile) {
  // Loaded only when something is to be built: this module runs at the start of every preview.
  const { buildSync } = createRequire(import.meta.url)("esbuild");
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [`functions/${name}/handler.ts`],
    outfile,
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    keepNames: true,
    legalComments: "none",
    platform: "node",
    target: "node22",
    format: "esm",
    logLevel: "error",
    // Packages in CommonJS ask for Node's own modules by require, which an ES module does not have.
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    // The native binding is an option of pg that nobody here takes.
    external: ["pg-native"],
    alias: { "@cutover/domain": join(root, "domain/src"), "@cutover/clients": join(root, "clients/src") },
  });
  const [bundle] = outputFiles;
  // An unchanged bundle keeps its time: what is built from it has nothing to do either.
  if (!existsSync(outfile) || !readFileSync(outfile).equals(bundle.contents)) writeWhole(outfile, bundle.contents);
  const own = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  const files = [
    ...own.map((file) => relative(root, join(root, file))),
    "package-lock.json",
    "tools/build-functions.mjs",
  ].sort();
  writeWhole(stampFile, JSON.stringify({ files, stamp: stampOf(files) }));
}

for (const name of names()) {
  const outfile = join(functions, "dist", name, "index.mjs");
  const stampFile = join(functions, "dist", name, ".stamp");
  if (!isUpToDate(outfile, stampFile)) build(name, outfile, stampFile);
}
