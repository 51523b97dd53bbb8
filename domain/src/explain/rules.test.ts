import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { comment } from "./comment";
import { type Explanation, explain } from "./explain";
import { fixedPromise, type Place, previewText, step } from "./testkit";

const RAMP_25: Place = { phase: "ramp-25", share: 25 };
const RAMP_50: Place = { phase: "ramp-50", share: 50 };
const RULE = "aws:lb/listenerRule:ListenerRule";

const moved = (from: number, to: number) => ({ old: { priority: from }, new: { priority: to } });

function explained(parts: Parameters<typeof previewText>[0]): Explanation {
  return explain({ preview: previewText(parts), promise: fixedPromise });
}

const codes = ({ headlines }: Explanation) => headlines.map(({ code }) => code);

describe("a listener rule", () => {
  const strange = (priority?: number) =>
    explained({ from: RAMP_25, to: RAMP_25, steps: [step("create", RULE, "python-first", { new: { priority } })] });

  it.each([
    [20, "before the kill switch, and no rollback moves the messages it takes"],
    [42, "before the split, and the share does not count for the messages it takes"],
    [55, "after the split"],
    [undefined, "its place among the rules is not known"],
  ])("of nobody's with priority %j says what it takes, and not that nobody's messages move", (priority, says) => {
    const found = strange(priority);
    expect(found.headlines[0]?.text).toContain(says);
    const text = comment(found);
    expect(text).not.toContain("Nobody's messages move");
    expect(text).toContain("whose messages move can't be told from the share");
  });

  it("of the program's own may come in, and while the stack is built any may", () => {
    const frozen = readFileSync(join(__dirname, "../../../components/__snapshots__/cutover.test.ts.snap"), "utf8");
    const names = [...frozen.matchAll(/"aws:lb\/listenerRule:ListenerRule ([\w-]+)"/g)].map(([, name]) => String(name));
    expect(names).toContain("traffic-split");
    const steps = [...names, "traffic-split-contact", "traffic-hold"].map((name) => step("create", RULE, name));
    expect(codes(explained({ from: RAMP_25, to: RAMP_25, steps }))).toEqual([]);
    const built = explained({
      to: { phase: "prepare", share: 0, webhook: "as-found" },
      steps: [step("create", RULE, "x")],
    });
    expect(codes(built)).toEqual([]);
  });

  it("takes other requests where the secret rotates, or contacts get another share", () => {
    const conditions = { old: { conditions: 1 }, new: { conditions: 2 } };
    const split = step("update", RULE, "traffic-split", conditions);
    const contacts = step("update", RULE, "traffic-split-contact", conditions);
    const rotation = step("update", "pulumi-nodejs:dynamic/cutover:SecretRotation", "secrets-rotation", {
      old: { generation: 1 },
      new: { generation: 2 },
    });
    expect(codes(explained({ from: RAMP_25, to: RAMP_25, steps: [rotation, split, contacts] }))).toEqual([]);
    const by = { affinity: "contact" } as const;
    expect(codes(explained({ from: { ...RAMP_25, ...by }, to: { ...RAMP_50, ...by }, steps: [contacts] }))).toEqual([]);
    expect(codes(explained({ from: RAMP_25, to: RAMP_50, steps: [split] }))).toEqual(["rule"]);
    const moves = step("update", RULE, "traffic-split", moved(50, 20));
    expect(codes(explained({ from: RAMP_25, to: RAMP_25, steps: [rotation, moves] }))).toEqual(["rule"]);
  });
});

describe("the share before", () => {
  const arn = (group: string) => `arn:aws:elasticloadbalancing:x:1:targetgroup/${group}/1`;
  const weighted = (...groups: readonly (readonly [string, number])[]) =>
    step("update", RULE, "traffic-split", {
      old: { actions: [{ forward: { targetGroups: groups.map(([name, weight]) => ({ arn: arn(name), weight })) } }] },
      new: {},
      diff: { actions: { kind: "update", inputDiff: true } },
    });
  const group = (name: string) => {
    const made = step("update", "aws:lb/targetGroup:TargetGroup", "traffic-python-customer", {
      old: { arn: arn(name) },
      new: {},
    });
    return { ...made, detailedDiff: null };
  };
  const share = (...steps: ReturnType<typeof step>[]) =>
    explained({ from: RAMP_25, to: RAMP_25, steps }).change.before?.share;

  it("is Python's, in whatever order AWS gives the groups back", () => {
    const [node, python] = [["cutover-prod-no-c-80", 90] as const, ["cutover-prod-py-c-80", 10] as const];
    expect(share(weighted(node, python))).toBe(10);
    expect(share(weighted(python, node))).toBe(10);
  });

  it("is known by the ARN in the group's own state, whatever its name", () => {
    expect(share(weighted(["b", 10], ["a", 90]), group("b"))).toBe(10);
    expect(share(weighted(["a", 90], ["b", 10]), group("b"))).toBe(10);
  });

  it("is the recorded one where no group is known to be Python's", () => {
    expect(share(weighted(["a", 90], ["b", 10]))).toBe(25);
    expect(share(weighted(["a", 90], ["b", 10]), group("c"))).toBe(25);
  });
});
