/**
 * What the load balancer has to do, as plain data. The reader fills it from the emulated AWS; tests write it by hand.
 * Names and meanings are those of Elastic Load Balancing v2, API version 2015-12-01.
 */
export interface BalancerConfig {
  readonly loadBalancers: readonly LoadBalancerConfig[];
  readonly targetGroups: readonly TargetGroupConfig[];
}

export interface LoadBalancerConfig {
  readonly arn: string;
  readonly name: string;
  /** `idle_timeout.timeout_seconds`, in real seconds; AWS's default is 60. */
  readonly idleTimeoutSeconds: number;
  readonly listeners: readonly ListenerConfig[];
}

export interface ListenerConfig {
  readonly arn: string;
  /** The port customers see, such as 443. Where it is really bound is the balancer's `ports` option. */
  readonly port: number;
  readonly protocol: "HTTP" | "HTTPS";
  /** Names the listener's certificates are for; the first is the subject. Empty for HTTP. */
  readonly certificateNames: readonly string[];
  /** In order of evaluation; the last one is the default rule and has no conditions. */
  readonly rules: readonly RuleConfig[];
}

export interface RuleConfig {
  readonly arn: string;
  /** "default" or the number as AWS prints it. */
  readonly priority: string;
  /** All must hold. */
  readonly conditions: readonly RuleCondition[];
  readonly action: RuleAction;
}

/** One value (or regular expression) of the lists must match. */
export type RuleCondition =
  | {
      readonly field: "path-pattern" | "host-header";
      readonly values: readonly string[];
      readonly regexValues: readonly string[];
    }
  | {
      readonly field: "http-header";
      readonly name: string;
      readonly values: readonly string[];
      readonly regexValues: readonly string[];
    }
  | { readonly field: "http-request-method" | "source-ip"; readonly values: readonly string[] }
  | { readonly field: "query-string"; readonly values: readonly { readonly key?: string; readonly value: string }[] };

export type RuleAction =
  | { readonly type: "forward"; readonly targetGroups: readonly { readonly arn: string; readonly weight: number }[] }
  | {
      readonly type: "redirect";
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
      readonly statusCode: number;
    }
  | {
      readonly type: "fixed-response";
      readonly statusCode: number;
      readonly contentType: string;
      readonly body: string;
    };

export interface TargetGroupConfig {
  readonly arn: string;
  readonly name: string;
  readonly targetType: "ip" | "instance" | "lambda";
  readonly algorithm: "round_robin" | "least_outstanding_requests";
  /** The longest a draining target may finish its requests, in real seconds (it guards real requests). */
  readonly deregistrationDelaySeconds: number;
  readonly healthCheck: HealthCheckConfig;
  readonly targets: readonly TargetAddress[];
}

export interface HealthCheckConfig {
  readonly enabled: boolean;
  readonly path: string;
  /** Rehearsal seconds between two checks. */
  readonly intervalSeconds: number;
  /** Real seconds until a check without an answer has failed. */
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Such as "200", "200-299" or "200,204". */
  readonly matcher: string;
}

/** A registered target as AWS names it: an address in the network, or for a Lambda target group a function's ARN and port 0. */
export interface TargetAddress {
  readonly id: string;
  readonly port: number;
}

export const targetKey = (target: TargetAddress): string => `${target.id}:${target.port}`;
