import type { AwsClients } from "./aws-clients";
import type { Context, Look } from "./resource-type";

export interface ContextSettings {
  readonly aws: AwsClients;
  readonly region: string;
  readonly name: string;
  readonly programDir: string;
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly accountId: () => Promise<string>;
  readonly created?: (id: string) => void;
  /** Real milliseconds a wait may take. */
  readonly deadlineMs: number;
  /** Ends waits early: the engine's Cancel, or the end of the server. */
  readonly signal: AbortSignal;
}

/** What a handler gets for one call. */
export function makeContext(settings: ContextSettings): Context {
  return {
    aws: settings.aws,
    region: settings.region,
    name: settings.name,
    programDir: settings.programDir,
    environment: settings.environment ?? process.env,
    accountId: settings.accountId,
    created: settings.created ?? (() => undefined),
    wait: (what, look, everyMs = 250) => waitUntil(what, look, everyMs, settings.deadlineMs, settings.signal),
  };
}

async function waitUntil<T>(
  what: string,
  look: () => Promise<Look<T>>,
  everyMs: number,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if ("done" in seen) return seen.done;
    if (signal.aborted) throw new Error(`cancelled while waiting for ${what}; last seen: ${seen.pending}`);
    if (Date.now() >= end) {
      throw new Error(`waited ${(deadlineMs / 1000).toFixed(0)} s for ${what}, in vain; last seen: ${seen.pending}`);
    }
    await pause(Math.min(everyMs, Math.max(1, end - Date.now())), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
