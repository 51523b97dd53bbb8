import { spawn } from "node:child_process";
import { projectRoot } from "../../tools/toolchain";

/**
 * Runs a proof's program in a process of its own, as `npm run` does: it starts a whole world and has to be able to end it.
 * Its progress goes to standard error, a line at a time.
 * @param file Below rehearsal/proof, such as "faults.ts".
 * @param args What it is told.
 * @returns what it printed, as JSON
 * @throws Error where it printed nothing: it could not play at all
 */
export async function runProof<T>(file: string, ...args: readonly string[]): Promise<T> {
  const root = projectRoot(__dirname);
  const child = spawn(process.execPath, ["tools/run.mjs", `rehearsal/proof/${file}`, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let last = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    last = `${last}${text}`.slice(-4000);
    process.stderr.write(text);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (printed.trim() === "") throw new Error(`${file} ended with ${code} and no result:\n${last}`);
  return JSON.parse(printed) as T;
}
