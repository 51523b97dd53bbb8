import { findPendingId, pendingIdClients } from "@cutover/clients/aws/pending-ids";
import type { AwsPlace } from "@cutover/domain/aws-place";
import {
  type IdSource,
  idSource,
  pendingCreates,
  type ResolvedCreate,
  repairedState,
} from "@cutover/domain/pending-creates";
import { Command, CommanderError } from "commander";
import type { ScreenIo } from "./screen";

interface Options {
  /** Default: standard input. */
  readonly file?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
  /** File for the repaired state. */
  readonly write?: string;
}

/** Besides the terminal: the text of `pulumi stack export`, from a file or from standard input. */
export interface PendingIo extends ScreenIo {
  readonly read: (file: string) => string;
  readonly stdin: () => string;
  /** Writes a file that only its owner may read, whole or not at all. */
  readonly save: (file: string, text: string) => void;
}

/** Asks AWS for the id of what may exist; tests give their own. */
export type FindId = (source: IdSource, aws: AwsPlace) => Promise<string | undefined>;

/**
 * After an update that was killed: which resources it was making, which of them AWS has, and the commands that tell the state;
 * with `--write` the state that they take. Changes nothing else.
 * @returns exit code: 0 nothing is pending; 1 something is, and the commands are said; 2 wrong arguments; 3 AWS could not be asked
 */
export async function pendingCommand(
  args: readonly string[],
  io: PendingIo,
  find: FindId = (source, aws) => findPendingId(source, pendingIdClients(aws)),
): Promise<number> {
  const options = parse(args, io);
  if (typeof options === "number") return options;
  const region = options.region ?? io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION;
  if (!region) {
    io.write("no region: give --region, such as --region eu-central-1, or set AWS_REGION\n");
    return 2;
  }
  const aws = { region, ...(options.profile ? { profile: options.profile } : {}) };
  try {
    const exported = options.file === undefined ? io.stdin() : io.read(options.file);
    const resolved = await Promise.all(
      pendingCreates(exported).map(async (create): Promise<ResolvedCreate> => {
        const source = idSource(create);
        return { ...create, id: source && (await find(source, aws)) };
      }),
    );
    const { write } = options;
    if (write !== undefined && resolved.length > 0) io.save(write, repairedState(exported, resolved));
    return show(resolved, options, io);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    io.write(`What is pending can't be said: ${text}\n`);
    return error instanceof SyntaxError ? 2 : 3;
  }
}

function show(resolved: readonly ResolvedCreate[], options: Options, { write }: ScreenIo): number {
  const commands = commandsAfter(options);
  const isPending = resolved.length > 0;
  if (options.json) {
    const pending = resolved.map(({ urn, id }) => ({ urn, ...(id === undefined ? {} : { id }) }));
    write(`${JSON.stringify({ pending, ...(isPending ? { commands } : {}) })}\n`);
  } else if (!isPending) write("No creation is pending: pulumi up goes on where it was interrupted.\n");
  else {
    const lines = resolved.map(({ urn, type, id }) => `  ${type} ${urn.split("::").at(-1)}: ${id ?? "is made anew"}`);
    const told = commands.map((command) => `  ${command}`);
    write(
      `${["An update was interrupted while it made:", ...lines, "Tell the state, then update again:", ...told].join("\n")}\n`,
    );
  }
  return isPending ? 1 : 0;
}

/** The way out: without `--write` it begins with this command once more. */
function commandsAfter({ write, region, profile }: Options): string[] {
  const file = write ?? "repaired.json";
  const where = [...(region ? ["--region", region] : []), ...(profile ? ["--profile", profile] : [])];
  const again = ["pulumi stack export | npx cutover pending --write", file, ...where].join(" ");
  return [
    ...(write === undefined ? [again] : []),
    `pulumi stack import --file ${file}`,
    "pulumi refresh --yes --skip-preview",
    "pulumi up",
  ];
}

function parse(args: readonly string[], { write }: ScreenIo): Options | number {
  const command = new Command("cutover pending")
    .description("what an interrupted update was making, and the commands that tell the state")
    .argument("[file]", "the output of pulumi stack export (default: standard input)")
    .option("-r, --region <region>", "the stack's aws:region (default: AWS_REGION)")
    .option("--profile <profile>", "profile of the AWS configuration")
    .option("--write <file>", "the repaired state for pulumi stack import; its secrets stay encrypted")
    .option("--json", "for programs: one JSON object")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  try {
    command.parse([...args], { from: "user" });
    const [file] = command.args;
    return { ...command.opts<Options>(), ...(file === undefined ? {} : { file }) };
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    throw error;
  }
}
