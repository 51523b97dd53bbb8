import { comment, MAX_LENGTH } from "@cutover/domain/explain/comment";
import { EvidenceError } from "@cutover/domain/explain/evidence";
import { explain, messagesOf } from "@cutover/domain/explain/explain";
import { PreviewError } from "@cutover/domain/explain/preview";
import { Command, CommanderError, InvalidArgumentError } from "commander";

/** Where the command reads and writes; tests give their own. */
export interface ExplainIo {
  readonly write: (text: string) => void;
  /** For what went wrong, so that it does not become part of the comment. */
  readonly complain: (text: string) => void;
  /** Text of a file. @throws when it can't be read */
  readonly read: (file: string) => string;
  /** Text of standard input. */
  readonly stdin: () => string;
}

interface Options {
  readonly evidence?: string;
  readonly evidenceUnavailable?: boolean;
  readonly commit?: string;
  readonly json?: boolean;
  readonly log?: boolean;
  readonly maxLength: number;
}

/** Less would not hold a headline. */
const SHORTEST = 500;

const HELP = `
Exit code: 0 explained, nothing dangerous; 1 explained, with at least one danger (the comment is
written all the same); 2 wrong arguments, or the input is no preview.

Examples:
  pulumi preview --json --stack prod > preview.json; npx cutover explain preview.json
  npx cutover next --stack prod --json > next.json
  npx cutover explain preview.json --evidence next.json > comment.md
  pulumi preview --json --stack prod | npx cutover explain --json | jq '.headlines'`;

/**
 * `cutover explain`: a preview in plain words, as a comment for a pull request.
 * @returns exit code: 0 explained, 1 explained and dangerous, 2 wrong arguments or input
 */
export function explainCommand(args: readonly string[], io: ExplainIo): number {
  const parsed = parse(args, io);
  if (typeof parsed === "number") return parsed;
  const { file, options } = parsed;
  try {
    const preview = file === "-" ? io.stdin() : io.read(file);
    if (options.log) {
      io.write(
        messagesOf(preview)
          .map((one) => `${one}\n`)
          .join(""),
      );
      return 0;
    }
    const { evidenceUnavailable, commit } = options;
    const evidence = options.evidence === undefined ? undefined : io.read(options.evidence);
    const explanation = explain({ preview, evidence, evidenceUnavailable, commit });
    io.write(options.json ? `${JSON.stringify(explanation, null, 2)}\n` : comment(explanation, options.maxLength));
    return explanation.dangerous ? 1 : 0;
  } catch (error) {
    if (error instanceof PreviewError || error instanceof EvidenceError) io.complain(`${error.message}\n`);
    else if (isFileError(error)) io.complain(`${error.path ?? file} can't be read (${error.code})\n`);
    else throw error;
    return 2;
  }
}

function parse(args: readonly string[], io: ExplainIo): { file: string; options: Options } | number {
  const command = new Command("cutover explain")
    .description("what a pulumi preview means: share, risk, way back, cost, as Markdown for a pull request")
    .argument("[preview]", 'file with the output of "pulumi preview --json"; - is standard input', "-")
    .option("--evidence <file>", 'output of "cutover next --json" for the same step')
    .option("--evidence-unavailable", "say that cutover next could not look")
    .option("--commit <sha>", "the commit that was previewed: its first 12 digits stand under the comment", commitHash)
    .option("--log", "what the preview said, a line each, secrets hidden: for the job's log, not for a comment")
    .option("--json", "for programs: one JSON object")
    .option("--max-length <characters>", "the longest comment the platform takes", length, MAX_LENGTH)
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.complain });
  try {
    command.parse([...args], { from: "user" });
    return { file: String(command.processedArgs[0]), options: command.opts<Options>() };
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    throw error;
  }
}

function length(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= SHORTEST) return value;
  throw new InvalidArgumentError(`expected a whole number of at least ${SHORTEST}`);
}

function commitHash(text: string): string {
  if (/^[0-9a-f]{7,64}$/.test(text)) return text;
  throw new InvalidArgumentError("expected a commit's hash, 7 to 64 hexadecimal digits in lower case");
}

function isFileError(error: unknown): error is Error & { readonly code: string; readonly path?: string } {
  return error instanceof Error && "code" in error && "syscall" in error;
}
