import { randomUUID } from "node:crypto";
import { HttpClient, type HttpReply } from "../http/client";

export interface FrontDoorProof {
  /** Public name of the front door: resolved, connected and verified as a webhook sender would. */
  readonly domain: string;
  /** Path that Node answers with 2xx. */
  readonly path: string;
  /** Value of x-cutover-key, which opens the probe rules. */
  readonly probeKey: string;
  /** Answers in a row that are asked for. */
  readonly probes: number;
  /** Seconds after which to give up: DNS and a new load balancer need a while. */
  readonly deadlineSeconds: number;
}

export interface FrontDoorProofOptions {
  readonly client?: Pick<HttpClient, "send">;
  /** Milliseconds between two attempts after a failure; default 1000. */
  readonly pauseMs?: number;
}

/** The public name does not lead to a working Node; the message says what the last probe met. */
export class FrontDoorError extends Error {
  override readonly name = "FrontDoorError";
}

/**
 * Sends probes through the public name until `probes` of them in a row were answered by Node, or the deadline passes.
 * @returns how many were sent in all.
 */
export async function proveFrontDoor(proof: FrontDoorProof, options: FrontDoorProofOptions = {}): Promise<number> {
  const client = options.client ?? new HttpClient({ deadlineMs: 5000 });
  const giveUpAt = Date.now() + proof.deadlineSeconds * 1000;
  let inARow = 0;
  let sent = 0;
  let last = "";
  while (inARow < proof.probes) {
    if (Date.now() > giveUpAt) {
      throw new FrontDoorError(
        `https://${proof.domain}${proof.path} did not answer ${proof.probes} probes in a row within ${proof.deadlineSeconds} s (${sent} sent; last: ${last}). The webhook was not moved. Check the domain's DNS record, the certificate and Node's health, then run pulumi up again.`,
      );
    }
    sent++;
    const problem = await probe(client, proof);
    if (problem === undefined) {
      inARow++;
      continue;
    }
    inARow = 0;
    last = problem;
    await new Promise((resolve) => setTimeout(resolve, options.pauseMs ?? 1000));
  }
  return sent;
}

async function probe(client: Pick<HttpClient, "send">, proof: FrontDoorProof): Promise<string | undefined> {
  try {
    const reply = await client.send({
      method: "GET",
      retry: false,
      path: `https://${proof.domain}${proof.path}`,
      headers: {
        "x-cutover-target": "node",
        "x-cutover-key": proof.probeKey,
        "x-cutover-synthetic": `front-door-${randomUUID()}`,
      },
    });
    return wrongAnswer(reply);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A service of level 0 does not say who it is (docs/app-contract.md); one that does must say Node. */
function wrongAnswer(reply: HttpReply): string | undefined {
  if (reply.status < 200 || reply.status > 299) return `status ${reply.status}`;
  const servedBy = reply.headers["x-served-by"];
  return servedBy === undefined || servedBy === "node" ? undefined : `answered by ${servedBy}`;
}
