import { randomUUID } from "node:crypto";
import type { EngineHealth } from "@cutover/domain/rollback";
import type { HttpClient, HttpReply } from "../http/client";
import { HttpError } from "../http/errors";

export interface ProbeTarget {
  /** Public name of the front door: probes take the way that customers take. */
  readonly domain: string;
  readonly engine: "node" | "python" | "inbox";
  readonly path: string;
  /** Value of x-cutover-key, which opens the probe rules. */
  readonly key: string;
}

/** Attempts before an engine counts as dead. With their pauses they end within 5 s. */
const ATTEMPTS = 3;
const ATTEMPT_MS = 1_400;
const PAUSE_MS = 250;

/**
 * Asks an engine through its probe rule. One answer is enough for `answers`; `dead` needs three failures of the engine
 * itself: a server's error, or silence. What says nothing of the engine (no connection to the front door, a 4xx because
 * the key is wrong) is `unknown`.
 */
export async function probeEngine(target: ProbeTarget, client: Pick<HttpClient, "send">): Promise<EngineHealth> {
  let failed = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const seen = await probeOnce(target, client);
    if (seen === "answers") return "answers";
    if (seen === "dead") failed++;
  }
  return failed === ATTEMPTS ? "dead" : "unknown";
}

async function probeOnce(target: ProbeTarget, client: Pick<HttpClient, "send">): Promise<EngineHealth> {
  try {
    const reply = await client.send({
      method: "GET",
      retry: false,
      deadlineMs: ATTEMPT_MS,
      path: `https://${target.domain}${target.path}`,
      headers: {
        "x-cutover-target": target.engine,
        "x-cutover-key": target.key,
        "x-cutover-synthetic": `rollback-${randomUUID()}`,
      },
    });
    return judge(reply, target.engine);
  } catch (error) {
    if (error instanceof HttpError) return error.failure === "deadline" ? "dead" : "unknown";
    throw error;
  }
}

function judge({ status, headers }: HttpReply, engine: string): EngineHealth {
  // The inbox says 429 where it can't store: some senders send again then.
  if (status >= 500 || (engine === "inbox" && status === 429)) return "dead";
  const servedBy = headers["x-served-by"];
  if (status < 200 || status > 299 || (servedBy !== undefined && servedBy !== engine)) return "unknown";
  return "answers";
}
