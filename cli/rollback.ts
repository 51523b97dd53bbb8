import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { SSMClient } from "@aws-sdk/client-ssm";
import { readRule } from "@cutover/clients/loadbalancer/rules";
import { newestRollback } from "@cutover/clients/record/rollback-record";
import { readStackRecord } from "@cutover/clients/record/stack-record";
import type { RollbackReport } from "@cutover/clients/rollback/ports";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { killSwitchState, switchTargets } from "@cutover/domain/kill-switch";
import { Command, CommanderError } from "commander";
import type { ScreenIo } from "./screen";

interface Options {
  readonly stack: string;
  readonly reason: string;
  readonly region?: string;
  readonly profile?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What the command needs of the world; tests give their own. */
export interface RollbackCommandParts {
  /** Invokes the rollback function and waits for its answer. */
  readonly invoke: (functionName: string, payload: object, aws: AwsPlace) => Promise<Invoked>;
  /** Where traffic goes now, in sentences. */
  readonly look: (stack: string, aws: AwsPlace) => Promise<readonly string[]>;
}

/** The function's answer, or the error it threw. */
export type Invoked = { readonly report: RollbackReport } | { readonly error: string };

/** The function takes up to 60 s. */
const REQUEST_MS = 70_000;

const MOVED: readonly RollbackReport["outcome"][] = ["rolled-back", "joined", "completed"];

const WHERE: { readonly [to in NonNullable<RollbackReport["to"]>]: string } = {
  node: "Now: every customer's message goes to Node.",
  hold: 'Now: every customer\'s message is kept in the inbox, and nobody answers customers until an engine lives again: docs/runbook.md, "Messages in the inbox".',
};
/** A function of an older version does not say it. */
const UNKNOWN = "Where messages go now is not in the answer: npx cutover status says it.";

/**
 * Rolls back by hand through the same function that alarms call. Without `--yes` it only says what it would do. With it
 * nothing is read before the call, so that nothing but Lambda has to work.
 * @returns exit code: 0 rolled back (or was already), to Node or to the inbox, as the text and the answer's `to` say; 1 not
 * rolled back, 2 wrong arguments or nothing done, 3 no answer
 */
export async function rollbackCommand(
  args: readonly string[],
  io: ScreenIo,
  parts: RollbackCommandParts = awsParts,
): Promise<number> {
  const options = parse(args, io);
  if (typeof options === "number") return options;
  const region = options.region ?? io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION;
  if (!region) {
    io.write("no region: give --region, such as --region eu-central-1, or set AWS_REGION\n");
    return 2;
  }
  const aws = { region, ...(options.profile ? { profile: options.profile } : {}) };
  const functionName = `cutover-${options.stack}-rollback`;
  if (!options.yes) return announce(options, functionName, aws, io, parts);
  try {
    const payload = { source: "manual", reason: options.reason };
    return show(await parts.invoke(functionName, payload, aws), options, io);
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const text = `${functionName} in ${region} did not answer (${why}). By hand, without the function: docs/runbook.md, "Roll back now".`;
    io.write(options.json ? `${JSON.stringify({ error: text })}\n` : `${text}\n`);
    return 3;
  }
}

async function announce(
  { stack, reason, json }: Options,
  functionName: string,
  aws: AwsPlace,
  { write }: ScreenIo,
  parts: RollbackCommandParts,
): Promise<number> {
  const now = await parts
    .look(stack, aws)
    .catch((error: unknown) => [
      `Where traffic goes now could not be read (${error instanceof Error ? error.message : String(error)}).`,
    ]);
  const would = `Would invoke ${functionName} in ${aws.region}, reason: ${reason}`;
  if (json) {
    write(`${JSON.stringify({ dryRun: true, functionName, region: aws.region, reason, now })}\n`);
    return 2;
  }
  const means =
    "It moves every customer's message to Node, or to the inbox where Node is dead (then nobody answers customers until an engine lives again), points GoHighLevel there, records the rollback and tells everybody who hears of rollbacks: those on call and the stakeholders.";
  write(`${[...now, would, means, "Nothing was done. To do it: the same command with --yes"].join("\n")}\n`);
  return 2;
}

function show(invoked: Invoked, { json }: Options, { write }: ScreenIo): number {
  if ("error" in invoked) {
    write(json ? `${JSON.stringify(invoked)}\n` : `The function failed: ${invoked.error}\n`);
    return 1;
  }
  const { report } = invoked;
  const moved = MOVED.includes(report.outcome);
  const now = moved ? [report.to ? WHERE[report.to] : UNKNOWN] : [];
  if (json) write(`${JSON.stringify(report)}\n`);
  else write(`${[`${report.outcome}: ${report.sentence}`, ...stepLines(report), ...now].join("\n")}\n`);
  return moved ? 0 : 1;
}

function stepLines({ id, steps = {} }: RollbackReport): string[] {
  const lines = Object.entries(steps).map(([name, step]) => `  ${name.padEnd(8)} ${step.state}: ${step.detail}`);
  return [...(id ? [`  record   ${id}`] : []), ...lines];
}

function parse(args: readonly string[], { write }: ScreenIo): Options | number {
  const command = new Command("cutover rollback")
    .description("moves all messages to Node, or to the inbox where Node is dead, as an alarm would")
    .requiredOption("-s, --stack <name>", "the Pulumi stack, such as prod")
    .requiredOption("--reason <text>", "why; goes into the record and the notice")
    .option("-r, --region <region>", "the stack's aws:region (default: AWS_REGION)")
    .option("--profile <profile>", "profile of the AWS configuration")
    .option("--yes", "do it; without, it only says what it would do")
    .option("--json", "for programs: one JSON object")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  try {
    command.parse([...args], { from: "user" });
    const options = command.opts<Options>();
    if (options.reason.trim() !== "") return options;
    write("error: --reason is empty\n");
    return 2;
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    throw error;
  }
}

const awsParts: RollbackCommandParts = {
  async invoke(FunctionName, payload, aws) {
    const lambda = new LambdaClient({ ...aws, requestHandler: { requestTimeout: REQUEST_MS } });
    const { Payload, FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
    );
    const answer = JSON.parse(Payload ? Buffer.from(Payload).toString("utf8") : "{}") as Readonly<
      Record<string, unknown>
    >;
    if (FunctionError) return { error: String(answer.errorMessage ?? FunctionError) };
    return { report: answer as unknown as RollbackReport };
  },

  async look(stack, aws) {
    const ssm = new SSMClient(aws);
    const [{ manifest, applied }, newest] = await Promise.all([
      readStackRecord(stack, aws, ssm),
      newestRollback(stack, ssm),
    ]);
    const { killSwitchRuleArn, targetGroups } = manifest ?? {};
    const rule = killSwitchRuleArn ? await readRule(killSwitchRuleArn, aws) : undefined;
    const state = rule && targetGroups ? killSwitchState(rule, switchTargets(targetGroups)) : undefined;
    return [
      applied
        ? `Stack ${stack}: phase ${applied.phase}, ${applied.pythonShare} % to Python as declared.`
        : `Stack ${stack}: no phase is on record.`,
      `Kill switch: ${state ?? (rule ? "unclear" : "none")}.`,
      ...(newest && newest.releasedAt === undefined
        ? [`Rollback ${newest.id} is in force: ${newest.trigger.text}.`]
        : []),
    ];
  },
};
