import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SSMClient } from "@aws-sdk/client-ssm";
import { type Clock, clockFrom } from "@cutover/clients/clock";
import { readListener } from "@cutover/clients/loadbalancer/kill-switch";
import {
  findUnfinished,
  giveBack,
  handOver,
  type RequeueOptions,
  type Unfinished,
  type UnfinishedMessage,
  waitingForNode,
} from "@cutover/clients/postgres/requeue";
import { readStackRecord } from "@cutover/clients/record/stack-record";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { type RequeueSituation, requeueRefusal } from "@cutover/domain/requeue";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import type { ScreenIo } from "./screen";

interface Options {
  readonly stack: string;
  readonly region?: string;
  readonly profile?: string;
  /** Seconds. */
  readonly olderThan: number;
  readonly yes?: boolean;
  readonly giveBack?: boolean;
  readonly json?: boolean;
}

/** What the command needs of AWS; tests give their own. */
export interface RequeueParts {
  /** Where customers' messages go now. */
  readonly traffic: (stack: string, aws: AwsPlace) => Promise<RequeueSituation>;
}

/** Messages that the screen lists one by one. */
const LISTED = 20;
/** Seconds in which a Node that polls has begun with what it was given. */
const NODE_BEGINS_SECONDS = 30;
const READ_MS = 10_000;

/**
 * Hands messages that Python accepted and has not finished to Node. Without `--yes` it only lists them.
 * @returns exit code: 0 done, or nothing to do; 1 refused, or Node does not begin; 2 wrong arguments, or only listed; 3 failed
 */
export async function requeueCommand(
  args: readonly string[],
  io: ScreenIo,
  parts: RequeueParts = awsParts,
): Promise<number> {
  const options = parse(args, io);
  if (typeof options === "number") return options;
  const region = options.region ?? io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION;
  const url = io.env.CUTOVER_DATABASE_URL;
  if (!region) {
    io.write("no region: give --region, such as --region eu-central-1, or set AWS_REGION\n");
    return 2;
  }
  if (!url) {
    io.write(
      'no database: export CUTOVER_DATABASE_URL="$(pulumi config get --path cutover:database.url)" (direct connection or session pooler)\n',
    );
    return 2;
  }
  const aws = { region, ...(options.profile ? { profile: options.profile } : {}) };
  const request = { database: { url }, olderThanSeconds: options.olderThan, clock: clockFrom(io.env) };
  try {
    const result = await act(options, request, () => parts.traffic(options.stack, aws));
    io.write(options.json ? `${JSON.stringify(result.json)}\n` : `${result.lines.join("\n")}\n`);
    return result.code;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    io.write(options.json ? `${JSON.stringify({ error: text })}\n` : `${text}\nNothing was changed.\n`);
    return 3;
  }
}

interface Result {
  readonly code: number;
  readonly lines: readonly string[];
  readonly json: object;
}

/** On a clock that can be waited for. */
type Request = RequeueOptions & { readonly clock: Clock };

async function act(options: Options, request: Request, traffic: () => Promise<RequeueSituation>): Promise<Result> {
  if (options.giveBack) return options.yes ? returned(await giveBack(request)) : wouldReturn(request);
  const refused = requeueRefusal(await traffic());
  const unfinished = await findUnfinished(request);
  if (!options.yes) return listed(unfinished, refused, options);
  if (refused !== undefined) {
    const json = { refused, handedOver: [], fresh: unfinished.fresh };
    return { code: 1, lines: [`Refused: ${refused}`, "Nothing was changed."], json };
  }
  const moved = await handOver(request);
  const waiting = moved.length === 0 ? 0 : await untilNodeBegins(request);
  return handedOver(moved, waiting, unfinished.fresh, options);
}

function listed({ ready, fresh }: Unfinished, refused: string | undefined, options: Options): Result {
  const json = { dryRun: true, ready, fresh, ...(refused === undefined ? {} : { refused }) };
  if (ready.length + fresh.length === 0) {
    return { code: 0, lines: ["Python has finished everything it accepted."], json };
  }
  const lines = [
    `Python accepted and has not finished: ${ready.length + fresh.length}.`,
    ...ready.slice(0, LISTED).map(lineOf),
    ...(ready.length > LISTED ? [`  … ${ready.length - LISTED} more`] : []),
    ...freshLine(fresh, options),
    refused === undefined
      ? `Would hand ${ready.length} to Node. Nothing was done. To do it: the same command with --yes`
      : `With --yes this would be refused: ${refused}`,
  ];
  return { code: 2, lines, json };
}

function handedOver(
  moved: readonly UnfinishedMessage[],
  waiting: number,
  fresh: readonly UnfinishedMessage[],
  options: Options,
): Result {
  const lines = [
    `Handed to Node: ${moved.length}.`,
    ...moved.slice(0, LISTED).map(lineOf),
    ...freshLine(fresh, options),
    ...(moved.length > 0 && waiting === 0 ? ["Node has begun with all of them."] : []),
    ...(waiting > 0
      ? [
          `After ${NODE_BEGINS_SECONDS} s ${waiting} still wait for Node. A Node that does not look for pending rows in message_queue ` +
            'answers none of them (docs/app-contract.md, "Who owns a row"). To make them Python\'s again: the same command with --give-back --yes',
        ]
      : []),
  ];
  return { code: waiting > 0 ? 1 : 0, lines, json: { handedOver: moved, fresh, waitingForNode: waiting } };
}

function freshLine(fresh: readonly UnfinishedMessage[], { olderThan }: Options): string[] {
  if (fresh.length === 0) return [];
  return [
    `Left to Python, changed less than ${olderThan} s ago: ${fresh.length}. A task may be answering them; look again later.`,
  ];
}

function lineOf({ id, status, ageSeconds, untouchedSeconds }: UnfinishedMessage): string {
  return `  ${id}  ${status}, accepted ${Math.round(ageSeconds)} s ago, unchanged for ${Math.round(untouchedSeconds)} s`;
}

async function wouldReturn(request: RequeueOptions): Promise<Result> {
  const waiting = await waitingForNode(request);
  const lines = [
    waiting === 0
      ? "No message that was handed over waits for Node."
      : `Would make ${waiting} handed-over messages, which Node has not begun, Python's again. To do it: --give-back --yes`,
  ];
  return { code: waiting === 0 ? 0 : 2, lines, json: { dryRun: true, waitingForNode: waiting } };
}

function returned(ids: readonly string[]): Result {
  return {
    code: 0,
    lines: [`Python's again: ${ids.length}.`, ...ids.map((id) => `  ${id}`)],
    json: { givenBack: ids },
  };
}

/** Waits until Node has begun with everything it was given; @returns how many still wait when the time is over. */
async function untilNodeBegins(request: Request): Promise<number> {
  const { clock } = request;
  for (const until = clock.now() + NODE_BEGINS_SECONDS * 1000; ; ) {
    const waiting = await waitingForNode(request);
    if (waiting === 0 || clock.now() >= until) return waiting;
    await clock.sleep(1000);
  }
}

function parse(args: readonly string[], { write }: ScreenIo): Options | number {
  const command = new Command("cutover requeue")
    .description("hands messages that Python accepted and has not finished to Node; database by CUTOVER_DATABASE_URL")
    .requiredOption("-s, --stack <name>", "the Pulumi stack, such as prod")
    .option("-r, --region <region>", "the stack's aws:region (default: AWS_REGION)")
    .option("--profile <profile>", "profile of the AWS configuration")
    .option("--older-than <time>", "only rows unchanged for this long, such as 90s, 10m, 1h; from 1m", seconds, 600)
    .option("--give-back", "make handed-over rows that Node has not begun Python's again")
    .option("--yes", "do it; without, it only lists")
    .option("--json", "for programs: one JSON object")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write });
  try {
    command.parse([...args], { from: "user" });
    return command.opts<Options>();
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    throw error;
  }
}

function seconds(text: string): number {
  const [, number, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const found = Number(number) * { s: 1, m: 60, h: 3600 }[unit as "s" | "m" | "h"];
  if (Number.isFinite(found) && found >= 60) return found;
  throw new InvalidArgumentError("Expected a time from 1m, such as 90s, 10m or 1h.");
}

const awsParts: RequeueParts = {
  async traffic(stack, aws) {
    const { manifest } = await readStackRecord(stack, aws, new SSMClient(aws));
    if (!manifest)
      throw new Error(`There is no stack "${stack}" in ${aws.region}: SSM has no /cutover/${stack}/manifest.`);
    const { listenerArn, killSwitchRuleArn: ruleArn, targetGroups } = manifest;
    const { nodeCustomer, pythonCustomer } = targetGroups;
    const place = {
      listenerArn,
      pythonTargetGroupArn: pythonCustomer,
      ...(ruleArn && nodeCustomer ? { killSwitch: { ruleArn, nodeTargetGroupArn: nodeCustomer } } : {}),
    };
    return readListener(place, new ElasticLoadBalancingV2Client(aws), { deadlineMs: READ_MS });
  },
};
