// Builds the npm workspaces (domain, clients) to JavaScript, file by file, because the process that runs dynamic
// providers has no TypeScript. Called by `npm ci` (prepare), by make, and by index.ts when a source is newer.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./write-whole.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function filesIn(folder, wanted) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && wanted(e.name))
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

/** Writes what the sources compile to and removes what no source stands behind any more. */
function build(src, dist, files) {
  // Loaded only when something is to be built: this module runs at the start of every preview.
  const { buildSync } = createRequire(import.meta.url)("esbuild");
  const options = { outbase: src, outdir: dist, format: "cjs", platform: "node", target: "node22", logLevel: "error" };
  const { outputFiles } = buildSync({ entryPoints: files, write: false, ...options });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
  const built = new Set(outputFiles.map(({ path }) => path));
  for (const file of filesIn(dist, (name) => name.endsWith(".js"))) if (!built.has(file)) rmSync(file);
}

for (const name of ["domain", "clients"]) {
  const src = join(root, name, "src");
  const dist = join(root, name, "dist");
  const stampFile = join(dist, ".stamp");
  const files = filesIn(src, (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const stamp = createHash("sha256")
    .update(files.map((f) => `${f.slice(src.length)} ${statSync(f).mtimeMs} ${statSync(f).size}`).join("\n"))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) continue;
  build(src, dist, files);
  writeWhole(stampFile, stamp);
}
