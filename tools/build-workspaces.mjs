// Builds the npm workspaces (domain, clients) to JavaScript, file by file, because the process that runs dynamic
// providers has no TypeScript. Called by `npm ci` (prepare), by make, and by index.ts when a source is newer.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith(".ts") && !e.name.endsWith(".test.ts"))
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

for (const name of ["domain", "clients"]) {
  const src = join(root, name, "src");
  const dist = join(root, name, "dist");
  const stampFile = join(dist, ".stamp");
  const files = existsSync(src) ? sources(src) : [];
  const stamp = createHash("sha256")
    .update(files.map((f) => `${f.slice(src.length)} ${statSync(f).mtimeMs} ${statSync(f).size}`).join("\n"))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) continue;
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  if (files.length > 0) {
    buildSync({
      entryPoints: files,
      outbase: src,
      outdir: dist,
      format: "cjs",
      platform: "node",
      target: "node22",
      logLevel: "error",
    });
  }
  writeFileSync(stampFile, stamp);
}
