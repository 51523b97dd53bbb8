import { describe, expect, it } from "vitest";
import { evaluate, type Points } from "./maths";
import { idsIn, parseExpression } from "./syntax";

const _ = undefined;
const SERIES: Record<string, Points> = {
  metric1: [30, 20, 0, 0],
  metric2: [20, _, 20, _],
  c: [1, 1, 0, 0, _],
  x: [30, _, 0, 0, 30],
  y: [0, 0, 20, _, 20],
  none: [_, _, _],
  some: [_, 4, _],
};
const compute = (text: string) => evaluate(parseExpression(text), (id) => SERIES[id] ?? [], {});

describe("metric maths", () => {
  // The tables of "Comparison and logical operators" and "Using IF expressions".
  it.each<[string, Points]>([
    ["metric1 < metric2", [0, 0, 1, 0]],
    ["metric1 >= 30", [1, 0, 0, 0]],
    ["metric1 > 15 AND metric2 > 15", [1, 0, 0, 0]],
    ["IF(c, x, y)", [30, 0, 20, _, _]],
    ["IF(c, 5, y)", [5, 5, 20, _, _]],
    ["IF(c, x, 5)", [30, 0, 5, 5, _]],
    ["IF(c, x)", [30, 0, _, _, _]],
    ["IF(1, x, y)", SERIES.x as Points],
    ["IF(0, x, y)", SERIES.y as Points],
    ["IF(0, x)", [_, _, _, _, _]],
  ])("%s, as the guide shows", (text, expected) => {
    expect(compute(text)).toEqual(expected);
  });

  it.each<[string, Points]>([
    ["metric1 + metric2", [50, 20, 20, 0]],
    ["metric2 - metric1", [-10, -20, 20, 0]],
    ["metric2 + 1", [21, _, 21, _]],
    ["100 * metric2 / metric1", [2000 / 30, 0, _, _]],
    ["-metric1 + 1", [-29, -19, 1, 1]],
    ["none + none", [_, _, _]],
    ["none + some", [_, 4, _]],
    ["FILL(some, 0)", [0, 4, 0]],
    ["FILL(some, -1.5)", [-1.5, 4, -1.5]],
    ["FILL(none, 7)", [7, 7, 7]],
    ["some == 4 || none == 1", [_, 1, _]],
    ["metric1 != 20", [1, 0, 1, 1]],
    ["1 + 2 * 3 - (4 - 6) / 2 + metric1 * 0", [8, 8, 8, 8]],
    ["metric1 - 5 - 5 > 15 AND metric1 <= 30 OR metric1 == 0", [1, 0, 1, 1]],
  ])("%s", (text, expected) => {
    expect(compute(text)).toEqual(expected);
  });

  it("can leave a series empty that has no point to begin with", () => {
    const filled = evaluate(parseExpression("FILL(none, 0)"), () => [_, _], { fillsEmpty: false });
    expect(filled).toEqual([_, _]);
  });

  it.each([
    ["RUNNING_SUM(m1)", "function RUNNING_SUM"],
    ["SUM([m1, m2])", "function SUM"],
    ["METRICS()", "function METRICS"],
    ["FILL(m1, REPEAT)", 'FILL with "REPEAT"'],
    ["FILL(m1, m2)", 'FILL with "m2"'],
    ["m1 ^ 2", '"^"'],
    ["[m1, m2]", '"["'],
    ["M1", '"M1"'],
    ["m1 +", "its end"],
    ["(m1", '"" where ")"'],
    ["m1 m2", '"m2" where the expression should end'],
    ["IF(m1)", '")" where ","'],
    ["IF(m1, 1, 2, 3)", '"," where ")"'],
    ["", "its end"],
  ])("%s is refused by name", (text, what) => {
    expect(() => parseExpression(text)).toThrow(what);
  });

  it.each([
    ["metric1 AND 1", "AND of a series and a number"],
    ["IF(1, 2, metric1)", "IF of a number"],
    ["FILL(3, 1)", "FILL of a number"],
  ])("%s is refused, because the guide does not describe it", (text, what) => {
    expect(() => compute(text)).toThrow(what);
  });

  it("knows what an expression reads", () => {
    expect(idsIn(parseExpression("IF(FILL(a, 0) >= 2 AND b > 1, -c / a, d)"))).toEqual(["a", "b", "c", "d"]);
  });
});
