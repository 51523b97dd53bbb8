import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Everything the command prints is appended here, under a line that names it. */
  readonly logFile: string;
  /** Real ms after which the command is ended. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Keep standard output out of the log: it holds secrets. */
  readonly private?: boolean;
  /** Called every `tickMs` while the command runs, with its process id. */
  readonly onTick?: (pid: number) => void;
  /** Real ms; default 250. */
  readonly tickMs?: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Set where the deadline or the signal ended it. */
  readonly ended?: "deadline" | "signal";
}

/** SIGINT lets Pulumi finish the step it is in and write its state; this long, then the group is killed. */
const GRACE_MS = 5000;

/** Runs a command to its end in a process group of its own; never rejects because of what the command does. */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  appendFileSync(options.logFile, `\n$ ${[options.command, ...options.args.map(hideSecret)].join(" ")}\n`);
  const started = Date.now();
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const log = createWriteStream(options.logFile, { flags: "a" });
  const stdout = collect(child.stdout, options.private ? undefined : log);
  const stderr = collect(child.stderr, log);
  let ended: CommandResult["ended"];
  const end = (why: "deadline" | "signal") => {
    ended ??= why;
    endGroup(child);
  };
  const onAbort = () => end("signal");
  const deadline = setTimeout(() => end("deadline"), options.deadlineMs);
  const { onTick, tickMs = 250 } = options;
  const { pid } = child;
  const ticks = onTick && pid !== undefined ? setInterval(() => onTick(pid), tickMs) : undefined;
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    const exitCode = await new Promise<number>((resolve) => {
      child.once("error", (error) => {
        stderr.push(Buffer.from(error.message));
        resolve(127);
      });
      child.once("close", (code) => resolve(code ?? 1));
    });
    const seconds = (Date.now() - started) / 1000;
    return { exitCode, stdout: text(stdout), stderr: text(stderr), seconds, ...(ended ? { ended } : {}) };
  } finally {
    clearTimeout(deadline);
    clearInterval(ticks);
    options.signal?.removeEventListener("abort", onAbort);
    log.end();
  }
}

/** `--secret key=value` reaches the log without the value. */
export function hideSecret(argument: string, index: number, all: readonly string[]): string {
  return all[index - 1] === "--secret" ? argument.replace(/=.*$/s, "=[secret]") : argument;
}

function collect(stream: NodeJS.ReadableStream | null, log: NodeJS.WritableStream | undefined): Buffer[] {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    log?.write(chunk);
  });
  return chunks;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat([...chunks]).toString("utf8");
}

function endGroup(child: ChildProcess): void {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // already gone
    }
  };
  signal("SIGINT");
  const killer = setTimeout(() => signal("SIGKILL"), GRACE_MS);
  child.once("close", () => {
    clearTimeout(killer);
    signal("SIGKILL"); // plugins that outlived it
  });
}
