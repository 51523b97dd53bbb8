import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readRecord } from "../../tools/setup/state.mjs";
import type { RehearsalClock } from "../clock";
import { RehearsalPostgres } from "../postgres/postgres";
import { freePort } from "../support/ports";
import { ManagedProcess } from "../support/process";
import { waitFor } from "../support/wait";

export type Engine = "node" | "python";

const ROOT = resolve(__dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");
/** Both engines are given this one; only Python asks for it. */
export const SECRET = "test-secret-one";

/** The plan's first migration, as the migrations apply it. */
export const LANGGRAPH_COLUMNS = `ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS langgraph_thread_id VARCHAR(255),
  ADD COLUMN IF NOT EXISTS langgraph_run_id VARCHAR(255), ADD COLUMN IF NOT EXISTS workflow_state JSONB`;

/** Python with the packages of requirements.lock: CUTOVER_APP_PYTHON, else what `make setup` installed. */
export function appPython(): string {
  const python = process.env.CUTOVER_APP_PYTHON ?? readRecord(ROOT)?.appPython;
  if (!python) throw new Error("The Python service's environment is not installed. Run: make setup");
  return python;
}

/** How the task runner starts an application; the working directory is the repository. */
export function commandOf(engine: Engine): { command: string; args: string[] } {
  return engine === "node"
    ? { command: NODE, args: ["tools/run.mjs", "rehearsal/apps/node/main.ts"] }
    : { command: appPython(), args: ["rehearsal/apps/python/main.py"] };
}

export interface Sent {
  readonly status: number;
  readonly servedBy: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: SECRET; null sends none. */
  readonly secret?: string | null;
  readonly signal?: AbortSignal;
}

/** One running application. */
export class App {
  private constructor(
    readonly engine: Engine,
    readonly process: ManagedProcess,
    readonly port: number,
    readonly logFile: string,
  ) {}

  static async start(bench: Bench, engine: Engine, env: Readonly<Record<string, string>> = {}): Promise<App> {
    const port = await freePort();
    const logFile = join(bench.folder, `${engine}-${port}.log`);
    const app = new App(
      engine,
      new ManagedProcess({
        name: engine,
        ...commandOf(engine),
        cwd: ROOT,
        logFile,
        env: { ...bench.environment(), PORT: String(port), PATH: process.env.PATH ?? "/usr/bin:/bin", ...env },
      }),
      port,
      logFile,
    );
    bench.apps.push(app);
    const ended = new AbortController();
    void app.process.exit.then(({ code }) =>
      ended.abort(new Error(`${engine} ended with ${code}\n${app.process.tail()}`)),
    );
    await waitFor(async () => (await app.health()) === 200, {
      what: `${engine} to be healthy; its log: ${logFile}`,
      deadlineMs: 20_000,
      signal: ended.signal,
    });
    return app;
  }

  async health(): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.port}/healthz`)).status;
  }

  /** Sends a webhook; a connection error throws. */
  async send(message: unknown, options: SendOptions = {}): Promise<Sent> {
    const secret = options.secret === undefined ? SECRET : options.secret;
    const response = await fetch(`http://127.0.0.1:${this.port}/webhooks/ghl`, {
      method: "POST",
      body: typeof message === "string" ? message : JSON.stringify(message),
      headers: {
        "content-type": "application/json",
        ...(secret === null ? {} : { "x-webhook-secret": secret }),
        ...options.headers,
      },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, servedBy: response.headers.get("x-served-by"), body };
  }

  /** Log events so far, all of them or those of one name. */
  events(name?: string): Record<string, unknown>[] {
    return readFileSync(this.logFile, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((event) => name === undefined || event.event === name);
  }
}

/** A row as the tests look at it. */
export interface Row {
  readonly key: string | null;
  readonly status: string;
  readonly agent: string | null;
  readonly booked: boolean;
  readonly thread: string | null;
  readonly created: Date;
  readonly seconds: number;
}

/** A database and a folder for some applications; `stop` leaves nothing. */
export class Bench {
  readonly apps: App[] = [];

  private constructor(
    readonly folder: string,
    readonly postgres: RehearsalPostgres,
    readonly clock: RehearsalClock | undefined,
  ) {}

  /** @param options.migrated whether the LangGraph columns exist (default true) */
  static async start(options: { migrated?: boolean; clock?: RehearsalClock } = {}): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), "cutover-apps-test-"));
    chmodSync(folder, 0o755); // as root the server runs under another account and must get in
    const { clock } = options;
    const postgres = await RehearsalPostgres.start({ folder, seedRows: 0, ...(clock ? { clock } : {}) });
    const bench = new Bench(folder, postgres, clock);
    if (options.migrated !== false) await bench.migrate();
    return bench;
  }

  async migrate(): Promise<void> {
    await this.postgres.query(this.postgres.url, LANGGRAPH_COLUMNS);
  }

  /** What a task definition gives both applications. */
  environment(): Record<string, string> {
    return {
      OPENAI_API_KEY: "not-called",
      SUPABASE_URL: this.postgres.appUrl,
      SUPABASE_ANON_KEY: "not-used",
      GHL_API_TOKEN: "not-used",
      GHL_LOCATION_ID: "loc_test",
      GHL_CALENDAR_ID: "cal_test",
      GHL_ASSIGNED_USER_ID: "user_test",
      WEBHOOK_SECRET: SECRET,
      CLAIM_LEASE_SECONDS: "1",
      ...(this.clock ? { CUTOVER_CLOCK: this.clock.toEnv() } : {}),
    };
  }

  start(engine: Engine, env: Readonly<Record<string, string>> = {}): Promise<App> {
    return App.start(this, engine, env);
  }

  /** Rows by message id prefix, oldest first. */
  async rows(prefix = ""): Promise<Row[]> {
    return this.postgres.query<Row>(
      this.postgres.adminUrl,
      `SELECT ghl_message_id AS key, status, processed_by_agent AS agent, appointment_booked AS booked,
              to_jsonb(q) ->> 'langgraph_thread_id' AS thread, created_at AS created,
              extract(epoch FROM updated_at - created_at)::float8 AS seconds
         FROM message_queue q WHERE coalesce(ghl_message_id, '') LIKE $1 || '%' ORDER BY created_at`,
      [prefix],
    );
  }

  /** Rows with this prefix once all of them are completed. */
  completed(prefix: string, count: number, deadlineMs = 10_000): Promise<Row[]> {
    return waitFor(
      async () => {
        const rows = await this.rows(prefix);
        return rows.length === count && rows.every((row) => row.status === "completed") ? rows : undefined;
      },
      { what: `${count} completed rows ${prefix}*`, deadlineMs },
    );
  }

  /** Ends applications started so far; the database stays. */
  async stopApps(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.process.stop(10_000)));
  }

  async stop(): Promise<void> {
    await this.stopApps();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A message as GoHighLevel's workflow step sends it. */
export function message(id: string, body = "Can I book an appointment?", contact = `contact-${id}`): object {
  return {
    type: "InboundMessage",
    locationId: "loc_test",
    contactId: contact,
    messageId: id,
    messageType: "SMS",
    body,
  };
}
