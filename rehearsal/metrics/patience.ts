/** Tells of troubles that last: while an update goes on, half of what belongs together is not there yet. */
export class Patience {
  readonly #since = new Map<string, number>();
  readonly #told = new Set<string>();

  constructor(
    /** Real ms that a trouble has to last. */
    private readonly ms: number,
    private readonly tell: (line: string) => void,
  ) {}

  /** The troubles there are now; each is told once in a row of looks that show it. */
  look(lines: readonly string[], now = performance.now()): void {
    for (const known of [...this.#since.keys()]) {
      if (lines.includes(known)) continue;
      this.#since.delete(known);
      this.#told.delete(known);
    }
    for (const line of lines) {
      const since = this.#since.get(line) ?? now;
      this.#since.set(line, since);
      if (now - since < this.ms || this.#told.has(line)) continue;
      this.#told.add(line);
      this.tell(line);
    }
  }
}
