const TOTALS = new WeakMap<ArrayLike<number>, Float64Array>();

/** Running totals, once for each array: a window's sum is the difference of two. Exact for whole numbers. */
export function totalsOf(values: ArrayLike<number>): Float64Array {
  const before = TOTALS.get(values);
  if (before) return before;
  const totals = new Float64Array(values.length + 1);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i] as number;
    totals[i + 1] = total;
  }
  TOTALS.set(values, totals);
  return totals;
}

const COMBINED = new WeakMap<Float64Array, WeakMap<Float64Array, Map<number, Float64Array>>>();

/** `a + sign * b`, element by element, once for each pair. */
export function combined(a: Float64Array, sign: 1 | -1, b: Float64Array): Float64Array {
  const ofA = COMBINED.get(a) ?? new WeakMap<Float64Array, Map<number, Float64Array>>();
  COMBINED.set(a, ofA);
  const ofPair = ofA.get(b) ?? new Map<number, Float64Array>();
  ofA.set(b, ofPair);
  const before = ofPair.get(sign);
  if (before) return before;
  const result = new Float64Array(Math.min(a.length, b.length));
  for (let i = 0; i < result.length; i++) result[i] = (a[i] as number) + sign * (b[i] as number);
  ofPair.set(sign, result);
  return result;
}

const EVENTS = new WeakMap<Float64Array, Int32Array | "none">();

/**
 * The slot of each event behind running totals, in order; several in one slot come one after the other. Undefined where
 * a slot's number is negative or not whole: then there are no events to count.
 */
export function eventsBehind(totals: Float64Array): Int32Array | undefined {
  const before = EVENTS.get(totals);
  if (before !== undefined) return before === "none" ? undefined : before;
  const found = listed(totals);
  EVENTS.set(totals, found ?? "none");
  return found;
}

function listed(totals: Float64Array): Int32Array | undefined {
  const events = new Int32Array(Math.max(0, totals[totals.length - 1] ?? 0));
  let known = 0;
  for (let slot = 0; slot + 1 < totals.length; slot++) {
    const more = (totals[slot + 1] as number) - (totals[slot] as number);
    if (more === 0) continue;
    if (!(more > 0) || !Number.isInteger(more) || known + more > events.length) return undefined;
    events.fill(slot, known, known + more);
    known += more;
  }
  return known === events.length ? events : undefined;
}
