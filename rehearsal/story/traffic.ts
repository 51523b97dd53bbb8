import { LoadGenerator, type LoadTotals, type SentMessage } from "../ghl/load";
import type { OutgoingMessage, SendOutcome } from "../ghl/workflow";
import type { Sample } from "../report/model";
import { isAccepted } from "./ledger";

/** Start of every message id of the story. */
export const MESSAGE_PREFIX = "story-";
/** Start of the ids of the measured windows' messages. */
export const WINDOW_PREFIX = `${MESSAGE_PREFIX}window`;

/** A split is judged by so many messages: the band of 99.99 % is ± 3 points around 10 % then. */
export const MESSAGES_PER_PHASE = 2000;

/** Senders at the same time. Source: plan, "Load testing completed (100+ concurrent messages)". */
export const SENDERS = 100;

/**
 * Senders in the shorter windows: a hundred who never pause are a load test of this machine, and on a small one their own
 * queue makes answers slow enough for the latency trigger.
 */
export const FEWER_SENDERS = 25;

/**
 * Messages a second of real time between the measured windows. The alarms' windows last until they hold enough of them: at half
 * this rate the whole rehearsal took 452 s instead of 396 s (two cores, one run each), since less traffic saves less than it waits;
 * half as much again gained nothing.
 */
export const STEADY_RATE = 40;

/** Messages a second while the engine runs: both share this machine, and an update lasts longer the more there are. */
const UPDATE_RATE = 20;

/** Messages a second where the gate must find too few, however slow this machine is: 59 to Python take a minute and more. */
export const FEW_RATE = 1;

export interface TrafficOptions {
  readonly sender: { send(message: OutgoingMessage): Promise<SendOutcome> };
  /** Sends to the front door's own URL. */
  readonly lateSender: { send(message: OutgoingMessage): Promise<SendOutcome> };
  /** Messages a second between the measured windows. */
  readonly rate: number;
}

export interface Window {
  readonly messages: readonly SentMessage[];
  /** Real time, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** All messages of the story: 100 senders at a modest rate, half of it through every update, flat out in the measured windows. */
export class Traffic {
  readonly #steady: LoadGenerator;
  readonly #windows: LoadGenerator;
  readonly #shortWindows: LoadGenerator;
  readonly #late: LoadGenerator;
  #rate: number;

  constructor({ sender, lateSender, rate }: TrafficOptions) {
    this.#rate = rate;
    const shared = { sender, concurrency: SENDERS };
    this.#steady = new LoadGenerator({ ...shared, ratePerSecond: rate, prefix: `${MESSAGE_PREFIX}steady` });
    this.#windows = new LoadGenerator({ ...shared, prefix: WINDOW_PREFIX });
    const few = { ...shared, concurrency: FEWER_SENDERS };
    this.#shortWindows = new LoadGenerator({ ...few, prefix: `${WINDOW_PREFIX}-short` });
    this.#late = new LoadGenerator({ ...shared, sender: lateSender, prefix: `${MESSAGE_PREFIX}late` });
  }

  start(): void {
    this.#steady.start();
  }

  /** Sends no more and waits for the answers under way. */
  async stop(): Promise<void> {
    await Promise.all([this.#steady.stop(), this.#windows.stop(), this.#shortWindows.stop()]);
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#steady.setRate(rate);
  }

  /** Runs the engine, with fewer messages meanwhile. */
  async duringUpdate<T>(run: () => Promise<T>): Promise<T> {
    this.#steady.setRate(Math.min(this.#rate, UPDATE_RATE));
    try {
      return await run();
    } finally {
      this.#steady.setRate(this.#rate);
    }
  }

  /** Sums over the steady messages sent at `fromMs` (real time, ms since the epoch) or later. */
  totals(fromMs: number): LoadTotals {
    return this.#steady.totals(fromMs);
  }

  /** Exactly `count` messages, by so many senders as fast as they are answered; the steady ones pause meanwhile. */
  async window(count: number, senders: typeof SENDERS | typeof FEWER_SENDERS, before: () => void): Promise<Window> {
    await this.#steady.stop();
    before();
    const fromMs = Date.now();
    try {
      const messages = await (senders === SENDERS ? this.#windows : this.#shortWindows).burst(count);
      return { messages, fromMs, toMs: Date.now() };
    } finally {
      this.#steady.start();
    }
  }

  /** Messages to the front door, wherever the webhook points: a sender may know the old URL for a while. */
  atFrontDoor(count: number): Promise<readonly SentMessage[]> {
    return this.#late.burst(count);
  }

  /** Every message sent so far. */
  get messages(): readonly SentMessage[] {
    return [
      ...this.#steady.messages,
      ...this.#windows.messages,
      ...this.#shortWindows.messages,
      ...this.#late.messages,
    ];
  }
}

/** What customers saw of each engine, second by second, for the report's chart. Seconds without a message are left out. */
export function samplesOf(messages: readonly SentMessage[], startedAtMs: number): Sample[] {
  const bySecond = new Map<number, SentMessage[]>();
  for (const message of messages) {
    const second = Math.max(0, Math.floor((message.sentAt - startedAtMs) / 1000));
    const sent = bySecond.get(second);
    if (sent) sent.push(message);
    else bySecond.set(second, [message]);
  }
  return [...bySecond].sort(([a], [b]) => a - b).map(([second, sent]) => ({ atMs: second * 1000, ...sampleOf(sent) }));
}

function sampleOf(sent: readonly SentMessage[]): Omit<Sample, "atMs"> {
  const by = {
    node: [] as SentMessage[],
    python: [] as SentMessage[],
    // Answered by no engine yet: what was held shows in neither line.
    inbox: [] as SentMessage[],
    unknown: [] as SentMessage[],
  };
  for (const message of sent) by[engineOf(message)].push(message);
  const accepted = (of: readonly SentMessage[]) => of.filter(isAccepted).length;
  const [node, python] = [p95(by.node), p95(by.python)];
  return {
    // Node at its own URL may sit behind something that drops the header: what was accepted is then Node's.
    node: accepted(by.node) + accepted(by.unknown),
    python: accepted(by.python),
    errors: {
      node: by.node.length - accepted(by.node),
      python: by.python.length - accepted(by.python),
      unknown: by.unknown.length - accepted(by.unknown),
    },
    p95Ms: { ...(node === undefined ? {} : { node }), ...(python === undefined ? {} : { python }) },
  };
}

/** The engine that answered; an answer of the load balancer itself, and none at all, name no engine. */
function engineOf({ servedBy }: SentMessage): "node" | "python" | "inbox" | "unknown" {
  return servedBy === "node" || servedBy === "python" || servedBy === "inbox" ? servedBy : "unknown";
}

/** The smallest time that at least 95 % of the answers kept to, whole ms; undefined without an answer. */
function p95(answered: readonly SentMessage[]): number | undefined {
  const sorted = answered.map((m) => m.latencyMs).sort((a, b) => a - b);
  const value = sorted[Math.ceil(0.95 * sorted.length) - 1];
  return value === undefined ? undefined : Math.round(value);
}
