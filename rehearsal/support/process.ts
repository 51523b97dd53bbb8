import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

export interface ManagedProcessOptions {
  /** Short name for messages and the log file, such as "moto". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard output and error go to this file (appended). */
  readonly logFile: string;
  /** Called when the process ends although `stop` was not called. */
  readonly onUnexpectedExit?: (message: string) => void;
}

/** The run's mark (see rehearsal/run/processes.ts), by which a later run recognises what a killed one left behind. */
function runMarker(): Record<string, string> {
  const mark = process.env["CUTOVER_REHEARSAL_RUN"];
  return mark ? { CUTOVER_REHEARSAL_RUN: mark } : {};
}

/** A child process in a process group of its own: started once, stopped once, its output kept in a file. */
export class ManagedProcess {
  readonly #child: ChildProcess;
  readonly #options: ManagedProcessOptions;
  #stopping = false;
  #exited = false;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(options: ManagedProcessOptions) {
    this.#options = options;
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, "a");
    this.#child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: { ...runMarker(), ...options.env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    this.exit = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null, why?: string) => {
        if (this.#exited) return;
        this.#exited = true;
        resolve({ code, signal });
        if (!this.#stopping) options.onUnexpectedExit?.(this.describeExit(code, signal, why));
      };
      this.#child.once("error", (error) => ended(null, null, error.message));
      this.#child.once("exit", (code, signal) => ended(code, signal));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return !this.#exited;
  }

  /** The last lines the process wrote. */
  tail(lines = 8): string {
    try {
      return readFileSync(this.#options.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  /** SIGTERM to the whole group, SIGKILL after `graceMs` (default 5000); resolves when the process is gone. */
  async stop(graceMs = 5000): Promise<void> {
    this.#stopping = true;
    if (this.#exited) return;
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.exit;
    clearTimeout(timer);
    this.signal("SIGKILL"); // whatever of the group outlived its leader
  }

  /** Ends the process as if the machine had died, without grace; for fault injection. `onUnexpectedExit` is called. */
  kill(): void {
    this.signal("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    const pid = this.#child.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // already gone
    }
  }

  private describeExit(code: number | null, signal: NodeJS.Signals | null, why?: string): string {
    const how = why ?? (signal ? `ended by ${signal}` : `exited with ${code}`);
    const tail = this.tail();
    return `${this.#options.name} (pid ${this.#child.pid ?? "none"}) ${how}, log: ${this.#options.logFile}${tail ? `\n${tail}` : ""}`;
  }
}
