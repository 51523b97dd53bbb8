import { request as httpRequest, type IncomingMessage } from "node:http";

/** Base URLs of the emulators. */
export interface Upstreams {
  readonly moto: string;
  readonly ministack: string;
}

/** Services that must see each other's resources live together on moto; everything else is ministack's. */
const ON_MOTO = new Set(["ec2", "elasticloadbalancing", "ecs", "application-autoscaling", "acm"]);

export const upstreamOf = (service: string, upstreams: Upstreams): string =>
  ON_MOTO.has(service) ? upstreams.moto : upstreams.ministack;

export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Sends one request and reads the whole answer. Rejects only when there is no answer. */
export function ask(
  base: string,
  options: {
    method?: string;
    path?: string;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    body?: Buffer | string;
  },
): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers };
    for (const name of ["transfer-encoding", "connection", "expect"]) delete headers[name];
    if (options.body !== undefined) headers["content-length"] = String(Buffer.byteLength(options.body));
    const request = httpRequest(
      new URL(options.path ?? "/", base),
      { method: options.method ?? "POST", headers, agent: false },
      (response) => {
        readAll(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        );
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}

/** The same for what only reads: asked a second time where there was no answer. */
export const lookUp: typeof ask = (base, options) => ask(base, options).catch(() => ask(base, options));

export async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Headers with which the gateway itself asks an emulator; emulators look at the scope, not at the signature. */
export function ownHeaders(service: string, target?: string): Record<string, string> {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=GATEWAY/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    "content-type": target ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded",
    ...(target ? { "x-amz-target": target } : {}),
  };
}
