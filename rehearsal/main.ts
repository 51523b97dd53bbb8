// Entry point of `make rehearse`: node tools/run.mjs rehearsal/main.ts [--help]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../tools/toolchain";
import { type Arguments, HelpAsked, parseArguments } from "./arguments";
import { messageOf, UsageError } from "./errors";
import { rehearse } from "./rehearse";
import { Terminal } from "./run/terminal";

async function main(): Promise<number> {
  try {
    const args: Arguments = parseArguments(process.argv.slice(2), process.env);
    const terminal = new Terminal(args.json ? process.stderr : process.stdout);
    const onReport = (file: string) => {
      if (args.json) process.stdout.write(readFileSync(file, "utf8"));
    };
    const root = projectRoot();
    // Tests play in a folder of their own, beside a rehearsal that a person may have running.
    const own = process.env.CUTOVER_REHEARSAL_FOLDER;
    const folders = own
      ? { base: own, reportFolder: join(own, "report") }
      : { base: join(root, ".rehearsal"), reportFolder: join(root, "rehearsal-report") };
    return await rehearse({ args, terminal, root, ...folders, onReport });
  } catch (error) {
    if (error instanceof HelpAsked) {
      console.log(error.message);
      return 0;
    }
    console.error(
      error instanceof UsageError ? error.message : `The rehearsal itself has a fault: ${messageOf(error)}`,
    );
    return error instanceof UsageError ? 2 : 1;
  }
}

void main().then((code) => process.exit(code));
