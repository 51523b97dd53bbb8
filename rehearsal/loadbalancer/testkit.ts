import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { BalancerConfig, ListenerConfig, RuleAction, RuleCondition, TargetGroupConfig } from "./config";

/** A target whose behaviour a test decides, on a free loopback port. */
export class TestTarget {
  readonly server: Server;
  readonly name: string;
  readonly seen: IncomingMessage[] = [];

  private constructor(name: string, answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.name = name;
    this.server = createServer((request, response) => {
      if (request.url === "/healthz") response.end("ok");
      else {
        this.seen.push(request);
        answer(request, response);
      }
    });
    this.server.keepAliveTimeout = 75_000;
  }

  static async start(
    name: string,
    answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end(name),
  ): Promise<TestTarget> {
    const target = new TestTarget(name, answer);
    await new Promise<void>((resolve) => target.server.listen(0, "127.0.0.1", resolve));
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** A target group of these targets with quick health checks. */
export function groupOf(
  name: string,
  targets: readonly TestTarget[],
  more: Partial<TargetGroupConfig> = {},
): TargetGroupConfig {
  return {
    arn: `arn:${name}`,
    name,
    targetType: "ip",
    algorithm: "least_outstanding_requests",
    deregistrationDelaySeconds: 5,
    healthCheck: {
      enabled: true,
      path: "/healthz",
      intervalSeconds: 1,
      timeoutSeconds: 1,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: "200",
    },
    targets: targets.map(({ port }) => ({ id: "127.0.0.1", port })),
    ...more,
  };
}

/** One rule of a test's listener. */
export interface TestRule {
  readonly conditions?: readonly RuleCondition[];
  readonly action: RuleAction;
}

export const forwardTo = (...groups: [arn: string, weight: number][]): RuleAction => ({
  type: "forward",
  targetGroups: groups.map(([arn, weight]) => ({ arn, weight })),
});

/** One load balancer "lb" with one listener. */
export function configOf(
  groups: readonly TargetGroupConfig[],
  rules: readonly TestRule[],
  more: { listener?: Partial<ListenerConfig>; idleTimeoutSeconds?: number } = {},
): BalancerConfig {
  return {
    loadBalancers: [
      {
        arn: "arn:lb",
        name: "lb",
        idleTimeoutSeconds: more.idleTimeoutSeconds ?? 60,
        listeners: [
          {
            arn: "arn:listener",
            port: 80,
            protocol: "HTTP",
            certificateNames: [],
            rules: rules.map(({ conditions = [], action }, at) => ({
              arn: `${at}`,
              priority: `${at}`,
              conditions,
              action,
            })),
            ...more.listener,
          },
        ],
      },
    ],
    targetGroups: groups,
  };
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Sends one request to a loopback port; rejects when the connection breaks. */
export function send(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
): Promise<TestAnswer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, agent: false, ...rest }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}
