import { describe, expect, it } from "vitest";
import { evaluateComposite, namesIn } from "./composite";
import type { AlarmState } from "./definition";

const STATES: Record<string, AlarmState> = { a: "ALARM", o: "OK", i: "INSUFFICIENT_DATA" };
const holds = (rule: string) => evaluateComposite(rule, (name) => STATES[name] ?? "OK");

describe("composite rules", () => {
  it.each([
    ['ALARM("a")', true],
    ['ALARM("i")', false],
    ['OK("o")', true],
    ['OK("i")', false],
    ['INSUFFICIENT_DATA("i")', true],
    ['ALARM("o") OR ALARM("a")', true],
    ['ALARM("o") AND ALARM("a")', false],
    ['NOT ALARM("o") AND ALARM("a")', true],
    ['NOT (ALARM("o") OR ALARM("a"))', false],
    // AND before OR.
    ['ALARM("a") OR ALARM("o") AND ALARM("o")', true],
    ['(ALARM("a") OR ALARM("o")) AND ALARM("o")', false],
    ['NOT NOT ALARM("a")', true],
  ])("%s is %s", (rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });

  it.each([
    "TRUE",
    'AT_LEAST(1, ALARM, ("a"))',
    'ALARM("a") XOR ALARM("o")',
    "ALARM(a)",
    'ALARM("a"',
    '(ALARM("a")',
    'ALARM("a") AND',
    'ALARM("a") ALARM("o")',
    "",
  ])("%s is refused", (rule) => {
    expect(() => holds(rule)).toThrow("unexpected place");
  });

  it("reads both sides, so that a name that is not there always shows", () => {
    const read: string[] = [];
    evaluateComposite('ALARM("a") OR ALARM("b") AND ALARM("c")', (name) => {
      read.push(name);
      return "ALARM";
    });
    expect(read).toEqual(["a", "b", "c"]);
    expect(namesIn('ALARM("a") OR NOT OK("b") OR OK("a")')).toEqual(["a", "b"]);
  });
});
