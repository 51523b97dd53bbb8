import { closeSync, openSync, readSync, statSync } from "node:fs";
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
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

/** One call takes at most 10,000 events and 1 MB; this many bytes of output leave room for what events add. */
const CHUNK = 400_000;

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

/** Puts what tasks write into the emulated CloudWatch Logs, with times of the rehearsal's clock. */
export class LogShipper {
  readonly #options: LogShipperOptions;
  readonly #client: CloudWatchLogsClient;
  readonly #readers = new Map<string, LineReader>();
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: LogShipperOptions) {
    this.#options = options;
    const { endpoint, region } = options;
    const credentials = { accessKeyId: OWN_KEYS.tasks, secretAccessKey: "rehearsal" };
    this.#client = new CloudWatchLogsClient({ endpoint, region, credentials });
  }

  /** Ships what is there now, as written at `timestamp` (rehearsal ms). To be called often: lines carry no time. */
  flush(timestamp: number): Promise<void> {
    this.#queue = this.#queue.then(() => this.#shipAll(Math.floor(timestamp)));
    return this.#queue;
  }

  stop(): void {
    this.#stopped = true;
    this.#client.destroy();
  }

  async #shipAll(timestamp: number): Promise<void> {
    for (const source of this.#options.sources()) {
      if (this.#stopped) return;
      try {
        await this.#ship(source, timestamp);
      } catch (error) {
        if (!this.#stopped) this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #ship({ file, group, stream }: LogSource, timestamp: number): Promise<void> {
    const names = { logGroupName: group, logStreamName: stream };
    let reader = this.#readers.get(file);
    if (!reader) {
      await this.#client.send(new CreateLogStreamCommand(names)).catch((error: unknown) => {
        if (!(error instanceof ResourceAlreadyExistsException)) throw error;
      });
      reader = new LineReader(file);
      this.#readers.set(file, reader);
    }
    for (let lines = reader.next(); lines.length > 0 && !this.#stopped; lines = reader.next()) {
      for (let at = 0; at < lines.length; at += 10_000) {
        const logEvents = lines.slice(at, at + 10_000).map((message) => ({ timestamp, message }));
        await this.#client.send(new PutLogEventsCommand({ ...names, logEvents }));
      }
    }
  }
}
