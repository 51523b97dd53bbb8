import { binomialBand } from "@cutover/domain/evidence/split";
import type { MeasuredWindow } from "../report/model";
import type { Seen } from "./checks";

/** Requests of the two customer target groups. */
export interface CustomerCounts {
  readonly node: number;
  readonly python: number;
}

/** What a measured window showed, in the three places where a message leaves a trace. */
export interface ShareSeen {
  /** Percent Python is to get. */
  readonly declared: number;
  /** Rows in `message_queue`. */
  readonly rows: { readonly all: number; readonly python: number };
  /** Requests counted by the load balancer; undefined where messages do not pass it. */
  readonly requests?: CustomerCounts;
  /** With affinity: messages of Python's contacts. Both counts have to be exactly these. */
  readonly ofPythonsContacts?: number;
}

/** Is the split honest? Both counts in the exact 99.99 % band of the declared share, or by contact, and of enough messages. */
export function judgeShare(seen: ShareSeen, atLeast: number): Seen {
  const problems: string[] = [];
  const judge = (name: string, hits: number, n: number) => {
    const exact = seen.ofPythonsContacts;
    const { low, high } = exact === undefined ? binomialBand(n, seen.declared / 100) : { low: exact, high: exact };
    if (n < atLeast) problems.push(`only ${n} ${name}, at least ${atLeast} are needed`);
    else if (hits < low || hits > high) {
      problems.push(`${hits} of ${n} ${name} went to Python, expected ${low} to ${high} (${seen.declared} %)`);
    }
  };
  judge("rows", seen.rows.python, seen.rows.all);
  if (seen.requests)
    judge("requests at the target groups", seen.requests.python, seen.requests.node + seen.requests.python);
  if (problems.length > 0) return { ok: false, seen: problems.join("; ") };
  const share = percent(seen.rows.python, seen.rows.all);
  const each = seen.ofPythonsContacts === undefined ? "" : ", each by its contact's engine";
  return { ok: true, seen: `${share.toFixed(2)} % of ${seen.rows.all} messages, declared ${seen.declared} %${each}` };
}

/** The same as the report wants it. */
export function measuredWindow(seen: ShareSeen, fromMs: number, toMs: number): MeasuredWindow {
  const { all, python } = seen.rows;
  const { low, high } = binomialBand(all, seen.declared / 100);
  const requests = seen.requests && seen.requests.node + seen.requests.python;
  return {
    fromMs,
    toMs,
    requests: all,
    python,
    byTable: percent(python, all),
    ...(seen.requests && requests ? { byLoadBalancer: percent(seen.requests.python, requests) } : {}),
    band: [percent(low, all), percent(high, all)],
  };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}
