import { readFileSync, writeFileSync } from "node:fs";
import {
  type BacktestOptions,
  type BacktestRow,
  backtest,
  backtestOn,
  DEFAULTS,
  LEVELS,
} from "@cutover/domain/backtest/backtest";
import { FAULT_KINDS, type FaultKind } from "@cutover/domain/backtest/faults";
import { plotSvg } from "@cutover/domain/backtest/plot";
import { MOST_DELAY_SECONDS } from "@cutover/domain/backtest/published";
import { Random } from "@cutover/domain/backtest/random";
import { parseRecord } from "@cutover/domain/backtest/record";
import { textTable } from "@cutover/domain/backtest/table";
import { recordedTraffic, slowShare } from "@cutover/domain/backtest/traffic";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { processorSeconds, writeBacktest } from "./backtest-write";

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
 * @param more `root`: where docs/ and domain/ are, for --write; `progress` tells people how far it is; `seconds` is the
 * processor time so far
 * @returns exit code: 0 done, 1 refused or failed, 2 wrong arguments
 */
export async function backtestCommand(
  args: readonly string[],
  say: (text: string) => void,
  more: {
    readonly root?: string;
    readonly progress?: (text: string) => void;
    readonly seconds?: () => number;
  } = {},
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
    const { root = process.cwd(), progress = () => {}, seconds = processorSeconds } = more;
    if (options.write) return writeBacktest(options.seed, { say, root, seconds });
    const rows = rowsFor(options, progress);
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
    .option(
      "--delay <seconds>",
      `until a minute's metrics are published, at most; up to ${MOST_DELAY_SECONDS}`,
      delay,
      DEFAULTS.delaySeconds,
    )
    .option("--healthy <share>", "share that goes wrong in health, of each kind", share, DEFAULTS.healthy.errors)
    .option("--latency-p50 <seconds>", "healthy answer times, log-normal, with --latency-p99", positive)
    .option("--latency-p99 <seconds>", "instead of the share slower than 3 s", positive)
    .option(
      "--csv <file>",
      "recorded healthy minutes: minute (ISO 8601), requests, and any of errors, refused, failed, slow, …",
    )
    .option("--json", "rows as JSON")
    .option("--plot <file>", "picture of the detection times, SVG")
    .option("--write", "make the committed table anew: docs/measured/backtest.*, domain/src/backtest/measured.ts")
    .exitOverride();
}

function rowsFor(args: Arguments, progress: (text: string) => void): BacktestRow[] {
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
  return levels.flatMap((level) => {
    progress(`${level} messages an hour: ${options.days} days, ${options.trials} faults of each size …\n`);
    return backtest(level, options);
  });
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
    delaySeconds: args.delay,
    fault: args.fault,
    share: args.size,
    healthy: { ...DEFAULTS.healthy, errors: healthy, routing: healthy, bookings: healthy, probes: healthy, slow },
  };
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

function delay(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= MOST_DELAY_SECONDS)) {
    throw new InvalidArgumentError(
      `Expected 0 to ${MOST_DELAY_SECONDS} seconds: with more, several minutes would be late at once, which is not simulated.`,
    );
  }
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
  void backtestCommand(process.argv.slice(2), (text) => void process.stdout.write(text), {
    progress: (text) => void process.stderr.write(text),
  }).then((code) => {
    process.exitCode = code;
  });
}
