/** Where the lines go; `process.stdout` satisfies it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

type Tone = "plain" | "good" | "bad" | "warn" | "dim" | "strong";
const CODES: Record<Tone, string> = { plain: "", good: "32", bad: "31", warn: "33", dim: "2", strong: "1" };

/** A line that says what is going on now and, once, how it ended. */
export interface Activity {
  /** Replaces the text behind the title; shown on a terminal only. */
  progress(text: string): void;
  done(text?: string): void;
  failed(text: string): void;
}

/**
 * What a person reads while the rehearsal plays: one line a step with the real seconds since the start. Colours and
 * lines that change in place only on a terminal; `NO_COLOR` is honoured (no-color.org).
 */
export class Terminal {
  readonly #out: Output;
  readonly #colour: boolean;
  readonly #started: number;
  #open: { title: string; progress: string } | undefined;

  constructor(out: Output = process.stdout, env: NodeJS.ProcessEnv = process.env, started = Date.now()) {
    this.#out = out;
    this.#colour = out.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
    this.#started = started;
  }

  paint(text: string, tone: Tone): string {
    return this.#colour && CODES[tone] ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
  }

  /** Real seconds since the start, as the lines show them. */
  get seconds(): number {
    return (Date.now() - this.#started) / 1000;
  }

  heading(text: string): void {
    this.line("");
    this.line(this.paint(text, "strong"));
  }

  /** A whole line without time. */
  line(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  /** A line under the present step. */
  detail(text: string, tone: Tone = "plain"): void {
    for (const part of text.split("\n")) this.line(`         ${this.paint(part, tone)}`);
  }

  good(text: string): void {
    this.detail(`✓ ${text}`, "good");
  }

  bad(text: string): void {
    this.detail(`✗ ${text}`, "bad");
  }

  /** Begins a step; on a terminal its line changes in place until it ends. One at a time. */
  activity(title: string): Activity {
    const began = Date.now();
    this.#open = { title, progress: "" };
    this.#draw();
    const end = (mark: string, tone: Tone, text: string) => {
      this.#clear();
      this.#open = undefined;
      const took = ((Date.now() - began) / 1000).toFixed(1);
      this.#out.write(
        `${this.#stamp()} ${this.paint(mark, tone)} ${title}${text && `: ${text}`} ${this.paint(`(${took} s)`, "dim")}\n`,
      );
    };
    return {
      progress: (text) => {
        if (!this.#open) return;
        this.#open.progress = text;
        this.#clear();
        this.#draw();
      },
      done: (text = "") => end("✓", "good", text),
      failed: (text) => end("✗", "bad", text),
    };
  }

  #stamp(): string {
    return this.paint(`${this.seconds.toFixed(1).padStart(6)} s`, "dim");
  }

  #draw(): void {
    if (!this.#open || this.#out.isTTY !== true) return;
    const { title, progress } = this.#open;
    const text = `${this.seconds.toFixed(1).padStart(6)} s … ${title}${progress && `: ${progress}`}`;
    this.#out.write(`\r${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  #clear(): void {
    if (this.#open && this.#out.isTTY === true) this.#out.write("\r\x1b[K");
  }
}

/** Rows under headings, columns as wide as their longest cell; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? "").length)));
  const numeric = headings.map((_, i) => rows.every((row) => /^[-–]?[\d.,]*( ?(%|s|of \d+))?$|^–$/.test(row[i] ?? "")));
  const render = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [render(headings), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(render)];
}
