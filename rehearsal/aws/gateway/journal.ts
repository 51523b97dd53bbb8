/** One AWS call that went through the gateway. */
export interface JournalEntry {
  /** Real time of arrival, ms since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly action: string;
  readonly accessKeyId: string;
  /** HTTP status that the caller got; 0 = the connection was dropped. */
  readonly status: number;
  readonly ms: number;
  /** Error code where the gateway itself refused. */
  readonly error?: string;
}

export interface JournalFilter {
  readonly service?: string;
  readonly action?: string;
  readonly accessKeyId?: string;
  /** Real time, ms since the epoch, inclusive. */
  readonly since?: number;
}

/** The last calls, oldest first. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #limit: number;

  /** Keeps up to `limit` entries (default 50,000); the oldest go first. */
  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.splice(0, Math.ceil(this.#limit / 10));
  }

  find(filter: JournalFilter = {}): readonly JournalEntry[] {
    return this.#entries.filter(
      (entry) =>
        (filter.service === undefined || entry.service === filter.service) &&
        (filter.action === undefined || entry.action === filter.action) &&
        (filter.accessKeyId === undefined || entry.accessKeyId === filter.accessKeyId) &&
        (filter.since === undefined || entry.at >= filter.since),
    );
  }
}
