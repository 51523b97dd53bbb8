import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../support/ports";
import { waitFor } from "../support/wait";
import { type Account, canEnter, serverAccount } from "./account";
import { reachableBinaries } from "./binaries";

const run = promisify(execFile);

export interface ServerOptions {
  /** Folder for log and data; data goes to the temporary folder where the server's account can't reach this one. */
  readonly folder: string;
  /** The superuser, made by initdb. */
  readonly superuser: { readonly name: string; readonly password: string };
  /** Further settings, as `name: value`; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether what is committed survives a crash of the machine; default false: rehearsals and tests want speed. */
  readonly durable?: boolean;
  /** Called when the server ends although `stop` was not called. */
  readonly onUnexpectedExit?: (message: string) => void;
}

/**
 * Ends the server and removes its data when our end of standard input closes: by `stop`, or because this process died,
 * kill -9 included. `read` and not `cat`, so that nothing but the shell and the server is left to end.
 */
const WRAPPER = `
exec 3<&0
"$1" -D "$2" & server=$!
trap 'kill -INT $server 2>/dev/null' INT TERM HUP
(trap - INT TERM HUP; read _ <&3; kill -INT $server 2>/dev/null) & watch=$!
while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
kill $watch 2>/dev/null
rm -rf "$2" "$3" 2>/dev/null
exit $code`;

const PREFIX = "cutover-postgres-";

/** Removes what a process left that was killed while it made its data folder; later than that, the wrapper does it. */
function sweep(home: string): void {
  for (const name of readdirSync(home)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(home, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // there, but somebody else's
  }
}

/** One PostgreSQL server on 127.0.0.1. Start it with `PostgresServer.start`; `stop` leaves neither process nor data. */
export class PostgresServer {
  readonly port: number;
  /** The postmaster's process id, for fault injection. */
  readonly pid: number;
  readonly logFile: string;
  readonly #base: string;
  readonly #wrapper: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #onExit: () => void;
  #stopping = false;
  #running = true;

  private constructor(started: Started, options: ServerOptions) {
    this.port = started.port;
    this.pid = started.pid;
    this.logFile = started.logFile;
    this.#base = started.base;
    this.#wrapper = started.wrapper;
    this.#onExit = () => this.endNow();
    process.once("exit", this.#onExit);
    this.#ended = started.ended.then(() => {
      this.#running = false;
      rmSync(this.#base, { recursive: true, force: true });
      if (!this.#stopping) {
        options.onUnexpectedExit?.(
          `PostgreSQL (pid ${this.pid}) ended on its own, log: ${this.logFile}\n${tail(this.logFile)}`,
        );
      }
    });
  }

  static async start(options: ServerOptions): Promise<PostgresServer> {
    const account = serverAccount();
    mkdirSync(options.folder, { recursive: true });
    const home = canEnter(account, options.folder) ? options.folder : tmpdir();
    sweep(home);
    const base = mkdtempSync(join(home, `${PREFIX}${process.pid}-`));
    const remove = () => rmSync(base, { recursive: true, force: true });
    process.once("exit", remove); // a process that ends meanwhile leaves nothing half made
    try {
      return new PostgresServer(await launch(base, account, options), options);
    } catch (error) {
      remove();
      throw error;
    } finally {
      process.removeListener("exit", remove);
    }
  }

  get running(): boolean {
    return this.#running;
  }

  /** Ends every session, then the server, and removes its data. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wrapper.stdin?.end();
    const timer = setTimeout(() => this.kill(), 10_000);
    await this.#ended;
    clearTimeout(timer);
    process.removeListener("exit", this.#onExit);
  }

  /** Ends the server at once, as a crash would; its children follow on their own. */
  kill(): void {
    signal(this.pid, "SIGQUIT");
  }

  private endNow(): void {
    if (!this.#running) return;
    this.kill();
    rmSync(this.#base, { recursive: true, force: true });
  }
}

interface Started {
  readonly port: number;
  readonly pid: number;
  readonly base: string;
  readonly logFile: string;
  readonly wrapper: ChildProcess;
  readonly ended: Promise<void>;
}

/** Nothing is inherited but what the programs and the run's clean-up need. */
function environment(base: string): Record<string, string> {
  const mark = process.env.CUTOVER_REHEARSAL_RUN;
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    LC_ALL: "C",
    TZ: "UTC",
    TMPDIR: base,
    ...(mark ? { CUTOVER_REHEARSAL_RUN: mark } : {}),
  };
}

async function launch(base: string, account: Account | undefined, options: ServerOptions): Promise<Started> {
  const bin = reachableBinaries(account, base);
  const data = join(base, "data");
  const logFile = join(options.folder, "postgres.log");
  const identity = account ? { uid: account.uid, gid: account.gid } : {};
  if (account) chownSync(base, account.uid, account.gid);
  const passwordFile = join(base, "password");
  writeFileSync(passwordFile, `${options.superuser.password}\n`, { mode: 0o600 });
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const initdb = [`--pgdata=${data}`, `--username=${options.superuser.name}`, `--pwfile=${passwordFile}`];
  initdb.push("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions");
  const shared = { ...identity, cwd: base, env: environment(base) };
  try {
    await run(join(bin, "initdb"), initdb, shared);
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`initdb could not make a database in ${data}: ${stderr || String(error)}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  const port = await freePort();
  writeFileSync(join(data, "postgresql.auto.conf"), configuration(port, options));
  const log = openSync(logFile, "a");
  // The log is opened by us and handed over, so that it may lie where the server's account can't write.
  const wrapper = spawn("sh", ["-c", WRAPPER, "cutover-postgres", join(bin, "postgres"), data, base], {
    ...shared,
    stdio: ["pipe", log, log],
    detached: true,
  });
  closeSync(log);
  wrapper.stdin?.on("error", () => {}); // the wrapper may be gone before us
  const ended = new Promise<void>((resolve) => {
    wrapper.once("error", () => resolve());
    wrapper.once("exit", () => resolve());
  });
  const pid = await ready(join(data, "postmaster.pid"), wrapper, logFile).catch((error) => {
    wrapper.stdin?.end();
    throw error;
  });
  return { port, pid, base, logFile, wrapper, ended };
}

/** The server writes its state into the eighth line of its pid file; "ready" there means it accepts connections. */
async function ready(pidFile: string, wrapper: ChildProcess, logFile: string): Promise<number> {
  const ended = new AbortController();
  wrapper.once("exit", () => ended.abort(new Error(`PostgreSQL did not start, log: ${logFile}\n${tail(logFile)}`)));
  wrapper.once("error", (error) => ended.abort(error));
  return waitFor(
    () => {
      const lines = readFileSync(pidFile, "utf8").split("\n");
      return lines[7]?.trim() === "ready" ? Number(lines[0]) : undefined;
    },
    { what: "PostgreSQL to accept connections", deadlineMs: 30_000, everyMs: 10, signal: ended.signal },
  );
}

function configuration(port: number, options: ServerOptions): string {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "128MB",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %q%u@%a ",
    ...(options.durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join("");
}

function tail(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-6).join("\n");
  } catch {
    return "";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // already gone
  }
}
