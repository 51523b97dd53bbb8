import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { VARIATIONS, variationRow } from "@cutover/domain/backtest/assumptions";
import {
  type BacktestOptions,
  type BacktestRow,
  DEFAULTS,
  faultRow,
  LEVELS,
  measureSteady,
  rollbackAlarms,
  rowsOf,
  seeded,
} from "@cutover/domain/backtest/backtest";
import { ANY } from "@cutover/domain/backtest/detection";
import { FAULT_KINDS } from "@cutover/domain/backtest/faults";
import { runsHash } from "@cutover/domain/backtest/fingerprint";
import { type Interval, intervalOf } from "@cutover/domain/backtest/intervals";
import { backtestPage, goalResults } from "@cutover/domain/backtest/page";
import { plotSvg } from "@cutover/domain/backtest/plot";
import { LOOK_BACKS, PROMISE_LEVELS, type PromiseRow, promiseRow } from "@cutover/domain/backtest/promise-rows";
import { definitionsHash, type MeasuredBacktest } from "@cutover/domain/backtest/table";

/** What the committed table is made with: enough for two digits. */
const WRITTEN = {
  table: { days: 6000, trials: 5000 },
  faults: { days: 0, trials: 500 },
  variations: { days: 1000, trials: 500 },
  promises: { days: 2000, trials: 1000 },
  shortened: { days: 500, trials: 500 },
} as const;
const WRITE_COMMAND = "node tools/run.mjs cli/backtest.ts --write";

/** What `writeBacktest` needs of the process. */
export interface WriteIo {
  readonly say: (text: string) => void;
  /** Where docs/ and domain/ are. */
  readonly root: string;
  /** Processor time so far. */
  readonly seconds: () => number;
}

/** Processor time of this process so far, in seconds: hardly depends on what else the machine does. */
export function processorSeconds(): number {
  return process.cpuUsage().user / 1e6;
}

/**
 * Makes the committed table, page, picture and promises anew. The same seed gives the same files, but for the seconds.
 * @returns exit code: 1 where a goal is not met
 */
export function writeBacktest(seed: number, { say, root, seconds }: WriteIo): number {
  const options = { ...DEFAULTS, seed, ...WRITTEN.table };
  const begin = seconds();
  const levels = LEVELS.map((level) => {
    say(`${level} messages an hour …\n`);
    return tableOf(level, options);
  });
  const took = Math.round(seconds() - begin);
  const rows = levels.flatMap((level) => level.rows);
  const promises = promisedRows(options, say);
  const measured: MeasuredBacktest = {
    definitions: definitionsHash(LEVELS),
    runs: runsHash(),
    seconds: took,
    options,
    together: rows.filter(({ trigger }) => trigger === ANY),
    faults: faultRows(options, say),
    variations: LEVELS.flatMap((level) => {
      say(`${level} messages an hour, other traffic …\n`);
      return VARIATIONS.map((variation) => variationRow(level, variation, { ...options, ...WRITTEN.variations }));
    }),
    intervals: levels.map(({ interval }) => interval),
  };
  const to = (path: string, text: string) => writeFileSync(join(root, path), text);
  to("domain/src/backtest/measured.ts", measuredModule(measured));
  to("domain/src/backtest/measured-promises.ts", promisesModule(promises));
  to("docs/measured/backtest.json", `${JSON.stringify(rows, undefined, 2)}\n`);
  to("docs/measured/backtest.svg", `${plotSvg(rows)}\n`);
  to("docs/measured/backtest.md", backtestPage(measured, rows, promises, WRITE_COMMAND));
  const missed = goalResults(rows).filter(({ met }) => !met);
  for (const { messagesPerHour, what, goal, measured: found } of missed) {
    say(`Not met at ${messagesPerHour} messages an hour: ${what} is ${found}, the goal is ${goal}.\n`);
  }
  return missed.length > 0 ? 1 : 0;
}

function tableOf(level: number, options: BacktestOptions): { rows: BacktestRow[]; interval: Interval } {
  const found = measureSteady(level, seeded(options.seed, level), options);
  return { rows: rowsOf(level, rollbackAlarms(level), found), interval: intervalOf(level, found, options) };
}

function faultRows(options: BacktestOptions, say: WriteIo["say"]) {
  return LEVELS.flatMap((level) =>
    FAULT_KINDS.filter((fault) => fault !== options.fault).map((fault) => {
      say(`${level} messages an hour, ${fault} …\n`);
      return faultRow(level, { ...options, fault, ...WRITTEN.faults });
    }),
  );
}

function promisedRows(options: BacktestOptions, say: WriteIo["say"]): PromiseRow[] {
  return [null, ...LOOK_BACKS].flatMap((lookBack) =>
    PROMISE_LEVELS.map((level) => {
      say(`${level} messages an hour, looking back ${lookBack === null ? "without a limit" : `${lookBack} min`} …\n`);
      const size = lookBack === null ? WRITTEN.promises : WRITTEN.shortened;
      return promiseRow(level, lookBack, { ...options, ...size });
    }),
  );
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

function promisesModule(rows: readonly PromiseRow[]): string {
  const lines = rows.map((row) => `  ${JSON.stringify(Object.values(row))},`);
  return [
    `// Made by \`${WRITE_COMMAND}\`. Don't edit.`,
    'import { type PromiseRow, promiseRowOf } from "./promise-rows";',
    "",
    "/** All triggers together, at each rate, and with windows that are shortened after a rollback: see `promiseRowOf`. */",
    "export const PROMISED: readonly PromiseRow[] = (",
    "  [",
    ...lines.map((line) => `  ${line}`),
    "  ] as const",
    ").map(promiseRowOf);",
    "",
  ].join("\n");
}
