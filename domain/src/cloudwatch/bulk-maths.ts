import { NotSupported } from "./errors";
import { OPERATIONS } from "./maths";
import type { Expression, Operator } from "./syntax";

/** A number, or one value an evaluation with NaN for a missing datum. */
export type Column = number | Float64Array;

/** {@link evaluate} of maths.ts on columns instead of an alarm's few periods; the same rules, proved equal by test. */
export function bulkMaths(expression: Expression, read: (id: string) => Column): Column {
  const inner = (one: Expression): Column => bulkMaths(one, read);
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "id":
      return read(expression.id);
    case "minus": {
      const of = inner(expression.of);
      return typeof of === "number" ? -of : of.map((x) => -x);
    }
    case "fill":
      return fill(inner(expression.of), expression.value);
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

function binary(operator: Operator, left: Column, right: Column): Column {
  const operation = OPERATIONS[operator];
  if (typeof left === "number" && typeof right === "number") return operation(left, right);
  if (typeof left === "number" || typeof right === "number") {
    if (operator === "AND" || operator === "OR") throw new NotSupported(`${operator} of a series and a number`);
    const [series, number, swapped] =
      typeof left === "number" ? [right as Float64Array, left, true] : [left, right as number, false];
    return withNumber(operation, series, number, swapped);
  }
  const out = new Float64Array(left.length);
  for (let i = 0; i < out.length; i++) {
    const a = left[i] as number;
    const b = right[i] as number;
    out[i] = Number.isNaN(a) ? (Number.isNaN(b) ? a : operation(0, b)) : operation(a, Number.isNaN(b) ? 0 : b);
  }
  return out;
}

function withNumber(
  operation: (a: number, b: number) => number,
  series: Float64Array,
  number: number,
  swapped: boolean,
): Float64Array {
  const out = new Float64Array(series.length);
  for (let i = 0; i < out.length; i++) {
    const x = series[i] as number;
    out[i] = Number.isNaN(x) ? x : swapped ? operation(number, x) : operation(x, number);
  }
  return out;
}

function fill(value: Column, by: number): Column {
  if (typeof value === "number") throw new NotSupported("FILL of a number");
  const out = new Float64Array(value.length);
  for (let i = 0; i < out.length; i++) {
    const x = value[i] as number;
    out[i] = Number.isNaN(x) ? by : x;
  }
  return out;
}

function choose(condition: Column, then: Column, otherwise: Column | undefined): Column {
  if (typeof condition === "number") {
    const chosen = condition !== 0 ? then : otherwise;
    if (typeof then === "number" || typeof chosen === "number") {
      throw new NotSupported("IF of a number that gives a number");
    }
    return chosen ?? new Float64Array(then.length).fill(Number.NaN);
  }
  const out = new Float64Array(condition.length);
  for (let i = 0; i < out.length; i++) {
    const yes = condition[i] as number;
    if (Number.isNaN(yes)) out[i] = Number.NaN;
    else if (yes === 0) out[i] = otherwise === undefined ? Number.NaN : at(otherwise, i);
    else out[i] = typeof then === "number" ? then : presentOr0(then[i] as number);
  }
  return out;
}

const at = (column: Column, i: number): number => (typeof column === "number" ? column : (column[i] as number));
const presentOr0 = (x: number): number => (Number.isNaN(x) ? 0 : x);
