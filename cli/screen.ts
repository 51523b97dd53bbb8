import { clockFrom } from "@cutover/clients/clock";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { Command, CommanderError } from "commander";

/** Where a command writes and what surrounds it; tests give their own. */
export interface ScreenIo {
  readonly write: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends a watch, as Ctrl-C does. */
  readonly signal?: AbortSignal;
}

/** One look at the stack. */
export interface Screen {
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  readonly code: number;
}

interface Options {
  readonly stack: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
  /** Of `status`. */
  readonly history?: boolean;
}

/** What a look is asked for. */
export interface Asked {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly history: boolean;
}

/** An option that one screen has and others have not. */
export interface MoreOption {
  readonly flags: string;
  readonly what: string;
}

/** Seconds between two looks of a watch: the prober's numbers change that often. */
const WATCH_SECONDS = 15;
/** Clears a terminal and goes to its top left corner. */
const CLEAR = "\u001b[2J\u001b[H";

/**
 * Parses the options that all screens share, shows one look or, with `-w`, one each 15 s until it is stopped.
 * @returns exit code: the screen's own; 2 for wrong arguments, 3 when the stack could not be read
 */
export async function runScreen(
  name: string,
  description: string,
  args: readonly string[],
  io: ScreenIo,
  look: (asked: Asked) => Promise<Screen>,
  more: readonly MoreOption[] = [],
): Promise<number> {
  const options = parse(name, description, args, io, more);
  if (typeof options === "number") return options;
  const region = options.region ?? io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION;
  if (!region) {
    io.write(`no region: give --region, such as --region eu-central-1, or set AWS_REGION\n`);
    return 2;
  }
  const aws = { region, ...(options.profile ? { profile: options.profile } : {}) };
  const asked = { stack: options.stack, aws, history: options.history ?? false };
  const clock = clockFrom(io.env);
  for (;;) {
    const code = await show(options, io, () => look(asked));
    if (!options.watch || io.signal?.aborted) return code;
    await clock.sleep(WATCH_SECONDS * 1000);
    if (io.signal?.aborted) return code;
  }
}

async function show({ json, watch }: Options, { write }: ScreenIo, look: () => Promise<Screen>): Promise<number> {
  try {
    const screen = await look();
    // One line a look in a watch, so that a program can read them as they come.
    if (json) write(`${JSON.stringify(screen.json, null, watch ? 0 : 2)}\n`);
    else write(`${watch ? CLEAR : ""}${screen.lines.join("\n")}\n`);
    return screen.code;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    write(json ? `${JSON.stringify({ error: text })}\n` : `${text}\n`);
    return 3;
  }
}

function parse(
  name: string,
  description: string,
  args: readonly string[],
  { write }: ScreenIo,
  more: readonly MoreOption[],
): Options | number {
  const command = new Command(`cutover ${name}`)
    .description(description)
    .requiredOption("-s, --stack <name>", "the Pulumi stack, such as prod")
    .option("-r, --region <region>", "the stack's aws:region (default: AWS_REGION)")
    .option("--profile <profile>", "profile of the AWS configuration")
    .option("--json", "for programs: one JSON object, one a line with -w")
    .option("-w, --watch", `look again each ${WATCH_SECONDS} s`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  for (const { flags, what } of more) command.option(flags, what);
  try {
    command.parse([...args], { from: "user" });
    return command.opts<Options>();
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    throw error;
  }
}
