import { closeSync, openSync, readSync, statSync } from "node:fs";
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from "@aws-sdk/client-cloudwatch-logs";
import { OWN_KEYS } from "../aws/gateway/gateway";

/** A task's output and where its task definition sends it (log driver `awslogs`). */
export interface LogSource {
  readonly file: string;
  readonly group: string;
  readonly stream: string;
}

export interface LogShipperOptions {
  /** The gateway's URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly sources: () => readonly LogSource[];
  readonly onProblem: (error: Error) => void;
}

/** Bytes of output that are read at once. */
const CHUNK = 400_000;

/** One call of PutLogEvents takes 10,000 events and 1,048,576 bytes, of which each event takes 26 besides its text. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_000_000;
const EVENT_BYTES = 26;

/** Reads whole lines of a growing file, each once. */
export class LineReader {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Lines completed since the last call, at most about 400 kB of them; an absent file has none. */
  next(): readonly string[] {
    let size: number;
    try {
      size = statSync(this.#file).size;
    } catch {
      return [];
    }
    const buffer = Buffer.alloc(Math.min(CHUNK, size - this.#offset));
    if (buffer.length === 0) return [];
    const file = openSync(this.#file, "r");
    const read = readSync(file, buffer, 0, buffer.length, this.#offset);
    closeSync(file);
    const end = buffer.subarray(0, read).lastIndexOf(10) + 1;
    // A line longer than the chunk is passed on in pieces: it would block the rest for ever.
    const taken = end > 0 ? end : read === CHUNK ? read : 0;
    this.#offset += taken;
    return buffer.subarray(0, taken).toString("utf8").split("\n").filter(Boolean);
  }
}

interface Event {
  readonly timestamp: number;
  readonly message: string;
}

/** One task's output on its way. */
interface Stream {
  readonly source: LogSource;
  readonly reader: LineReader;
  events: Event[];
  created: boolean;
}

/**
 * Puts what tasks write into the emulated CloudWatch Logs, with times of the rehearsal's clock. Reading is cheap and done
 * often, because lines carry no time of their own; a call for each look would keep the emulator busy.
 */
export class LogShipper {
  readonly #options: LogShipperOptions;
  readonly #client: CloudWatchLogsClient;
  readonly #streams = new Map<string, Stream>();
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: LogShipperOptions) {
    this.#options = options;
    const { endpoint, region } = options;
    const credentials = { accessKeyId: OWN_KEYS.tasks, secretAccessKey: "rehearsal" };
    this.#client = new CloudWatchLogsClient({ endpoint, region, credentials });
  }

  /** Reads what is there now, as written at this rehearsal time (ms). */
  read(time: number): void {
    const timestamp = Math.floor(time);
    for (const source of this.#options.sources()) {
      let stream = this.#streams.get(source.file);
      if (!stream) {
        stream = { source, reader: new LineReader(source.file), events: [], created: false };
        this.#streams.set(source.file, stream);
      }
      for (let lines = stream.reader.next(); lines.length > 0; lines = stream.reader.next()) {
        for (const message of lines) stream.events.push({ timestamp, message });
      }
    }
  }

  /** Ships what was read. */
  flush(): Promise<void> {
    this.#queue = this.#queue.then(() => this.#shipAll());
    return this.#queue;
  }

  stop(): void {
    this.#stopped = true;
    this.#client.destroy();
  }

  async #shipAll(): Promise<void> {
    for (const stream of this.#streams.values()) {
      if (this.#stopped) return;
      try {
        await this.#ship(stream);
      } catch (error) {
        if (!this.#stopped) this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #ship(stream: Stream): Promise<void> {
    if (stream.events.length === 0) return;
    const names = { logGroupName: stream.source.group, logStreamName: stream.source.stream };
    if (!stream.created) {
      await this.#client.send(new CreateLogStreamCommand(names)).catch((error: unknown) => {
        if (!(error instanceof ResourceAlreadyExistsException)) throw error;
      });
      stream.created = true;
    }
    while (stream.events.length > 0 && !this.#stopped) {
      const count = fitting(stream.events);
      const logEvents = stream.events.slice(0, count);
      try {
        await this.#client.send(new PutLogEventsCommand({ ...names, logEvents }));
      } catch (error) {
        // The stack has deleted the group: what a task still wrote is dropped, as by the driver of ECS.
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
      stream.events = stream.events.slice(count);
    }
  }
}

/** How many of the first events one call takes; at least one. */
export function fitting(events: readonly { readonly message: string }[]): number {
  let bytes = 0;
  const over = events.findIndex(({ message }, i) => {
    bytes += Buffer.byteLength(message) + EVENT_BYTES;
    return i === MOST_EVENTS || bytes > MOST_BYTES;
  });
  return over < 0 ? events.length : Math.max(1, over);
}
