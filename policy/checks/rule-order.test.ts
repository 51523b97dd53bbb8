import { describe, expect, it } from "vitest";
import { type Declared, UNKNOWN } from "./model";
import { rulesInOrder } from "./rule-order";
import { resource } from "./testkit";
import { TYPES } from "./types";

const listener = resource(TYPES.listener, { arn: "arn:https" }, { name: "traffic-https" });
const rule = (name: string, priority: unknown, props: Record<string, unknown> = {}) =>
  resource(TYPES.listenerRule, { listenerArn: "arn:https", priority, ...props }, { name });
const PYTHON = { actions: [{ type: "forward", targetGroupArn: "arn:python" }] };
const SPLIT = [rule("traffic-pinned", 40), rule("traffic-split", 50), rule("traffic-unmatched", 60)];
const BY_CONTACT = [...SPLIT, rule("traffic-split-contact", 45)];
const messages = (...rules: Declared[]) => rulesInOrder([listener, ...rules]).map(({ message }) => message);

describe("the kill switch", () => {
  it.each([30, 1, 39])("at priority %i comes before every rule that takes customers' messages", (priority) => {
    expect(messages(...BY_CONTACT, rule("traffic-kill-switch", priority))).toEqual([]);
  });

  it.each([
    [42, /\(priority 42\) comes after traffic-pinned \(priority 40\): .* below 40/],
    [47, /comes after traffic-pinned \(priority 40\), traffic-split-contact \(priority 45\)/],
    [55, /traffic-split \(priority 50\).*would not move what they take; give it a priority below 40/],
    [UNKNOWN, /\(priority not known\) comes after .* below 40/],
    [undefined, /\(priority not known\) comes after/],
  ])("at priority %s does not", (priority, expected) => {
    expect(messages(...BY_CONTACT, rule("traffic-kill-switch", priority))).toEqual([expect.stringMatching(expected)]);
  });

  it("is meant in each of its forms: by its header, and the switch to the inbox", () => {
    const conditions = [{ httpHeader: { httpHeaderName: "X-Cutover-Kill-Switch", values: ["never"] } }];
    expect(messages(...SPLIT, rule("traffic-hold", 35))).toEqual([]);
    expect(messages(...SPLIT, rule("traffic-hold", 70))).toEqual([expect.stringContaining("traffic-hold")]);
    expect(messages(...SPLIT, rule("other", 70, { conditions }))).toEqual([expect.stringContaining("other")]);
  });

  it("says which resource is to blame", () => {
    const late = rule("traffic-kill-switch", 55);
    expect(rulesInOrder([listener, ...SPLIT, late])[0]?.about).toBe(late);
  });
});

describe("a rule that the program does not know", () => {
  it.each([61, 90, 50_000])("may have priority %i", (priority) => {
    expect(messages(...SPLIT, rule("extra", priority, PYTHON))).toEqual([]);
  });

  it.each([
    [5, /extra \(priority 5\) comes before traffic-unmatched \(priority 60\).* give it a priority above 60/],
    [42, /extra \(priority 42\)/],
    [55, /extra \(priority 55\)/],
    [UNKNOWN, /extra \(priority not known\)/],
  ])("may not have priority %s", (priority, expected) => {
    expect(messages(...SPLIT, rule("extra", priority, PYTHON))).toEqual([expect.stringMatching(expected)]);
  });

  it("takes messages by whatever it answers, too", () => {
    const closed = { actions: [{ type: "fixed-response", fixedResponse: { statusCode: "503" } }] };
    expect(messages(...SPLIT, rule("closed", 5, closed))).toHaveLength(1);
  });

  it("may do on another listener what it wants, known by ARN or by where the ARN comes from", () => {
    expect(messages(...SPLIT, rule("extra", 5, { listenerArn: "arn:other" }))).toEqual([]);
    const from = (of: string, one: Declared): Declared => ({
      ...one,
      props: { ...one.props, listenerArn: UNKNOWN },
      comesFrom: { listenerArn: [{ type: TYPES.listener, name: of }] },
    });
    const unmade = { ...listener, props: { arn: UNKNOWN } };
    const split = SPLIT.map((one) => from("traffic-https", one));
    expect(rulesInOrder([unmade, ...split, from("admin", rule("extra", 5))])).toEqual([]);
    expect(rulesInOrder([unmade, ...split, from("traffic-https", rule("extra", 5))])).toHaveLength(1);
  });
});

it("leaves a stack alone that has no front door, or whose split is not there (another policy tells that)", () => {
  expect(rulesInOrder([])).toEqual([]);
  expect(rulesInOrder([resource(TYPES.bucket, {})])).toEqual([]);
  expect(messages(rule("traffic-kill-switch", 30), rule("extra", 5))).toEqual([]);
});
