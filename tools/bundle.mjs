// One file from an entry point and everything it imports, made anew only when a source of it changed: bundles are looked at
// whenever the program starts, so a look must cost nothing.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./write-whole.mjs";

/** The project's folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

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

/**
 * Bundles `entry` into `outfile` (both relative to the project) unless it is up to date.
 * @param options esbuild's; @param made the file that calls this: a change of it makes the bundle anew, too
 */
export function bundle({ entry, outfile, made, options }) {
  const target = join(root, outfile);
  const stampFile = `${dirname(target)}/.stamp`;
  if (isUpToDate(target, stampFile)) return;
  // Loaded only when something is to be built.
  const { buildSync } = createRequire(import.meta.url)("esbuild");
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: target,
    write: false,
    metafile: true,
    bundle: true,
    platform: "node",
    target: "node22",
    logLevel: "error",
    ...options,
  });
  for (const { path, contents } of outputFiles) {
    // An unchanged bundle keeps its time: what is built from it has nothing to do either.
    if (!existsSync(path) || !readFileSync(path).equals(contents)) writeWhole(path, contents);
  }
  const own = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  const sources = own.map((file) => relative(root, join(root, file)));
  const files = [...sources, "package-lock.json", "tools/bundle.mjs", made].sort();
  writeWhole(stampFile, JSON.stringify({ files, stamp: stampOf(files) }));
}
