import { HttpClient } from "../http/client";
import { HttpError } from "../http/errors";

/** How a URL answered a GET; a GET has no effect on a webhook. */
export interface Greeting {
  readonly status: number;
  /** Header `server`, as far as it tells one kind of server from another. */
  readonly server?: string;
}

export interface GreetOptions {
  /** Time for one attempt in ms; default 5 000. */
  readonly deadlineMs?: number;
  /** Default 3. */
  readonly attempts?: number;
}

/** Asks a URL how it answers a GET. Undefined: nothing answers there. */
export async function greet(
  url: string,
  { deadlineMs = 5_000, attempts = 3 }: GreetOptions = {},
): Promise<Greeting | undefined> {
  const http = new HttpClient({ deadlineMs, retry: { attempts, longestAskedMs: 5_000 } });
  try {
    const headers = { "x-cutover-synthetic": "destroy" };
    const { status, headers: said } = await http.send({ method: "GET", path: url.trim(), headers });
    const server = said.server?.split("/")[0]?.slice(0, 60);
    return { status, ...(server ? { server } : {}) };
  } catch (error) {
    if (error instanceof HttpError) return undefined;
    throw error;
  } finally {
    http.close();
  }
}

/** What is known of a URL from the time when it was in use. */
export interface Acquaintance {
  /** How it answered then. */
  readonly before?: Greeting | undefined;
  /** Where the service says that it is well, as a path on the same host. */
  readonly healthPath?: string | undefined;
}

/**
 * Whether the service that was in use still answers at a URL: as it did then (the same class of status, the same kind of
 * server), or with 2xx on its health path. Where nothing is known of then, any answer below 500. A redirect, 502, 503 and
 * 504 come from something in front of a service that is gone, never from the service.
 */
export async function urlAnswers(
  url: string,
  { before, healthPath }: Acquaintance = {},
  ask: (url: string) => Promise<Greeting | undefined> = greet,
): Promise<boolean> {
  const now = await ask(url);
  if (now === undefined) return false;
  if (isOwnAnswer(now) && (before === undefined || !isOwnAnswer(before) ? now.status < 500 : isAlike(now, before)))
    return true;
  if (healthPath === undefined) return false;
  const health = await ask(new URL(healthPath, url.trim()).href);
  return health !== undefined && health.status >= 200 && health.status < 300;
}

function isOwnAnswer({ status }: Greeting): boolean {
  return !(status >= 300 && status < 400) && ![502, 503, 504].includes(status);
}

function isAlike(now: Greeting, before: Greeting): boolean {
  return Math.floor(now.status / 100) === Math.floor(before.status / 100) && now.server === before.server;
}
