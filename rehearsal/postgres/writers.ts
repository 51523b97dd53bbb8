import { Client } from "pg";

export interface WriterReport {
  /** Messages written and finished. */
  readonly writes: number;
  /** The longest a single statement took, in real ms: what a customer's message waited. */
  readonly longestStallMs: number;
  /** Statements that took longer than the 3 s after which Supabase cancels what comes with the anon key. */
  readonly overAnonLimit: number;
  readonly errors: readonly string[];
}

const ANON_LIMIT_MS = 3_000;

/** Keeps writing messages as a live application does (accept, then finish), one statement after the other per writer. */
export class Writers {
  readonly #clients: Client[];
  readonly #loops: Promise<void>[];
  #running = true;
  #writes = 0;
  #longest = 0;
  #overLimit = 0;
  #pending = new Map<Client, number>();
  readonly #errors: string[] = [];

  private constructor(clients: Client[], pauseMs: number) {
    this.#clients = clients;
    this.#loops = clients.map((client) => this.loop(client, pauseMs));
  }

  /**
   * @param options.pauseMs Between two messages of a writer; default 2.
   * @param options.patient Waits as long as it takes, to measure a stall whole; default: as the role's own limit says.
   */
  static async start(
    url: string,
    count: number,
    options: { readonly pauseMs?: number; readonly patient?: boolean } = {},
  ): Promise<Writers> {
    const clients = Array.from(
      { length: count },
      () => new Client({ connectionString: url, application_name: "writer" }),
    );
    for (const client of clients) client.on("error", () => {});
    await Promise.all(clients.map((client) => client.connect()));
    if (options.patient) await Promise.all(clients.map((client) => client.query("SET statement_timeout = 0")));
    return new Writers(clients, options.pauseMs ?? 2);
  }

  /** Forgets the stalls so far, so that only what follows is measured. */
  reset(): void {
    this.#longest = 0;
    this.#overLimit = 0;
  }

  get writes(): number {
    return this.#writes;
  }

  /** How long the statement that has waited longest at this moment has waited, in ms. */
  waitingMs(): number {
    const now = performance.now();
    return Math.max(0, ...[...this.#pending.values()].map((since) => now - since));
  }

  async stop(): Promise<WriterReport> {
    this.#running = false;
    await Promise.all(this.#loops);
    await Promise.all(this.#clients.map((client) => client.end().catch(() => {})));
    const longestStallMs = Math.round(this.#longest * 10) / 10;
    return { writes: this.#writes, longestStallMs, overAnonLimit: this.#overLimit, errors: this.#errors };
  }

  private async loop(client: Client, pauseMs: number): Promise<void> {
    while (this.#running) {
      try {
        const insert =
          "INSERT INTO message_queue (location_id, contact_id, message_body) VALUES ('l', 'c', 'b') RETURNING id";
        const { rows } = await this.timed(client, () => client.query<{ id: string }>(insert));
        const update = "UPDATE message_queue SET status = 'completed', updated_at = now() WHERE id = $1";
        await this.timed(client, () => client.query(update, [rows[0]?.id]));
        this.#writes += 1;
      } catch (error) {
        this.#errors.push(error instanceof Error ? error.message : String(error));
        if (this.#errors.length > 20) return;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  private async timed<T>(client: Client, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    this.#pending.set(client, started);
    try {
      return await work();
    } finally {
      this.#pending.delete(client);
      const took = performance.now() - started;
      this.#longest = Math.max(this.#longest, took);
      if (took > ANON_LIMIT_MS) this.#overLimit += 1;
    }
  }
}
