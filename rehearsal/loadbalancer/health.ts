import { get } from "node:http";
import type { HealthCheckConfig } from "./config";

/** States and reason codes of DescribeTargetHealth. */
export interface TargetHealth {
  readonly state: "initial" | "healthy" | "unhealthy" | "unused" | "draining" | "unavailable";
  readonly reason?: string;
  readonly description?: string;
}

export const INITIAL: TargetHealth = {
  state: "initial",
  reason: "Elb.InitialHealthChecking",
  description: "Initial health checks in progress",
};
export const HEALTHY: TargetHealth = { state: "healthy" };
export const NOT_IN_USE: TargetHealth = {
  state: "unused",
  reason: "Target.NotInUse",
  description: "Target group is not configured to receive traffic from the load balancer",
};
/** A function without health checks, which is AWS's default for functions: it gets requests all the same. */
export const NOT_CHECKED: TargetHealth = {
  state: "unavailable",
  reason: "Target.HealthCheckDisabled",
  description: "Health checks are not enabled for this target",
};
export const DRAINING: TargetHealth = {
  state: "draining",
  reason: "Target.DeregistrationInProgress",
  description: "Target deregistration is in progress",
};
export const NOT_REGISTERED: TargetHealth = {
  state: "unused",
  reason: "Target.NotRegistered",
  description: "Target is not registered to the target group",
};

/** How one check ended: nothing for a pass, else AWS's reason and words. */
export type CheckResult = undefined | { readonly reason: string; readonly description: string };

/** Counts passes and failures in a row and turns them into a state, as the vendor describes health checks. */
export class HealthState {
  #health: TargetHealth = INITIAL;
  #passes = 0;
  #failures = 0;

  get health(): TargetHealth {
    return this.#health;
  }

  /** Starts over: a newly registered target, or a group that came into use. */
  reset(): void {
    this.#health = INITIAL;
    this.#passes = 0;
    this.#failures = 0;
  }

  /** Takes one check's result; returns whether the state changed. A new target is healthy after its first pass. */
  take(result: CheckResult, config: HealthCheckConfig): boolean {
    const before = this.#health.state;
    if (result === undefined) {
      this.#passes++;
      this.#failures = 0;
      if (before === "initial" || this.#passes >= config.healthyThreshold) this.#health = HEALTHY;
    } else {
      this.#failures++;
      this.#passes = 0;
      if (this.#failures >= config.unhealthyThreshold) this.#health = { state: "unhealthy", ...result };
    }
    return before !== this.#health.state;
  }
}

/** Asks a target's health path once. Never rejects; `timeoutSeconds` is real time. */
export function checkOnce(
  address: { readonly host: string; readonly port: number } | undefined,
  config: HealthCheckConfig,
): Promise<CheckResult> {
  const failed = { reason: "Target.FailedHealthChecks", description: "Health checks failed" };
  if (!address) return Promise.resolve(failed);
  return new Promise((resolve) => {
    const request = get(
      {
        host: address.host,
        port: address.port,
        path: config.path,
        agent: false,
        headers: {
          host: `${address.host}:${address.port}`,
          connection: "close",
          "user-agent": "ELB-HealthChecker/2.0",
        },
      },
      (response) => {
        response.resume();
        const code = response.statusCode ?? 0;
        settle(
          codeMatches(config.matcher, code)
            ? undefined
            : {
                reason: "Target.ResponseCodeMismatch",
                description: `Health checks failed with these codes: [${code}]`,
              },
        );
      },
    );
    const timer = setTimeout(() => {
      settle({ reason: "Target.Timeout", description: "Request timed out" });
      request.destroy();
    }, config.timeoutSeconds * 1000);
    const settle = (result: CheckResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    request.on("error", () => settle(failed));
  });
}

/** Whether a status code is named by a matcher such as "200", "200-299" or "200,204". */
export function codeMatches(matcher: string, code: number): boolean {
  return matcher.split(",").some((part) => {
    const [low, high] = part.split("-").map(Number);
    return low !== undefined && code >= low && code <= (high ?? low);
  });
}
