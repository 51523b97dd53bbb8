// `node tools/run.mjs tools/rules/main.ts [FOLDER]`: checks every source file of the project (or of FOLDER).
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { projectRoot } from "../toolchain";
import { structureProblems } from "./structure";

const SKIPPED = /^(node_modules|dist|rehearsal-report|__pycache__|\..+)$/;
const SOURCES = /\.(ts|mts|mjs|cjs|py|sh)$/;

/** Paths relative to `folder`, with forward slashes, in a stable order. */
function sourceFiles(folder: string, prefix = ""): string[] {
  const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1);
  return readdirSync(folder, { withFileTypes: true })
    .sort(byName)
    .flatMap((entry) => {
      if (SKIPPED.test(entry.name)) return [];
      if (entry.isDirectory()) return sourceFiles(join(folder, entry.name), `${prefix}${entry.name}/`);
      return SOURCES.test(entry.name) ? [`${prefix}${entry.name}`] : [];
    });
}

const root = resolve(process.argv[2] ?? projectRoot());
const files = sourceFiles(root);
const problems = files.flatMap((path) => structureProblems({ path, text: readFileSync(join(root, path), "utf8") }));
for (const { path, line, message } of problems) console.log(`${path}:${line}: ${message}`);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
