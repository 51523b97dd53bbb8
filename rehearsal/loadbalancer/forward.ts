import { randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { BalancerMetrics } from "./metrics";
import type { Resolve, Target, TargetGroup } from "./target-group";

/** What forwarding a request needs to know besides the request. */
export interface Route {
  readonly loadBalancerArn: string;
  readonly protocol: "http" | "https";
  /** The listener's port as customers see it. */
  readonly port: number;
  /** Real ms without a byte from the target after which the client gets 504. */
  readonly idleTimeoutMs: number;
  readonly group: TargetGroup;
  readonly target: Target;
  readonly resolve: Resolve;
  readonly metrics: BalancerMetrics;
}

/** Headers that belong to one connection and are never passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const REWRITTEN = new Set(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"]);

/** Answers in the load balancer's own name, as AWS does: a short HTML page and a counted status. */
export function answerItself(
  route: { loadBalancerArn: string; metrics: BalancerMetrics },
  response: ServerResponse,
  status: 502 | 503 | 504,
): void {
  route.metrics.record(route.loadBalancerArn, "HTTPCode_ELB_5XX_Count");
  route.metrics.record(route.loadBalancerArn, `HTTPCode_ELB_${status}_Count`);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const words = { 502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out" }[
    status
  ];
  response.writeHead(status, { server: "awselb/2.0", "content-type": "text/html" });
  response.end(`<html><head><title>${words}</title></head><body><center><h1>${words}</h1></center></body></html>\r\n`);
}

/**
 * Passes one request to its target and the answer back, streaming both ways. Nothing is ever tried twice.
 * 502 when the target refuses or breaks the connection before answering, 504 when it is silent for the idle timeout.
 */
export function forward(route: Route, incoming: IncomingMessage, response: ServerResponse): void {
  const { metrics, target } = route;
  const groupArn = route.group.config.arn;
  metrics.record(groupArn, "RequestCount");
  target.inFlight++;
  let open = true;
  const finish = () => {
    if (!open) return;
    open = false;
    target.release();
  };
  response.on("close", finish);
  const address = route.resolve(target.address);
  if (!address) {
    metrics.record(groupArn, "TargetConnectionErrorCount");
    incoming.resume();
    answerItself(route, response, 502);
    return;
  }
  const started = performance.now();
  const outgoing = httpRequest({
    host: address.host,
    port: address.port,
    method: incoming.method ?? "GET",
    path: incoming.url ?? "/",
    headers: outgoingHeaders(route, incoming),
    agent: target.agent,
    timeout: route.idleTimeoutMs,
  });
  let connected = false;
  outgoing.on("socket", (socket) => {
    if (!socket.connecting) connected = true;
    else socket.once("connect", () => (connected = true));
  });
  outgoing.on("timeout", () => {
    if (open) answerItself(route, response, 504);
    outgoing.destroy();
  });
  outgoing.on("error", () => {
    if (!open || response.writableEnded) return;
    if (!connected) metrics.record(groupArn, "TargetConnectionErrorCount");
    answerItself(route, response, 502);
  });
  outgoing.on("response", (answer) => {
    if (!open || response.headersSent) return answer.destroy();
    metrics.record(groupArn, "TargetResponseTime", (performance.now() - started) / 1000);
    countStatus(metrics, groupArn, answer.statusCode ?? 0);
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedHeaders(answer.rawHeaders));
    answer.on("error", () => response.destroy());
    answer.on("aborted", () => response.destroy());
    answer.pipe(response);
  });
  // A client that goes away takes its request to the target with it.
  response.on("close", () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  incoming.pipe(outgoing);
}

export function countStatus(metrics: BalancerMetrics, groupArn: string, status: number): void {
  const hundreds = Math.floor(status / 100);
  if (hundreds === 2 || hundreds === 3 || hundreds === 4 || hundreds === 5) {
    metrics.record(groupArn, `HTTPCode_Target_${hundreds}XX_Count`);
  }
}

function outgoingHeaders(route: Route, incoming: IncomingMessage): string[] {
  const { headers } = incoming;
  const client = incoming.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const before = headers["x-forwarded-for"];
  const kept = passedHeaders(incoming.rawHeaders, REWRITTEN);
  kept.push("x-forwarded-for", before ? `${before}, ${client}` : client);
  kept.push("x-forwarded-proto", route.protocol, "x-forwarded-port", String(route.port));
  if (headers["x-amzn-trace-id"] === undefined) kept.push("x-amzn-trace-id", traceId());
  if (headers["transfer-encoding"] !== undefined) kept.push("transfer-encoding", "chunked");
  return kept;
}

export const traceId = (): string =>
  `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;

function passedHeaders(raw: readonly string[], also?: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !also?.has(lower)) kept.push(name, raw[i + 1] as string);
  }
  return kept;
}
