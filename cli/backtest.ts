import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BacktestOptions,
  type BacktestRow,
  backtest,
  backtestOn,
  DEFAULTS,
  faultRow,
  LEVELS,
} from "@cutover/domain/backtest/backtest";
import { ANY } from "@cutover/domain/backtest/detection";
import { FAULT_KINDS, type FaultKind } from "@cutover/domain/backtest/faults";
import { backtestPage, goalResults } from "@cutover/domain/backtest/page";
import { plotSvg } from "@cutover/domain/backtest/plot";
import { Random } from "@cutover/domain/backtest/random";
import { parseRecord } from "@cutover/domain/backtest/record";
import { definitionsHash, type MeasuredBacktest, textTable } from "@cutover/domain/backtest/table";
import { recordedTraffic, slowShare } from "@cutover/domain/backtest/traffic";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";

/** What the committed table is made with: enough for two digits. */
const WRITTEN = { days: 6000, trials: 5000, faultTrials: 500 } as const;
const WRITE_COMMAND = "node tools/run.mjs cli/backtest.ts --write";

interface Arguments {
  readonly rate?: readonly number[];
  readonly messagesPerHour?: number;
  readonly share: number;
  readonly fault: FaultKind;
  readonly size: number;
  readonly days: number;
  readonly trials: number;
  readonly seed: number;
  readonly delay: number;
  readonly healthy: number;
  readonly latencyP50?: number;
  readonly latencyP99?: number;
  readonly csv?: string;
  readonly json?: boolean;
  readonly plot?: string;
  readonly write?: boolean;
}

/**
 * Runs the stack's own alarm definitions over synthetic or recorded traffic.
 *
 * @param root where docs/ and domain/ are, for --write
 * @returns exit code: 0 done, 1 refused or failed, 2 wrong arguments
 */
export async function backtestCommand(
  args: readonly string[],
  say: (text: string) => void,
  root = process.cwd(),
): Promise<number> {
  const command = program().configureOutput({ writeOut: say, writeErr: say });
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  try {
    const options = command.opts<Arguments>();
    if (options.write) return write(options.seed, say, root);
    const rows = rowsFor(options);
    if (options.plot) writeFileSync(options.plot, plotSvg(rows));
    say(options.json ? `${JSON.stringify(rows, undefined, 2)}\n` : `${textTable(rows)}\n`);
    return 0;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function program(): Command {
  return new Command("cutover backtest")
    .description("False rollbacks a day and time to detection of the rollback triggers, as they are deployed.")
    .option("--rate <list>", `messages an hour on Python, comma separated (default: ${LEVELS.join(",")})`, rates)
    .option("--messages-per-hour <n>", "messages an hour of all customers, with --share, instead of --rate", positive)
    .option("--share <percent>", "share of Python", positive, 100)
    .addOption(new Option("--fault <kind>", "what the fault does").choices(FAULT_KINDS).default(DEFAULTS.fault))
    .option("--size <share>", "share of messages of the smaller fault (columns detect20…)", share, DEFAULTS.share)
    .option("--days <n>", "healthy days for each rate", positive, DEFAULTS.days)
    .option("--trials <n>", "faults for each rate and size", positive, DEFAULTS.trials)
    .option("--seed <n>", "same seed, same answer", whole, DEFAULTS.seed)
    .option("--delay <seconds>", "until a minute's metrics are published, at most", whole, DEFAULTS.delaySeconds)
    .option("--healthy <share>", "share that goes wrong in health, of each kind", share, DEFAULTS.healthy.errors)
    .option("--latency-p50 <seconds>", "healthy answer times, log-normal, with --latency-p99", positive)
    .option("--latency-p99 <seconds>", "instead of the share slower than 3 s", positive)
    .option(
      "--csv <file>",
      "recorded healthy minutes: minute (ISO 8601), requests, and any of errors, slow, routings, …",
    )
    .option("--json", "rows as JSON")
    .option("--plot <file>", "picture of the detection times, SVG")
    .option("--write", "make the committed table anew: docs/measured/backtest.*, domain/src/backtest/measured.ts")
    .exitOverride();
}

function rowsFor(args: Arguments): BacktestRow[] {
  const options = optionsFrom(args);
  if (args.csv !== undefined) {
    const random = new Random(args.seed);
    const record = parseRecord(readFileSync(args.csv, "utf8"));
    const traffic = recordedTraffic(random, record);
    if (!(traffic.messagesPerHour > 0)) throw new Error(`${args.csv} has no messages.`);
    return backtestOn(traffic, random, { ...options, days: record.requests.length / (24 * 60) });
  }
  const total = args.messagesPerHour;
  const levels = total === undefined ? (args.rate ?? LEVELS) : [(total * args.share) / 100];
  return levels.flatMap((level) => backtest(level, options));
}

function optionsFrom(args: Arguments): BacktestOptions {
  const { latencyP50, latencyP99, healthy } = args;
  if ((latencyP50 === undefined) !== (latencyP99 === undefined)) {
    throw new Error("--latency-p50 and --latency-p99 go together.");
  }
  const slow = latencyP50 !== undefined && latencyP99 !== undefined ? slowShare(latencyP50, latencyP99) : healthy;
  return {
    seed: args.seed,
    days: args.days,
    trials: args.trials,
    delaySeconds: Math.min(60, args.delay),
    fault: args.fault,
    share: args.size,
    healthy: { ...DEFAULTS.healthy, errors: healthy, routing: healthy, bookings: healthy, probes: healthy, slow },
  };
}

function write(seed: number, say: (text: string) => void, root: string): number {
  const options: BacktestOptions = { ...DEFAULTS, seed, days: WRITTEN.days, trials: WRITTEN.trials };
  const rows = LEVELS.flatMap((level) => {
    say(`${level} messages an hour …\n`);
    return backtest(level, options);
  });
  const measured: MeasuredBacktest = {
    definitions: definitionsHash(LEVELS),
    options,
    together: rows.filter(({ trigger }) => trigger === ANY),
    faults: LEVELS.flatMap((level) =>
      FAULT_KINDS.filter((fault) => fault !== options.fault).map((fault) => {
        say(`${level} messages an hour, ${fault} …\n`);
        return faultRow(level, { ...options, fault, trials: WRITTEN.faultTrials });
      }),
    ),
  };
  const to = (path: string, text: string) => writeFileSync(join(root, path), text);
  to("domain/src/backtest/measured.ts", measuredModule(measured));
  to("docs/measured/backtest.json", `${JSON.stringify(rows, undefined, 2)}\n`);
  to("docs/measured/backtest.svg", `${plotSvg(rows)}\n`);
  to("docs/measured/backtest.md", backtestPage(measured, rows, WRITE_COMMAND));
  const missed = goalResults(rows).filter(({ met }) => !met);
  for (const { messagesPerHour, what, goal, measured: found } of missed) {
    say(`Not met at ${messagesPerHour} messages an hour: ${what} is ${found}, the goal is ${goal}.\n`);
  }
  return missed.length > 0 ? 1 : 0;
}

/** The table as a module, so that previews need no file. Formatted by `biome check --write` like any other. */
function measuredModule(measured: MeasuredBacktest): string {
  return [
    `// Made by \`${WRITE_COMMAND}\`. Don't edit.`,
    'import type { MeasuredBacktest } from "./table";',
    "",
    "/** The committed backtest: docs/measured/backtest.md shows the same. */",
    `export const MEASURED: MeasuredBacktest = ${JSON.stringify(measured)};`,
    "",
  ].join("\n");
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a share above 0, up to 1.");
  return value;
}

function rates(text: string): number[] {
  return text.split(",").map(positive);
}

if (process.argv[1]?.endsWith("cli/backtest.ts")) {
  void backtestCommand(process.argv.slice(2), (text) => void process.stdout.write(text)).then((code) => {
    process.exitCode = code;
  });
}
