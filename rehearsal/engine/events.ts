import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** A message of the engine, a provider or the program. */
export interface Diagnostic {
  readonly severity: string;
  readonly message: string;
  readonly urn?: string;
}

/** Start or end of an operation on a resource. The engine works on several at a time, so both are kept. */
export interface TimelineEntry {
  readonly mark: "started" | "ended" | "failed";
  readonly op: string;
  readonly urn: string;
}

/** What one engine run reported, taken from its event log (`--event-log`), which is made for machines. */
export interface EngineEvents {
  /** Operation → number of resources: `{ create: 41, same: 2 }`. */
  readonly changes: Readonly<Record<string, number>>;
  /** Errors and warnings, in order, without repeats. */
  readonly diagnostics: readonly Diagnostic[];
  /** Steps of resources that are not "same", in order. */
  readonly steps: readonly { readonly op: string; readonly urn: string }[];
  /** Starts and ends of these steps, in the order in which the engine reported them. */
  readonly timeline: readonly TimelineEntry[];
}

interface RawEvent {
  readonly resourcePreEvent?: { readonly metadata?: { readonly op?: string; readonly urn?: string } };
  readonly resOutputsEvent?: { readonly metadata?: { readonly op?: string; readonly urn?: string } };
  readonly resOpFailedEvent?: { readonly metadata?: { readonly op?: string; readonly urn?: string } };
  readonly diagnosticEvent?: {
    readonly severity?: string;
    readonly message?: string;
    readonly urn?: string;
    readonly ephemeral?: boolean;
  };
  readonly summaryEvent?: { readonly resourceChanges?: Readonly<Record<string, number>> };
}

const NO_CHANGE = new Set(["same", "read", "refresh"]);

/** Reads an event log while it grows: each `poll` takes in the whole lines that are new. */
export class EventReader {
  readonly #file: string;
  #offset = 0;
  #rest = "";
  #changes: Readonly<Record<string, number>> = {};
  readonly #diagnostics = new Map<string, Diagnostic>();
  readonly #steps: { op: string; urn: string }[] = [];
  readonly #timeline: TimelineEntry[] = [];
  #latest = "";
  #done = 0;

  constructor(file: string) {
    this.#file = file;
  }

  poll(): void {
    if (!existsSync(this.#file)) return;
    const handle = openSync(this.#file, "r");
    try {
      const chunk = Buffer.alloc(256 * 1024);
      for (;;) {
        const size = readSync(handle, chunk, 0, chunk.length, this.#offset);
        if (size === 0) break;
        this.#offset += size;
        this.#rest += chunk.toString("latin1", 0, size);
      }
    } finally {
      closeSync(handle);
    }
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines)
      if (line) this.#take(JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as RawEvent);
  }

  /** "12 resources, now aws:lb:Listener web", for a progress line. */
  get progress(): string {
    return this.#latest ? `${this.#done} done, ${this.#latest}` : "program starts";
  }

  get events(): EngineEvents {
    const diagnostics = [...this.#diagnostics.values()];
    return { changes: this.#changes, diagnostics, steps: this.#steps, timeline: this.#timeline };
  }

  #take(event: RawEvent): void {
    const before = event.resourcePreEvent?.metadata;
    if (before?.op && before.urn) {
      this.#latest = shortUrn(before.urn);
      if (!NO_CHANGE.has(before.op)) this.#steps.push({ op: before.op, urn: before.urn });
    }
    this.#note("started", event.resourcePreEvent);
    this.#note("ended", event.resOutputsEvent);
    this.#note("failed", event.resOpFailedEvent);
    if (event.resOutputsEvent) this.#done++;
    if (event.summaryEvent?.resourceChanges) this.#changes = event.summaryEvent.resourceChanges;
    const said = event.diagnosticEvent;
    if (said?.message && (said.severity === "error" || said.severity === "warning") && !said.ephemeral) {
      const message = said.message.trim();
      this.#diagnostics.set(`${said.severity} ${message}`, {
        severity: said.severity,
        message,
        ...(said.urn ? { urn: said.urn } : {}),
      });
    }
  }

  #note(mark: TimelineEntry["mark"], event: RawEvent["resourcePreEvent"]): void {
    const { op, urn } = event?.metadata ?? {};
    if (op && urn && !NO_CHANGE.has(op)) this.#timeline.push({ mark, op, urn });
  }
}

/** `urn:pulumi:stack::project::parent$aws:lb/listener:Listener::web` → `aws:lb/listener:Listener web`. */
export function shortUrn(urn: string): string {
  const [, , type = "", ...name] = urn.split("::");
  return `${type.split("$").at(-1) ?? type} ${name.join("::")}`;
}

/** How many resources an operation other than "same" touched. */
export function changedCount(changes: Readonly<Record<string, number>>): number {
  return Object.entries(changes).reduce((sum, [op, count]) => (NO_CHANGE.has(op) ? sum : sum + count), 0);
}

/** "+41 create, 2 same", for people. */
export function describeChanges(changes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(changes)
    .filter(([op, count]) => count > 0 && op !== "same")
    .map(([op, count]) => `${count} ${op}`);
  return parts.length === 0 ? "no change" : parts.join(", ");
}

/** A very long line shows its beginning and its end, where the reason is; between them are a resource's inputs. */
function shortenLine(line: string): string {
  return line.length > 400 ? `${line.slice(0, 150)} … ${line.slice(-240)}` : line;
}

/** The errors of a failed run, short enough for a terminal: each at most `lines` lines, repeats of one cause left out. */
export function describeErrors(diagnostics: readonly Diagnostic[], lines = 12): string {
  const errors = diagnostics.filter((d) => d.severity === "error" && d.message !== "update failed");
  return errors
    .slice(0, 5)
    .map((d) => {
      const text = d.message
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map(shortenLine);
      const cut = text.length > lines ? [...text.slice(0, lines), `… ${text.length - lines} more lines`] : text;
      return `${d.urn ? `${shortUrn(d.urn)}: ` : ""}${cut.join("\n")}`.slice(0, 2000);
    })
    .join("\n");
}
