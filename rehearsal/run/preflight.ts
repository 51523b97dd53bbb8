import { mkdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { UsageError } from "../errors";

/** What a run writes at most: database, emulators' state, logs. */
export const DISK_NEEDED_BYTES = 600 * 1024 * 1024;

/** @throws UsageError where the file system of `folder` has less than `needed` bytes free. */
export async function requireFreeDisk(folder: string, needed = DISK_NEEDED_BYTES): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new UsageError(
    `Only ${megabytes(free)} MB are free where ${folder} lies; a rehearsal needs ${megabytes(needed)} MB. ` +
      "Make room there and run it again; nothing was started.",
  );
}

/** @throws UsageError where something on this machine already listens on the port. */
export function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => reject(new UsageError(explain(port, error))));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}

function explain(port: number, error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") {
    return `Port ${port} is in use by another program. Choose another one, PORT=8443 say, or leave PORT out: a free one is taken.`;
  }
  if (error.code === "EACCES") return `Port ${port} needs special rights. Choose one above 1023, or leave PORT out.`;
  return `Port ${port} cannot be used: ${error.message}. Leave PORT out: a free one is taken.`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
