import type { Proportion } from "./bounds";

/** A number that was read, or why it could not be. Not being able to read is never the same as nothing there. */
export type Read<T> = { readonly value: T } | { readonly unavailable: string };

/** Messages of one kind, and how many of them went wrong. */
export interface FaultCount {
  readonly n: number;
  readonly bad: number;
}

/** Response times as counts. */
export interface SlowCount {
  readonly n: number;
  /** Slower than the rollback trigger's 3 s. */
  readonly overTrigger: number;
  /** Slower than the success criterion's 2 s. */
  readonly overSuccess: number;
}

/** One business number of both engines over the same time. */
export interface Comparison {
  readonly python: Proportion;
  readonly node: Proportion;
}

/** A business metric that is compared with Node. */
export interface WatchMetric {
  /** As people call it: "booking rate". Identifies it in the configuration. */
  readonly name: string;
  readonly reading: Read<Comparison>;
  /** What a hit is, where the name does not say it: "within 7.3 s, Node's p95". */
  readonly note?: string;
}

/** What is known of one Python image since it began to serve customers. Synthetic messages are in none of the counts. */
export interface Evidence {
  /** Digest of the image all counts belong to. */
  readonly digest: string;
  /** Since when it serves, milliseconds since the epoch; counts reach from here to `until`. */
  readonly since: number;
  readonly until: number;
  /** Messages an hour that reach Python at the present share; undefined where it is not known, then there is no ETA. */
  readonly messagesPerHour?: number;
  /** HTTP: answered with 5xx or not reached, of the customers' requests that the load balancer sent to Python. */
  readonly errors: Read<FaultCount>;
  /** `message_queue`: failed or left unfinished, of the messages Python accepted. */
  readonly processing: Read<FaultCount>;
  /** Log events `agent_routed` with outcome `failed`, of all of them. */
  readonly routing: Read<FaultCount>;
  /** Seconds until the webhook was answered, as the load balancer saw it. */
  readonly acknowledgement: Read<SlowCount>;
  /** Log events `appointment_booking` with outcome `failed`, of all of them. A refusal by the customer is none. */
  readonly bookingFailures: Read<FaultCount>;
  readonly watched: readonly WatchMetric[];
}

/**
 * Which question is asked. `ladder`: at 95 % no worse than the rollback triggers, and by what was seen within the success
 * criteria. `final`: the success criteria themselves at 95 %. Design 7, review-user R2.
 */
export type Bar = "ladder" | "final";

export type Outcome = "PASS" | "FAIL" | "NOT ENOUGH EVIDENCE";

/** The verdict on one criterion. */
export interface CriterionVerdict {
  /** Fixed, for machines: `errors`, `booking rate`. */
  readonly id: string;
  /** `blocking`: must pass. `watch`: only a clear FAIL blocks. */
  readonly kind: "blocking" | "watch";
  readonly outcome: Outcome;
  /** What it is judged by: "below 5 % at 95 %". */
  readonly criterion: string;
  /** What was seen, with count and bound: "0/41 failed; at 95 % below 7.1 %". */
  readonly seen: string;
  /** Messages of this kind. */
  readonly n: number;
  /** The bound of the rate at 95 %; for a watch criterion the low end of the interval. Undefined without data. */
  readonly bound?: number;
  /** What is missing for PASS: "18 more messages without a fault". */
  readonly missing?: string;
  /** Messages of this kind that would do if all were faultless. */
  readonly missingCount?: number;
  /** When they will have come at the present rate, milliseconds since the epoch. */
  readonly eta?: number;
}

/** The verdict on an image. */
export interface Verdict {
  readonly bar: Bar;
  readonly digest: string;
  readonly since: number;
  readonly outcome: Outcome;
  readonly criteria: readonly CriterionVerdict[];
  /** When the last missing message will have come; undefined when nothing is missing, or nobody can say. */
  readonly eta?: number;
}
