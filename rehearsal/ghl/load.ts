import { contactIds, seededRandom } from "./contacts";
import type { OutgoingMessage, SendOutcome } from "./workflow";

/** A message that was sent, and what became of it. */
export interface SentMessage {
  readonly id: string;
  readonly contactId: string;
  /** Real time of sending, ms since the epoch. */
  readonly sentAt: number;
  /** HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly servedBy: string | undefined;
  readonly latencyMs: number;
  /** It found a kept connection closed and went by a new one. */
  readonly reconnected?: true;
  /** Host and path it went to. */
  readonly target: string;
}

/** Sums over the messages sent in a span of time. */
export interface LoadTotals {
  readonly sent: number;
  /** Answered with 2xx. */
  readonly accepted: number;
  readonly refused: number;
  /** Count by x-served-by, accepted messages only; "" when the header was missing. */
  readonly servedBy: Readonly<Record<string, number>>;
  /** Milliseconds; 0 without messages. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
}

export interface LoadOptions {
  /** Anything that sends one message and never throws, such as a `WorkflowSender`. */
  readonly sender: { send(message: OutgoingMessage): Promise<SendOutcome> };
  /** Senders at the same time; default 100. */
  readonly concurrency?: number;
  /** Messages a second of real time over all senders; default `Infinity`: as fast as they are answered. */
  readonly ratePerSecond?: number;
  /** Contacts that write; default 500, the same ones in every generator. Each is chosen evenly, from a fixed seed. */
  readonly contacts?: number;
  /** Start of every message id; default "load". Must differ between generators of one run. */
  readonly prefix?: string;
  /** Text of message number n. */
  readonly text?: (n: number) => string;
}

/** Concurrent senders at a steady rate or flat out. Keeps every message it sent. */
export class LoadGenerator {
  readonly messages: SentMessage[] = [];
  readonly #options: Required<LoadOptions>;
  /** Ends the waits of senders that have no turn yet. */
  readonly #wake = new Set<() => void>();
  #rate: number;
  #running = false;
  #workers: Promise<void>[] = [];
  #next = 0;
  #due = 0;
  readonly #contacts: readonly string[];
  readonly #chance = seededRandom();

  constructor(options: LoadOptions) {
    this.#options = {
      concurrency: 100,
      ratePerSecond: Number.POSITIVE_INFINITY,
      contacts: 500,
      prefix: "load",
      text: (n) => `Message ${n}: do you have a free appointment tomorrow?`,
      ...options,
    };
    this.#rate = this.#options.ratePerSecond;
    this.#contacts = contactIds(this.#options.contacts);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Starts the senders; they go on until `stop`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#due = performance.now();
    this.#workers = Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /** Starts no further message and waits for the ones under way. */
  async stop(): Promise<void> {
    this.#running = false;
    for (const wake of this.#wake) wake();
    await Promise.all(this.#workers);
    this.#workers = [];
  }

  /** Changes the rate (messages a second of real time) while running. */
  setRate(ratePerSecond: number): void {
    this.#rate = ratePerSecond;
    this.#due = performance.now();
  }

  /** Sends exactly `count` messages and stops. The generator must not be running. */
  async burst(count: number): Promise<SentMessage[]> {
    if (this.#running) throw new Error("the load generator runs already; stop it before a burst");
    const from = this.messages.length;
    let left = count;
    this.#running = true;
    this.#due = performance.now();
    const worker = async () => {
      while (left > 0 && this.#running) {
        left -= 1;
        await this.#one();
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, this.#options.concurrency) }, worker));
    this.#running = false;
    return this.messages.slice(from);
  }

  /** Sums over messages sent at `fromMs` or later and before `toMs` (real time, ms since the epoch). */
  totals(fromMs = 0, toMs = Number.POSITIVE_INFINITY): LoadTotals {
    return totalsOf(this.messages.filter((m) => m.sentAt >= fromMs && m.sentAt < toMs));
  }

  async #work(): Promise<void> {
    while (this.#running) await this.#one();
  }

  async #one(): Promise<void> {
    await this.#turn();
    if (!this.#running) return;
    const n = this.#next++;
    const message = {
      messageId: `${this.#options.prefix}-${n}`,
      contactId: this.#contacts[this.#chance(this.#contacts.length)] ?? "",
      body: this.#options.text(n),
    };
    const sentAt = Date.now();
    const outcome = await this.#options.sender.send(message);
    this.messages.push({
      id: message.messageId,
      contactId: message.contactId,
      sentAt,
      status: outcome.status,
      error: outcome.error,
      servedBy: outcome.servedBy,
      ...(outcome.reconnected ? { reconnected: true } : {}),
      latencyMs: outcome.latencyMs,
      target: outcome.target,
    });
  }

  /** Waits until the rate allows the next message. Time lost while all senders were busy is not made up for. */
  async #turn(): Promise<void> {
    if (!Number.isFinite(this.#rate)) return;
    const now = performance.now();
    this.#due = Math.max(this.#due, now - 50);
    const wait = this.#due - now;
    this.#due += 1000 / this.#rate;
    if (wait <= 1) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      this.#wake.add(wake);
    });
  }
}

/** Sums over messages. */
export function totalsOf(messages: readonly SentMessage[]): LoadTotals {
  const accepted = messages.filter((m) => m.status !== undefined && m.status >= 200 && m.status < 300);
  const servedBy: Record<string, number> = {};
  for (const m of accepted) servedBy[m.servedBy ?? ""] = (servedBy[m.servedBy ?? ""] ?? 0) + 1;
  const sorted = messages.map((m) => m.latencyMs).sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    sent: messages.length,
    accepted: accepted.length,
    refused: messages.length - accepted.length,
    servedBy,
    latencyMs: { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) },
  };
}
