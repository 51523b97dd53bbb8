import type { IncomingMessage } from "node:http";

/** How a service words requests and errors. */
export type Protocol = "query" | "ec2" | "json" | "rest-xml" | "rest-json" | "cbor";

/** One AWS API call as far as the gateway understands it. */
export interface AwsCall {
  /** Signing name from the credential scope, such as "elasticloadbalancing"; "" for an unsigned request. */
  readonly service: string;
  readonly region: string;
  /** Operation such as "ModifyRule"; for REST services method and path. */
  readonly action: string;
  readonly accessKeyId: string;
  readonly protocol: Protocol;
  /** The whole body where it had to be read, else undefined: it is streamed. */
  readonly body: Buffer | undefined;
}

const QUERY = new Set(["elasticloadbalancing", "autoscaling", "iam", "sts", "sns", "sqs", "monitoring", "rds"]);
const REST_XML = new Set(["s3", "route53", "cloudfront"]);

/** Signing name, region and access key id of a SigV4 request, from its header or its presigned query. */
export function credentialScope(request: IncomingMessage): { accessKeyId: string; region: string; service: string } {
  const header = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? "")?.[1];
  const query = /[?&]X-Amz-Credential=([^&]+)/.exec(request.url ?? "")?.[1];
  const scope = (header ?? (query ? decodeURIComponent(query) : "")).split("/");
  const [accessKeyId = "", , region = "", service = ""] = scope;
  return { accessKeyId, region, service: service.toLowerCase() };
}

/** Operation and protocol by what the request itself says; `body` helps for form-encoded calls. */
export function describeCall(request: IncomingMessage, body: Buffer | undefined): AwsCall {
  const scope = credentialScope(request);
  const { method = "GET", url = "/", headers } = request;
  const target = headers["x-amz-target"];
  const make = (action: string, protocol: Protocol): AwsCall => ({ ...scope, action, protocol, body });
  if (typeof target === "string") return make(target.slice(target.lastIndexOf(".") + 1), "json");
  const rpc = /^\/service\/[^/]+\/operation\/([^/?]+)/.exec(url)?.[1];
  if (rpc) return make(rpc, "cbor");
  const path = url.split("?")[0] ?? "/";
  if (isForm(request)) {
    const action = new URLSearchParams(body?.toString("utf8")).get("Action") ?? "";
    return make(action || `${method} ${path}`, scope.service === "ec2" ? "ec2" : "query");
  }
  const action = new URLSearchParams(url.split("?")[1]).get("Action");
  if (action && QUERY.has(scope.service)) return make(action, "query");
  return make(`${method} ${path}`, REST_XML.has(scope.service) ? "rest-xml" : "rest-json");
}

export const isForm = (request: IncomingMessage): boolean =>
  request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;

/** The members of a query-protocol list such as `Targets.member.1.Id`, in order, each as its fields. */
export function queryMembers(params: URLSearchParams, list: string): Record<string, string>[] {
  const members: Record<string, string>[] = [];
  for (const [key, value] of params) {
    const match = new RegExp(`^${list}\\.member\\.(\\d+)(?:\\.(.+))?$`).exec(key);
    if (!match) continue;
    const index = Number(match[1]) - 1;
    members[index] ??= {};
    (members[index] as Record<string, string>)[match[2] ?? ""] = value;
  }
  return members.filter((member) => member !== undefined);
}
