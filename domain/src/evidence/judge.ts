import { differenceInterval, lowerBound, upperBound } from "./bounds";
import { BOOKING_FAILURE_LIMIT, CRITERIA, type Criterion, SUCCESS_SECONDS, TOLERATED_DROP } from "./criteria";
import type {
  Bar,
  Comparison,
  CriterionVerdict,
  Evidence,
  FaultCount,
  Outcome,
  Read,
  Verdict,
  WatchMetric,
} from "./model";

const HOUR_MS = 3_600_000;
/** Beyond this many further messages nobody waits: the ETA would be a joke. */
const MOST_MISSING = 1_000_000;

/**
 * (evidence, bar) → verdict. PASS only when every blocking criterion passes and no watch criterion fails; FAIL when what
 * was seen is, at 95 %, worse than the success criterion allows; everything between is NOT ENOUGH EVIDENCE, and so is
 * whatever could not be read.
 */
export function judge(evidence: Evidence, bar: Bar, now: number): Verdict {
  const blocking = CRITERIA.map((criterion) => judgeCriterion(criterion, evidence, bar, now));
  const watched = [judgeBookingFailures(evidence.bookingFailures), ...evidence.watched.map(judgeWatched)];
  const criteria = [...blocking, ...watched];
  const outcome = together(blocking, watched);
  const etas = blocking.map((one) => one.eta);
  const waiting = blocking.some((one) => one.outcome !== "PASS");
  const eta = etas.every((one, i) => blocking[i]?.outcome === "PASS" || one !== undefined)
    ? Math.max(...etas.map((one) => one ?? 0))
    : undefined;
  return {
    bar,
    digest: evidence.digest,
    since: evidence.since,
    outcome,
    criteria,
    ...(waiting && outcome === "NOT ENOUGH EVIDENCE" && eta !== undefined ? { eta } : {}),
  };
}

function together(blocking: readonly CriterionVerdict[], watched: readonly CriterionVerdict[]): Outcome {
  if ([...blocking, ...watched].some((one) => one.outcome === "FAIL")) return "FAIL";
  return blocking.every((one) => one.outcome === "PASS") ? "PASS" : "NOT ENOUGH EVIDENCE";
}

/** The demand of a criterion at a bar: the bound's limit, and the limit of what was simply seen. */
interface Demand {
  readonly counted: FaultCount;
  readonly seen: FaultCount;
  readonly boundLimit: number;
  readonly seenLimit: number;
}

function demandOf(criterion: Criterion, counts: { trigger: FaultCount; success: FaultCount }, bar: Bar): Demand {
  const seen = { seen: counts.success, seenLimit: criterion.success };
  return bar === "ladder"
    ? { ...seen, counted: counts.trigger, boundLimit: criterion.trigger }
    : { ...seen, counted: counts.success, boundLimit: criterion.success };
}

function judgeCriterion(criterion: Criterion, evidence: Evidence, bar: Bar, now: number): CriterionVerdict {
  const bad = bar === "ladder" ? criterion.badOnLadder : criterion.badAtEnd;
  const limit = bar === "ladder" ? criterion.trigger : criterion.success;
  const head = { id: criterion.id, kind: "blocking" as const, criterion: `${bad}: below ${percent(limit)} at 95 %` };
  const read = criterion.read(evidence);
  if ("unavailable" in read) return unknown(head, read.unavailable);
  const demand = demandOf(criterion, read.value, bar);
  const { n } = demand.counted;
  const bound = upperBound(demand.counted.bad, n);
  const outcome = outcomeOf(demand);
  const seen = describe(demand, bad, bound);
  const verdict = { ...head, outcome, seen, n, bound };
  if (outcome === "PASS") return verdict;
  if (outcome === "FAIL") {
    const least = lowerBound(demand.seen.bad, demand.seen.n);
    return {
      ...verdict,
      missing: `at 95 % it is above ${percent(least)}; at most ${percent(demand.seenLimit)} is allowed`,
    };
  }
  return { ...verdict, ...whatIsMissing(demand, evidence, now) };
}

function outcomeOf(demand: Demand): Outcome {
  if (passes(demand)) return "PASS";
  // Worse than what counts as success in the end: more messages of this kind would only make it surer.
  return lowerBound(demand.seen.bad, demand.seen.n) > demand.seenLimit ? "FAIL" : "NOT ENOUGH EVIDENCE";
}

function passes({ counted, seen, boundLimit, seenLimit }: Demand): boolean {
  if (counted.n === 0 || seen.n === 0) return false;
  return upperBound(counted.bad, counted.n) < boundLimit && seen.bad / seen.n < seenLimit;
}

/** The fewest further messages that would do if all of them were faultless. */
function faultlessNeeded(demand: Demand): number | undefined {
  const after = (more: number): Demand => ({
    ...demand,
    counted: { n: demand.counted.n + more, bad: demand.counted.bad },
    seen: { n: demand.seen.n + more, bad: demand.seen.bad },
  });
  let enough = 1;
  while (!passes(after(enough))) {
    enough *= 2;
    if (enough > MOST_MISSING) return undefined;
  }
  let tooFew = Math.floor(enough / 2);
  while (enough - tooFew > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (passes(after(middle))) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

function whatIsMissing(
  demand: Demand,
  evidence: Evidence,
  now: number,
): Pick<CriterionVerdict, "missing" | "missingCount" | "eta"> {
  const count = faultlessNeeded(demand);
  if (count === undefined) return { missing: "more messages than anybody would wait for" };
  const perHour = rateOf(demand.counted.n, evidence);
  const eta = perHour ? now + (count / perHour) * HOUR_MS : undefined;
  const missing = `${count} more ${count === 1 ? "message" : "messages"} without a fault`;
  return { missing, missingCount: count, ...(eta === undefined ? {} : { eta }) };
}

/** Messages of this kind an hour: as many a message as so far (an event may come more or less often than a message). */
function rateOf(n: number, { errors, messagesPerHour }: Evidence): number | undefined {
  if (!messagesPerHour) return undefined;
  const messages = "value" in errors ? errors.value.n : 0;
  return n > 0 && messages > 0 ? messagesPerHour * (n / messages) : messagesPerHour;
}

/** A trigger without a number in the plan, and rare: watched, not waited for. */
function judgeBookingFailures(read: Read<FaultCount>): CriterionVerdict {
  const criterion = `failed: below ${percent(BOOKING_FAILURE_LIMIT)} at 95 %`;
  const head = { id: "booking failures", kind: "watch" as const, criterion };
  if ("unavailable" in read) return unknown(head, read.unavailable);
  const { n, bad } = read.value;
  const bound = upperBound(bad, n);
  const seen = `${bad}/${n} failed; at 95 % below ${percent(bound)}`;
  if (lowerBound(bad, n) > BOOKING_FAILURE_LIMIT) {
    const least = percent(lowerBound(bad, n));
    return { ...head, outcome: "FAIL", seen, n, bound, missing: `at 95 % above ${least}` };
  }
  if (n > 0 && bound < BOOKING_FAILURE_LIMIT) return { ...head, outcome: "PASS", seen, n, bound };
  return {
    ...head,
    outcome: "NOT ENOUGH EVIDENCE",
    seen,
    n,
    bound,
    missing: "too few attempts to tell; does not block",
  };
}

/**
 * Against Node over the same time. PASS: at 95 % not more than 5 points below. FAIL, clear: at 99 % below Node, because it
 * is looked at on every rung. In between nobody can tell, and that blocks nothing.
 */
function judgeWatched({ name, reading, note }: WatchMetric): CriterionVerdict {
  const criterion = `not more than ${points(TOLERATED_DROP)} points below Node at 95 %`;
  const head = { id: name, kind: "watch" as const, criterion };
  if ("unavailable" in reading) return unknown(head, reading.unavailable);
  const { python, node } = reading.value;
  const { low, high } = differenceInterval(python, node, 0.95);
  const seen = `${note === undefined ? "" : `${note}: `}${describeComparison(reading.value, low, high)}`;
  const verdict = { ...head, seen, n: python.n, bound: low };
  if (differenceInterval(python, node, 0.99).high < 0) {
    return { ...verdict, outcome: "FAIL", missing: "at 99 % lower than Node's" };
  }
  if (low >= -TOLERATED_DROP) return { ...verdict, outcome: "PASS" };
  return { ...verdict, outcome: "NOT ENOUGH EVIDENCE", missing: "too few messages to tell; does not block" };
}

function unknown(head: Pick<CriterionVerdict, "id" | "kind" | "criterion">, reason: string): CriterionVerdict {
  return { ...head, outcome: "NOT ENOUGH EVIDENCE", seen: "no data", n: 0, missing: reason };
}

function describe(demand: Demand, bad: string, bound: number): string {
  const { counted, seen } = demand;
  const rate = `${counted.bad}/${counted.n} ${bad}; at 95 % below ${percent(bound)}`;
  const success =
    seen === counted || seen.bad === counted.bad ? "" : `; ${seen.bad}/${seen.n} slower than ${SUCCESS_SECONDS} s`;
  return rate + success;
}

function describeComparison({ python, node }: Comparison, low: number, high: number): string {
  if (python.n === 0 || node.n === 0) return `Python ${python.hits}/${python.n}, Node ${node.hits}/${node.n}`;
  const rate = ({ hits, n }: { hits: number; n: number }) => `${hits}/${n} (${points(hits / n)} %)`;
  return `Python ${rate(python)}, Node ${rate(node)}; difference ${points(low)} to ${points(high)} points`;
}

/** "7.1 %", "0.34 %", "5 %". Rounded up in the last place: a bound is never shaved. */
export function percent(part: number): string {
  const value = part * 100;
  const scale = value >= 1 ? 10 : 100;
  return `${Math.ceil(value * scale - 1e-6) / scale} %`;
}

function points(part: number): string {
  return (part * 100).toFixed(1).replace(/\.0$/, "").replace(/^-0$/, "0");
}
