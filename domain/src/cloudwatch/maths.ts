import { NotSupported } from "./errors";
import type { Expression, Operator } from "./syntax";

/** Values at the alarm's periods, oldest first; undefined = no datum. */
export type Points = readonly (number | undefined)[];

/** What an expression is: one number, or a time series. */
export type Value = number | Points;

/** Choices where the vendor's pages say nothing; our definitions give the same state either way (tested). */
export interface Undocumented {
  /** Whether FILL makes points for a series that has none at all. Default true. */
  readonly fillsEmpty?: boolean;
}

/**
 * An expression's value. Source: CloudWatch user guide, "Metric math syntax and functions": a missing value counts as 0
 * where the other series has one, division by zero drops the point, comparisons give 0 or 1, IF drops points whose
 * condition is missing and takes 0 for a missing true value.
 *
 * @param read the series of an id
 * @throws NotSupported for combinations that the vendor does not describe
 */
export function evaluate(expression: Expression, read: (id: string) => Value, options: Undocumented = {}): Value {
  const inner = (one: Expression): Value => evaluate(one, read, options);
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "id":
      return read(expression.id);
    case "minus":
      return map(inner(expression.of), (x) => -x);
    case "fill":
      return fill(inner(expression.of), expression.value, options);
    case "binary":
      return binary(expression.operator, inner(expression.left), inner(expression.right));
    case "if":
      return choose(
        inner(expression.condition),
        inner(expression.then),
        expression.otherwise && inner(expression.otherwise),
      );
  }
}

const truth = (yes: boolean): number => (yes ? 1 : 0);

/** Two numbers to one; NaN drops the point. */
export const OPERATIONS: Readonly<Record<Operator, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? Number.NaN : a / b),
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
  AND: (a, b) => truth(a !== 0 && b !== 0),
  OR: (a, b) => truth(a !== 0 || b !== 0),
};

function binary(operator: Operator, left: Value, right: Value): Value {
  const operation = OPERATIONS[operator];
  if (typeof left === "number" && typeof right === "number") return operation(left, right);
  if (typeof left === "number" || typeof right === "number") {
    if (operator === "AND" || operator === "OR") throw new NotSupported(`${operator} of a series and a number`);
    if (typeof left === "number") return map(right, (x) => operation(left, x));
    return map(left, (x) => operation(x, right as number));
  }
  return left.map((a, i) => {
    const b = right[i];
    return a === undefined && b === undefined ? undefined : kept(operation(a ?? 0, b ?? 0));
  });
}

function choose(condition: Value, then: Value, otherwise: Value | undefined): Value {
  if (typeof condition === "number") {
    const chosen = condition !== 0 ? then : otherwise;
    if (typeof then === "number" || typeof chosen === "number") {
      throw new NotSupported("IF of a number that gives a number");
    }
    return chosen ?? then.map(() => undefined);
  }
  return condition.map((yes, i) => {
    if (yes === undefined) return undefined;
    const from = yes !== 0 ? then : otherwise;
    const value = typeof from === "number" ? from : from?.[i];
    return value === undefined ? (yes !== 0 ? 0 : undefined) : kept(value);
  });
}

function fill(value: Value, by: number, { fillsEmpty = true }: Undocumented): Value {
  if (typeof value === "number") throw new NotSupported("FILL of a number");
  if (!fillsEmpty && value.every((x) => x === undefined)) return value;
  return value.map((x) => x ?? by);
}

function map(value: Value, by: (x: number) => number): Value {
  return typeof value === "number" ? by(value) : value.map((x) => (x === undefined ? undefined : kept(by(x))));
}

const kept = (x: number): number | undefined => (Number.isNaN(x) ? undefined : x);
