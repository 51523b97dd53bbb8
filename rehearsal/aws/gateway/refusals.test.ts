import { describe, expect, it } from "vitest";
import { refuseAttributes, refuseConditions, refuseTargets } from "./refusals";

const form = (entries: Record<string, string>) => new URLSearchParams(entries);

/** Conditions as the SDK words them: one entry a condition. */
function conditions(
  ...list: { config: string; values: readonly (string | { Key: string; Value: string })[] }[]
): URLSearchParams {
  const params = form({ Action: "CreateRule" });
  for (const [at, { config, values }] of list.entries()) {
    if (config === "HttpHeaderConfig")
      params.set(`Conditions.member.${at + 1}.HttpHeaderConfig.HttpHeaderName`, "x-a*b?c*");
    for (const [index, value] of values.entries()) {
      const prefix = `Conditions.member.${at + 1}.${config}.Values.member.${index + 1}`;
      if (typeof value === "string") params.set(prefix, value);
      else for (const [name, text] of Object.entries(value)) params.set(`${prefix}.${name}`, text);
    }
  }
  return params;
}

const path = (...values: string[]) => ({ config: "PathPatternConfig", values });
const header = (...values: string[]) => ({ config: "HttpHeaderConfig", values });
const query = (...values: { Key: string; Value: string }[]) => ({ config: "QueryStringConfig", values });

const header1 = conditions(header("b"));
const regex = (...values: string[]) =>
  form(
    Object.fromEntries(
      values.map((value, at) => [`Conditions.member.1.HttpHeaderConfig.RegexValues.member.${at + 1}`, value]),
    ),
  );

describe("conditions of a rule", () => {
  it.each([
    ["five values", conditions(path("/a", "/b"), header("1", "2", "3")), undefined],
    ["six values", conditions(path("/a", "/b", "/c"), header("1", "2", "3")), "'5' condition values"],
    ["four values in one condition", conditions(header("1", "2", "3", "4")), "'3' values"],
    ["five wildcards", conditions(path("/*/*"), header("*a", "*b", "?")), undefined],
    ["six wildcards", conditions(path("/*/*"), header("*a", "*b", "??")), "'5' condition wildcards"],
    [
      "a pair is one value",
      conditions(query({ Key: "a", Value: "1" }, { Key: "b", Value: "2" }, { Key: "c", Value: "3" })),
      undefined,
    ],
    ["an expression", regex("^.*([x-zX-Z]|[a-z][wW])$"), undefined],
    [
      "an expression beside its config",
      form({ "Conditions.member.1.RegexValues.member.1": "[" }),
      "'[' is not a valid",
    ],
    ["a look-ahead", regex("^(?=a)b$"), "not a valid regular expression"],
    ["a back reference", regex("(a)\\1"), "not a valid regular expression"],
    ["a possessive quantifier", regex("a*+b"), "not a valid regular expression"],
    ["an expression of 129 characters", regex("a".repeat(129)), "longer than '128'"],
    ["four expressions in one condition", regex("a", "b", "c", "d"), "'3' values"],
    ["values and expressions in one condition", new URLSearchParams([...regex("a"), ...header1]), "can't have both"],
    ["no conditions (an action is modified)", form({ Action: "ModifyRule" }), undefined],
  ])("%s", (_name, params, expected) => {
    const refusal = refuseConditions(params);
    if (expected === undefined) expect(refusal).toBeUndefined();
    else
      expect(refusal).toMatchObject({
        status: 400,
        code: "ValidationError",
        message: expect.stringContaining(expected),
      });
  });
});

describe("attributes of a target group", () => {
  const set = (attributes: Record<string, string>) => {
    const params = form({});
    for (const [at, [key, value]] of Object.entries(attributes).entries()) {
      params.set(`Attributes.member.${at + 1}.Key`, key);
      params.set(`Attributes.member.${at + 1}.Value`, value);
    }
    return params;
  };
  const least = { "load_balancing.algorithm.type": "least_outstanding_requests" };
  const slow = { "slow_start.duration_seconds": "30" };

  it.each([
    ["both at once", {}, { ...least, ...slow }, true],
    ["slow start onto least outstanding", least, slow, true],
    ["least outstanding onto slow start", slow, least, true],
    ["one replaces the other", slow, { ...least, "slow_start.duration_seconds": "0" }, false],
    ["slow start with round robin", {}, { ...slow, "load_balancing.algorithm.type": "round_robin" }, false],
  ])("%s", (_name, present, wanted, refused) => {
    expect(refuseAttributes(present, set(wanted)) !== undefined).toBe(refused);
  });
});

describe("targets", () => {
  it.each([
    ["8.8.8.8", true],
    ["127.0.0.1", true],
    ["169.254.169.254", true],
    ["172.32.0.1", true],
    ["100.128.0.1", true],
    ["10.0.0.1", false],
    ["172.31.255.255", false],
    ["192.168.1.1", false],
    ["100.64.0.1", false],
    ["i-0123456789abcdef0", false],
    ["arn:aws:lambda:us-east-1:123456789012:function:inbox", false],
  ])("%s refused: %s", (id, refused) => {
    const params = form({ "Targets.member.1.Id": "10.1.1.1", "Targets.member.2.Id": id });
    expect(refuseTargets(params) !== undefined).toBe(refused);
  });
});
