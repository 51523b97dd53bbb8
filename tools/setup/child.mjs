// Child processes of `make setup`: own process group, output to a log file, ended with us.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { SetupError } from "./errors.mjs";

const running = new Set();

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // already gone
  }
}

/** Ends every child still running, with all its descendants. For the end of our own process. */
export function endChildren() {
  for (const child of running) signalGroup(child, "SIGKILL");
}

/** The last lines of a log. */
export function tail(path, lines = 12) {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

/**
 * Runs a command to its end. Its output is appended to `log`; `onText` sees it too. Rejects with a SetupError that
 * carries the end of the log when it can't start, fails or takes longer than `deadlineMs` (default 30 minutes).
 */
export function run(command, args, { cwd, env, log, onText, deadlineMs = 30 * 60_000, failure }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, "a");
  writeSync(file, `\n$ ${command} ${args.join(" ")}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    running.add(child);
    let why = "";
    let output = "";
    const timer = setTimeout(() => {
      why = `took longer than ${deadlineMs / 1000} s`;
      signalGroup(child, "SIGKILL");
    }, deadlineMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        try {
          writeSync(file, chunk);
        } catch (error) {
          why = `its log can't be written: ${error.message}`;
          signalGroup(child, "SIGKILL");
        }
        output += chunk;
        onText?.(chunk.toString());
      });
    }
    const ended = (reason) => {
      clearTimeout(timer);
      if (!running.delete(child)) return;
      closeSync(file);
      if (!reason) return resolve(output);
      const end = tail(log);
      reject(
        new SetupError(`${failure ?? command}: ${reason}\nThe last lines of ${log}:\n${end.replace(/^/gm, "    ")}`),
      );
    };
    child.once("error", (error) => ended(error.message));
    child.once("close", (code, signal) =>
      ended(why || (signal && `ended by ${signal}`) || (code && `exit code ${code}`)),
    );
  });
}
