import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ScreenIo } from "./screen";

/** What surrounds a command: the terminal, files and the environment. */
export interface MainIo extends ScreenIo {
  /** Standard error. */
  readonly complain: (text: string) => void;
}

interface Subcommand {
  /** One line of the help. */
  readonly what: string;
  /** Loads and runs the command. @returns its exit code */
  readonly run: (args: readonly string[], io: MainIo) => Promise<number>;
}

/** Every command, one line each; loaded only when it is called. */
export const COMMANDS: Readonly<Record<string, Subcommand>> = {
  next: command("what is missing for the next rung, and the command for it", async (args, io) =>
    (await import("./next.js")).nextCommand(args, io),
  ),
  status: command("how the stack stands: share, rollback, standby", async (args, io) =>
    (await import("./status.js")).statusCommand(args, io),
  ),
  rollback: command(
    "moves all messages to Node, or to the inbox where Node is dead, as an alarm would",
    async (args, io) => (await import("./rollback.js")).rollbackCommand(args, io),
  ),
  requeue: command("what Python accepted and did not finish, to Node after a rollback", async (args, io) =>
    (await import("./requeue.js")).requeueCommand(args, io),
  ),
  pending: command("what an interrupted update was making, and the commands that tell the state", async (args, io) =>
    (await import("./pending.js")).pendingCommand(args, {
      ...io,
      read: (file) => readFileSync(file, "utf8"),
      stdin: () => readFileSync(0, "utf8"),
      save,
    }),
  ),
  explain: command("a pulumi preview in plain words, for a pull request", async (args, io) =>
    (await import("./explain.js")).explainCommand(args, {
      ...io,
      read: (file) => readFileSync(file, "utf8"),
      stdin: () => readFileSync(0, "utf8"),
    }),
  ),
  backtest: command("false rollbacks a day and time to detection of the triggers", async (args, io) =>
    (await import("./backtest.js")).backtestCommand(args, io.write, { progress: io.complain }),
  ),
  migrations: command("the database migrations: plan, and repair of their history", async (args, io) =>
    (await import("./migrations.js")).migrationsCommand(args, io.env, (line) => io.write(`${line}\n`)),
  ),
};

function save(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, file);
}

function command(what: string, run: Subcommand["run"]): Subcommand {
  return { what, run };
}

/**
 * `npx cutover COMMAND`: the command line, from the repository's folder.
 * @returns the command's exit code; 0 for the help, 2 for a command that is not there
 */
export async function main(args: readonly string[], io: MainIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    io.write(help());
    return 0;
  }
  const found = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (found) return found.run(rest, io);
  io.complain(`${name === undefined ? "" : `error: there is no command "${name}"\n\n`}${help()}`);
  return 2;
}

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(12)}${what}`);
  return [
    "Usage: npx cutover COMMAND [options]",
    "",
    "Commands:",
    ...lines,
    "",
    "npx cutover COMMAND --help shows a command's options.",
    "",
  ].join("\n");
}

if (process.argv[1]?.endsWith("cli/main.ts")) {
  const io = {
    write: (text: string) => void process.stdout.write(text),
    complain: (text: string) => void process.stderr.write(text),
    env: process.env,
  };
  void main(process.argv.slice(2), io).then((code) => {
    process.exitCode = code;
  });
}
