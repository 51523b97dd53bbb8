import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type CommandResult, runCommand } from "../../rehearsal/engine/command";
import { projectRoot } from "../../tools/toolchain";
import type { RollbackWorld } from "./rollback-world";

const ROOT = projectRoot(__dirname);

/** Commands that a person types, in real processes against an emulated account. */
export class ByHand {
  readonly #folder: string;
  readonly #environment: Record<string, string>;

  constructor({ aws }: RollbackWorld) {
    this.#folder = join(aws.folder, "by-hand");
    const programs = join(this.#folder, "bin");
    mkdirSync(programs, { recursive: true });
    const standIn = join(ROOT, "tests/emulated/aws-stand-in.mjs");
    writeFileSync(join(programs, "aws"), `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`);
    chmodSync(join(programs, "aws"), 0o755);
    this.#environment = {
      ...{ PATH: [programs, process.env.PATH ?? ""].join(delimiter), HOME: this.#folder },
      ...{ AWS_ENDPOINT_URL: aws.aws.url, AWS_REGION: "us-east-1" },
      ...{ AWS_ACCESS_KEY_ID: "TESTER", AWS_SECRET_ACCESS_KEY: "x" },
    };
  }

  /** `npx cutover …` */
  cutover(...args: readonly string[]): Promise<CommandResult> {
    return this.#run(process.execPath, [join(ROOT, "cli/cutover.mjs"), ...args], {});
  }

  /** A command of the runbook as it stands there, for the stack `test`, in a shell that has these variables. */
  runbook(line: string, variables: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    return this.#run("sh", ["-c", line.replaceAll("cutover-prod-", "cutover-test-")], variables);
  }

  #run(command: string, args: readonly string[], more: Readonly<Record<string, string>>): Promise<CommandResult> {
    return runCommand({
      ...{ command, args, cwd: ROOT, env: { ...this.#environment, ...more }, deadlineMs: 60_000 },
      logFile: join(this.#folder, "commands.log"),
    });
  }
}

/**
 * The one block of commands in a section of docs/runbook.md that begins so.
 * @throws Error where there is not exactly one: the test would prove something else
 */
export function runbookBlock(section: string, begins: string): string {
  const text = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
  const [, after = ""] = text.split(`\n## ${section}\n`);
  const [body = ""] = after.split("\n## ");
  const blocks = [...body.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block.trim());
  const found = blocks.filter((block) => block.startsWith(begins));
  const [block] = found;
  if (block !== undefined && found.length === 1) return block;
  throw new Error(`docs/runbook.md, "${section}": ${found.length} blocks begin with "${begins}", expected one`);
}
