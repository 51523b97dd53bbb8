import { NotSupported } from "./errors";
import { OPERATIONS } from "./maths";
import type { Expression, Operator } from "./syntax";

/** A value over the window of slots from `start` up to, not including, `end`; NaN = no datum. */
export type Windowed = (start: number, end: number) => number;

/** A number, or a value for each window. */
export type Compiled = number | Windowed;

/**
 * {@link evaluate} of maths.ts, compiled once and then asked for one window after the other; the same rules, proved
 * equal by test. Branches that a condition rules out are not computed.
 */
export function compile(expression: Expression, read: (id: string) => Compiled): Compiled {
  const inner = (one: Expression): Compiled => compile(one, read);
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "id":
      return read(expression.id);
    case "minus": {
      const of = inner(expression.of);
      return typeof of === "number" ? -of : (s, e) => -of(s, e);
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

function binary(operator: Operator, left: Compiled, right: Compiled): Compiled {
  const operation = OPERATIONS[operator];
  if (typeof left === "number" && typeof right === "number") return operation(left, right);
  if (typeof left === "number" || typeof right === "number") {
    if (operator === "AND" || operator === "OR") throw new NotSupported(`${operator} of a series and a number`);
    return withNumber(operator, left, right);
  }
  if (operator === "AND") return and(left, right);
  return (s, e) => {
    const a = left(s, e);
    const b = right(s, e);
    if (Number.isNaN(a)) return Number.isNaN(b) ? a : operation(0, b);
    return operation(a, Number.isNaN(b) ? 0 : b);
  };
}

function withNumber(operator: Operator, left: Compiled, right: Compiled): Windowed {
  const operation = OPERATIONS[operator];
  if (typeof left === "number") {
    const series = right as Windowed;
    return (s, e) => {
      const x = series(s, e);
      return Number.isNaN(x) ? x : operation(left, x);
    };
  }
  const number = right as number;
  return (s, e) => {
    const x = left(s, e);
    return Number.isNaN(x) ? x : operation(x, number);
  };
}

/** A 0 on the left settles it: what is missing on the right would count as 0, too. */
function and(left: Windowed, right: Windowed): Windowed {
  return (s, e) => {
    const a = left(s, e);
    if (a === 0) return 0;
    const b = right(s, e);
    if (Number.isNaN(a)) return Number.isNaN(b) ? a : 0;
    return b === 0 || Number.isNaN(b) ? 0 : 1;
  };
}

function fill(value: Compiled, by: number): Windowed {
  if (typeof value === "number") throw new NotSupported("FILL of a number");
  return (s, e) => {
    const x = value(s, e);
    return Number.isNaN(x) ? by : x;
  };
}

function choose(condition: Compiled, then: Compiled, otherwise: Compiled | undefined): Compiled {
  if (typeof condition === "number") {
    const chosen = condition !== 0 ? then : otherwise;
    if (typeof then === "number" || typeof chosen === "number") {
      throw new NotSupported("IF of a number that gives a number");
    }
    return chosen ?? (() => Number.NaN);
  }
  const no = otherwise ?? Number.NaN;
  return (s, e) => {
    const yes = condition(s, e);
    if (Number.isNaN(yes)) return yes;
    if (yes === 0) return typeof no === "number" ? no : no(s, e);
    if (typeof then === "number") return then;
    const x = then(s, e);
    return Number.isNaN(x) ? 0 : x;
  };
}
