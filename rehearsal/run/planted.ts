import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * Where a run keeps what a real account keeps, too, and encrypts: the database. Everything else in a run's folder is something
 * that a person or a program printed, logged or kept.
 */
const LEFT_OUT = /^cutover-postgres-/;

/**
 * Files below a folder that hold one of these texts: logs of commands, tasks and emulators, Pulumi's state with history and
 * backups, temporary files. Whole files are read as bytes, so that an odd encoding hides nothing.
 * @returns `logs/pulumi.log`, each once
 */
export function filesHolding(folder: string, texts: readonly string[]): string[] {
  const wanted = texts.filter((text) => text !== "").map((text) => Buffer.from(text));
  return filesBelow(folder)
    .filter((file) => {
      const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0); // a temporary file may just have gone
      return wanted.some((text) => bytes.includes(text));
    })
    .map((file) => relative(folder, file))
    .sort();
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
