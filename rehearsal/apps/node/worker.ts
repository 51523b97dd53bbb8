import { setTimeout as delay } from "node:timers/promises";
import { answer, type Result } from "./agents";
import type { Events } from "./events";
import { type Faults, SLOW_MS } from "./faults";
import type { Queue, Work } from "./queue";
import type { Settings } from "./settings";

const MAX_IN_WORK = 200;
const BATCH = 20;
/** Real ms after which the table is looked at although nothing was accepted here. */
const POLL_MS = 1000;

/** Claims this engine's rows, answers them, writes the result. One a process. */
export class Worker {
  readonly #inWork = new Map<Promise<void>, Work>();
  readonly #parts: { settings: Settings; queue: Queue; events: Events; faults: Faults };
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #woken = false;
  #claimLoop: Promise<void> = Promise.resolve();
  #leaseTimer: NodeJS.Timeout | undefined;

  constructor(parts: { settings: Settings; queue: Queue; events: Events; faults: Faults }) {
    this.#parts = parts;
  }

  start(): void {
    this.#claimLoop = this.#claims();
    this.#leaseTimer = setInterval(() => void this.#leases(), this.#parts.settings.claimLeaseMs / 3);
    void this.#leases();
  }

  /** After an accept: look at the table now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Claims no more, waits for what is in work (`settings.drainMs`), returns the rest to pending. */
  async stop(): Promise<void> {
    const { queue, events, settings } = this.#parts;
    this.#stop.abort();
    this.wake();
    await this.#claimLoop;
    const deadline = new AbortController();
    await Promise.race([
      Promise.allSettled(this.#inWork.keys()),
      delay(settings.drainMs, undefined, { signal: deadline.signal }).catch(() => undefined),
    ]);
    deadline.abort();
    clearInterval(this.#leaseTimer);
    const left = [...this.#inWork.values()];
    if (left.length > 0) await queue.giveBack(left).catch((error: unknown) => this.#report(error));
    events.write("worker_stopped", { returned: left.length });
  }

  async #claims(): Promise<void> {
    const { queue } = this.#parts;
    while (!this.#stop.signal.aborted) {
      this.#woken = false;
      const free = MAX_IN_WORK - this.#inWork.size;
      let claimed: Work[] = [];
      try {
        if (free > 0) claimed = await queue.claim(Math.min(BATCH, free));
      } catch (error) {
        this.#report(error);
        await delay(500);
      }
      for (const work of claimed) {
        const task = this.#process(work).finally(() => this.#done(task));
        this.#inWork.set(task, work);
      }
      if (claimed.length < BATCH) await this.#idle();
    }
  }

  #idle(): Promise<void> {
    if (this.#woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #done(task: Promise<void>): void {
    this.#inWork.delete(task);
    if (this.#inWork.size === MAX_IN_WORK - 1) this.wake();
  }

  async #leases(): Promise<void> {
    const { queue, events } = this.#parts;
    try {
      if (this.#inWork.size > 0) await queue.renew([...this.#inWork.values()]);
      for (const row of await queue.recover()) {
        events.write("message_recovered", { messageId: row.messageId, status: row.status });
        if (row.status === "failed") events.messageProcessed(row.messageId, "failed", row.latencyMs, row.synthetic);
        else this.wake();
      }
    } catch (error) {
      this.#report(error);
    }
  }

  async #process(work: Work): Promise<void> {
    const { queue, events, faults } = this.#parts;
    try {
      if (faults.hits("slow")) await delay(SLOW_MS);
      const result = answer(work.body, faults.hits("routing", "booking"));
      const latencyMs = await queue.finish(work, result);
      if (latencyMs === undefined) events.write("claim_lost", { messageId: work.messageId });
      else reportResult(events, work.messageId, result, latencyMs, work.synthetic);
    } catch (error) {
      this.#report(error); // the lease runs out and the row is taken up again
    }
  }

  #report(error: unknown): void {
    const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown";
    this.#parts.events.write("worker_error", { error: code });
  }
}

/** The events of a message that was worked on. */
export function reportResult(events: Events, id: string, result: Result, latencyMs: number, synthetic: boolean): void {
  events.agentRouted(id, result.agent, result.routing, synthetic);
  if (result.booking) events.appointmentBooking(id, result.booking, synthetic);
  events.messageProcessed(id, "completed", latencyMs, synthetic);
}
