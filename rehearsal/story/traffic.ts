import { LoadGenerator, type LoadTotals, type SentMessage } from "../ghl/load";
import type { OutgoingMessage, SendOutcome } from "../ghl/workflow";
import type { Sample } from "../report/model";

/** Start of every message id of the story. */
export const MESSAGE_PREFIX = "story-";

/** Senders at the same time. Source: plan, "Load testing completed (100+ concurrent messages)". */
export const SENDERS = 100;

export interface TrafficOptions {
  readonly sender: { send(message: OutgoingMessage): Promise<SendOutcome> };
  /** Messages a second between the measured windows. */
  readonly rate: number;
}

export interface Window {
  readonly messages: readonly SentMessage[];
  /** Real time, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** All messages of the story: 100 senders at a modest rate through every update, flat out in the measured windows. */
export class Traffic {
  readonly #steady: LoadGenerator;
  readonly #windows: LoadGenerator;

  constructor({ sender, rate }: TrafficOptions) {
    const shared = { sender, concurrency: SENDERS };
    this.#steady = new LoadGenerator({ ...shared, ratePerSecond: rate, prefix: `${MESSAGE_PREFIX}steady` });
    this.#windows = new LoadGenerator({ ...shared, prefix: `${MESSAGE_PREFIX}window` });
  }

  start(): void {
    this.#steady.start();
  }

  /** Sends no more and waits for the answers under way. */
  async stop(): Promise<void> {
    await Promise.all([this.#steady.stop(), this.#windows.stop()]);
  }

  setRate(rate: number): void {
    this.#steady.setRate(rate);
  }

  /** Sums over the steady messages sent at `fromMs` (real time, ms since the epoch) or later. */
  totals(fromMs: number): LoadTotals {
    return this.#steady.totals(fromMs);
  }

  /** Exactly `count` messages, by 100 senders as fast as they are answered; the steady ones pause meanwhile. */
  async window(count: number, before: () => void): Promise<Window> {
    await this.#steady.stop();
    before();
    const fromMs = Date.now();
    try {
      const messages = await this.#windows.burst(count);
      return { messages, fromMs, toMs: Date.now() };
    } finally {
      this.#steady.start();
    }
  }

  /** Every message sent so far. */
  get messages(): readonly SentMessage[] {
    return [...this.#steady.messages, ...this.#windows.messages];
  }
}

/** Accepted messages a second by the engine that answered, for the report's chart. */
export function samplesOf(messages: readonly SentMessage[], startedAtMs: number): Sample[] {
  const bySecond = new Map<number, { node: number; python: number }>();
  for (const { sentAt, servedBy, status } of messages) {
    if (status === undefined || status >= 300) continue;
    const second = Math.max(0, Math.floor((sentAt - startedAtMs) / 1000));
    const sum = bySecond.get(second) ?? { node: 0, python: 0 };
    if (servedBy === "python") sum.python++;
    else sum.node++;
    bySecond.set(second, sum);
  }
  return [...bySecond]
    .sort(([a], [b]) => a - b)
    .map(([second, { node, python }]) => ({ atMs: second * 1000, node, python }));
}
