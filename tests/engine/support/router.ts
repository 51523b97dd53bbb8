import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Services that moto serves; the rest is ministack's. */
const MOTO = new Set(["ec2", "elasticloadbalancing", "ecs", "application-autoscaling", "acm"]);

export interface Router {
  readonly url: string;
  /** From now on every deployment is told to have failed for this reason; undefined: to be steady again. */
  failDeployments(reason: string | undefined): void;
  close(): Promise<void>;
}

export interface Upstreams {
  readonly moto: string;
  readonly ministack: string;
}

/** Answers that are corrected, because nothing runs here and no time passes: services are steady, certificates issued. */
const CORRECTIONS: { readonly [operation: string]: (text: string, failure: string | undefined) => string } = {
  DescribeServices: settle,
  DescribeCertificate: (text) => text.replaceAll('"PENDING_VALIDATION"', '"ISSUED"'),
};

/** One AWS endpoint in front of both emulators. */
export async function startRouter(upstreams: Upstreams): Promise<Router> {
  let failure: string | undefined;
  const server: Server = createServer((incoming, outgoing) => {
    const scope = /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
    const target = new URL(incoming.url ?? "/", MOTO.has(scope) ? upstreams.moto : upstreams.ministack);
    const correct =
      CORRECTIONS[
        String(incoming.headers["x-amz-target"] ?? "")
          .split(".")
          .pop() ?? ""
      ];
    const proxied = request(target, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (!correct) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const body = Buffer.from(correct(Buffer.concat(chunks).toString(), failure));
        const { "content-length": _, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": body.length });
        outgoing.end(body);
      });
    });
    proxied.on("error", (error) => outgoing.writeHead(502).end(error.message));
    incoming.pipe(proxied);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failDeployments: (reason) => {
      failure = reason;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Service {
  desiredCount?: number;
  runningCount?: number;
  taskDefinition?: string;
  deployments?: { status: string; rolloutState: string; rolloutStateReason?: string; taskDefinition: string }[];
}

function settle(text: string, failure: string | undefined): string {
  const body = JSON.parse(text) as { services?: Service[] };
  for (const service of body.services ?? []) {
    const { taskDefinition = "" } = service;
    service.runningCount = failure ? 0 : (service.desiredCount ?? 0);
    const outcome = failure ? { rolloutState: "FAILED", rolloutStateReason: failure } : { rolloutState: "COMPLETED" };
    service.deployments = [{ status: "PRIMARY", taskDefinition, ...outcome }];
  }
  return JSON.stringify(body);
}
