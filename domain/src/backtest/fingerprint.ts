import { createHash } from "node:crypto";
import { VARIATIONS, variationRow } from "./assumptions";
import { backtest, DEFAULTS, faultRow, LEVELS } from "./backtest";
import { FAULT_KINDS } from "./faults";
import { promiseRow } from "./promise-rows";

const SMALL = { ...DEFAULTS, seed: 1, days: 50, trials: 50 };

/**
 * Stands for everything that the committed numbers come from: definitions, evaluator, traffic, faults, random numbers. Small
 * runs of each kind, seconds together: whatever changes a number there may change it in the table.
 */
export function runsHash(): string {
  const level = LEVELS[1];
  const runs = [
    ...LEVELS.map((one) => backtest(one, SMALL)),
    ...FAULT_KINDS.map((fault) => faultRow(level, { ...SMALL, fault })),
    ...VARIATIONS.map((variation) => variationRow(level, variation, SMALL)),
    promiseRow(level, 60, SMALL),
  ];
  return createHash("sha256").update(JSON.stringify(runs)).digest("hex").slice(0, 16);
}
