import { Command, CommanderError, InvalidArgumentError } from "commander";
import { UsageError } from "./errors";

/** What a person asked for. Options win over the variables that `make rehearse NAME=value` passes on. */
export interface Arguments {
  /** Beginning of the story, "prepare,front-door"; undefined: all of it. */
  readonly phases: string | undefined;
  /** One of the plan's faults, injected where the way up ends; undefined: none, or with the whole story all of them. */
  readonly fault: string | undefined;
  /** Leave the world running after the way up, until Ctrl-C. */
  readonly keep: boolean;
  /** Port of the front door on 127.0.0.1; undefined: a free one. */
  readonly port: number | undefined;
  /** Print report.json on standard output, and everything else on standard error. */
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  make rehearse                             the whole story, then everything is ended
  make rehearse PHASES=prepare,front-door   its first part, then destroy
  make rehearse PHASES=ramp-25 FAULT=routing  up to 25 %, where routing fails: rollback, release, destroy
  make rehearse KEEP=1                      way up only; the world stays, to play by hand, until Ctrl-C
  make rehearse KEEP=1 PORT=8443            the same with the front door on port 8443

Result: rehearsal-report/report.html, report.json (form: rehearsal/report/model.ts) and details.json.
Exit code: 0 all as expected, 1 something was not or the world broke, 2 it could not begin, 130 ended by Ctrl-C.
`;

/** Thrown for --help: the text is the answer, and nothing is to be played. */
export class HelpAsked extends Error {
  override readonly name = "HelpAsked";
}

/** Reads arguments and environment. @throws UsageError for what can't be understood, HelpAsked for --help */
export function parseArguments(args: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  let said = "";
  const write = (text: string) => {
    said += text;
  };
  const command = new Command("rehearse")
    .description("Plays the migration on this machine: the real Pulumi engine and program, real HTTP, no account.")
    .option(
      "--phases <names>",
      "first part of the story, separated by commas (variable PHASES)",
      env.PHASES || undefined,
    )
    .option(
      "--fault <name>",
      "break this where the first part ends: python-5xx, python-slow, routing, booking, python-dead (variable FAULT)",
      env.FAULT || undefined,
    )
    .option(
      "--keep",
      "leave the world running after the way up, until Ctrl-C (variable KEEP=1)",
      isYes("KEEP", env.KEEP),
    )
    .option("--port <number>", "port of the front door on 127.0.0.1 (variable PORT)", parsePort, portFrom(env.PORT))
    .option("--json", "print report.json on standard output, all else on standard error", false)
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride();
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) throw new HelpAsked(said.trimEnd());
    throw new UsageError(`${said.trim().replace(/^error: /, "")}\nHelp: node tools/run.mjs rehearsal/main.ts --help`);
  }
  const { phases, fault, keep, port, json } = command.opts<{
    phases?: string;
    fault?: string;
    keep: boolean;
    port?: number;
    json: boolean;
  }>();
  return { phases, fault, keep, port, json };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new InvalidArgumentError(`found "${text}", expected a whole number from 1 to 65535.`);
}

function portFrom(text: string | undefined): number | undefined {
  if (!text) return undefined;
  try {
    return parsePort(text);
  } catch {
    throw new UsageError(`PORT="${text}" is no port: expected a whole number from 1 to 65535, PORT=8443 say.`);
  }
}

function isYes(name: string, text: string | undefined): boolean {
  if (!text || ["0", "false", "no"].includes(text.toLowerCase())) return false;
  if (["1", "true", "yes"].includes(text.toLowerCase())) return true;
  throw new UsageError(`${name}="${text}" is neither yes nor no: write ${name}=1, or leave it out.`);
}
