import type { IncomingMessage, ServerResponse } from "node:http";
import { answerItself, countStatus, type Route, traceId } from "./forward";

/** The event a Lambda target gets (vendor page "Use Lambda functions as targets", single-value headers). */
export interface AlbEvent {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } };
  readonly httpMethod: string;
  readonly path: string;
  readonly queryStringParameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** What the function answers with. */
export interface AlbResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** Calls a function by its ARN; rejects when the call fails or the function throws. */
export type InvokeLambda = (functionArn: string, event: AlbEvent) => Promise<AlbResult>;

/** AWS's limit of the request body for Lambda targets. */
const BODY_LIMIT = 1_048_576;

/** Hands one request to a Lambda function; a failing call or a malformed answer is 502, a body above 1 MB 413. */
export async function forwardToLambda(
  route: Route,
  invoke: InvokeLambda | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const groupArn = route.group.config.arn;
  route.metrics.record(groupArn, "RequestCount");
  route.target.inFlight++;
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of incoming) {
      size += (chunk as Buffer).length;
      if (size <= BODY_LIMIT) chunks.push(chunk as Buffer);
    }
    if (size > BODY_LIMIT) {
      response.writeHead(413).end();
      return;
    }
    if (!invoke) throw new Error("no way to call functions was given");
    const result = await invoke(route.target.address.id, albEvent(route, incoming, Buffer.concat(chunks)));
    if (!Number.isInteger(result.statusCode)) throw new Error("the function's answer has no statusCode");
    countStatus(route.metrics, groupArn, result.statusCode);
    response.writeHead(result.statusCode, { ...result.headers });
    response.end(Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8"));
  } catch {
    answerItself(route, response, 502);
  } finally {
    route.target.release();
  }
}

function albEvent(route: Route, incoming: IncomingMessage, body: Buffer): AlbEvent {
  const [path = "/", query = ""] = splitOnce(incoming.url ?? "/");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? (value.at(-1) ?? "") : value;
  }
  headers["x-forwarded-for"] = incoming.socket.remoteAddress ?? "";
  headers["x-forwarded-proto"] = route.protocol;
  headers["x-forwarded-port"] = String(route.port);
  headers["x-amzn-trace-id"] ??= traceId();
  const text = /^(text\/|application\/(json|javascript|xml))/.test(headers["content-type"] ?? "");
  return {
    requestContext: { elb: { targetGroupArn: route.group.config.arn } },
    httpMethod: incoming.method ?? "GET",
    path,
    queryStringParameters: Object.fromEntries(query.split("&").filter(Boolean).map(pair)),
    headers,
    body: body.toString(text ? "utf8" : "base64"),
    isBase64Encoded: !text && body.length > 0,
  };
}

/** AWS passes query values on as they were sent, still percent-encoded. */
function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function splitOnce(url: string): [string, string] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}
