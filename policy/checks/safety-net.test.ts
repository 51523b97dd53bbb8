import { describe, expect, it } from "vitest";
import { type Declared, UNKNOWN } from "./model";
import { nodeUntilDecommission, weightsAsRecorded } from "./safety-net";
import { resource } from "./testkit";
import { triggersArmed } from "./trigger-set";
import { TYPES } from "./types";

// What each check misses in the program itself is shown by policy/program.test.ts; here is what a state from AWS adds.
const applied = (phase: string, pythonShare: number) =>
  resource(TYPES.parameter, { name: "/cutover/prod/applied", value: JSON.stringify({ phase, pythonShare }) });
const python = resource(TYPES.targetGroup, { arn: "arn:python" }, { name: "traffic-python-customer" });
const rule = (...groups: readonly (readonly [string, unknown])[]) => {
  const targetGroups = groups.map(([arn, weight]) => ({ arn, weight }));
  return resource(TYPES.listenerRule, { priority: 50, actions: [{ type: "forward", forward: { targetGroups } }] });
};
const messages = (all: readonly Declared[]) => weightsAsRecorded(all).map(({ message }) => message);

describe("weightsAsRecorded", () => {
  it("takes the groups in any order", () => {
    expect(messages([applied("parallel", 10), python, rule(["arn:node", 90], ["arn:python", 10])])).toEqual([]);
    expect(messages([applied("parallel", 10), python, rule(["arn:python", 10], ["arn:node", 90])])).toEqual([]);
  });

  it("sees Node and Python exchanged", () => {
    const swapped = rule(["arn:node", 10], ["arn:python", 90]);
    expect(messages([applied("parallel", 10), python, swapped])).toEqual([expect.stringContaining("10 : 90")]);
  });

  it("goes by the numbers while ARNs are not known, and waits where the weights are not", () => {
    const unmade = { ...python, props: { arn: UNKNOWN } };
    expect(messages([applied("parallel", 10), unmade, rule(["a", 90], ["b", 10])])).toEqual([]);
    expect(messages([applied("parallel", 10), unmade, rule(["a", 75], ["b", 25])])).toHaveLength(1);
    expect(messages([applied("parallel", 10), python, rule(["a", UNKNOWN], ["b", 10])])).toEqual([]);
  });

  it("wants everything for Python once Node is removed, and nothing while rolled back", () => {
    expect(messages([applied("decommission", 100), python, rule(["arn:python", 100])])).toEqual([]);
    expect(messages([applied("full", 0), python, rule(["arn:node", 100], ["arn:python", 0])])).toEqual([]);
    expect(messages([applied("full", 0), python, rule(["arn:node", 0], ["arn:python", 100])])).toHaveLength(1);
  });
});

it("every check leaves a stack alone that has no front door, or whose phase is wrong (another policy tells that)", () => {
  for (const check of [nodeUntilDecommission, weightsAsRecorded, triggersArmed]) {
    expect(check([])).toEqual([]);
    expect(check([resource(TYPES.bucket, {})])).toEqual([]);
    expect(check([applied("canary", 5), rule(["a", 90], ["b", 10])])).toEqual([]);
  }
});

it("a front door without a record is told once", () => {
  expect(nodeUntilDecommission([rule(["a", 100])])).toEqual([{ message: expect.stringContaining("Nothing records") }]);
  expect(triggersArmed([rule(["a", 100])])).toEqual([]);
});
