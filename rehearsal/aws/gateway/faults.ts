import type { AwsCall } from "./call";
import type { AwsError } from "./errors";

/**
 * What the caller meets. `drop`: the connection breaks and the service never hears of the call. `lose-answer`: the service
 * does what was asked, and the connection breaks before the answer. `pass`: the service's own answer, for a fault that only delays.
 */
export type FaultResponse = "throttle" | "deny" | "unavailable" | "drop" | "lose-answer" | "pass" | AwsError;

export interface Fault {
  /** Signing name, such as "elasticloadbalancing" or "ssm". */
  readonly service: string;
  /** One operation only; default: all of the service. */
  readonly action?: string;
  /** One caller only; default: all, except the rehearsal's own load balancer and task runner. */
  readonly accessKeyId?: string;
  readonly respond: FaultResponse;
  /** How many calls it meets before it ends by itself; default: until removed. */
  readonly times?: number;
  /** Real ms that each call waits before anything else happens to it; default 0. */
  readonly delayMs?: number;
  /** Called when a call meets it: with `lose-answer` once the service has done it, otherwise before. */
  readonly onMet?: (call: AwsCall) => void;
}

/** A fault as one call meets it. */
export interface MetFault {
  readonly respond: "drop" | "lose-answer" | "pass" | AwsError;
  readonly delayMs: number;
  readonly tell: () => void;
}

/** Faults that are in force. */
export class Faults {
  readonly #active = new Map<Fault, number>();
  readonly #own: ReadonlySet<string>;

  /** `own` = access key ids of the rehearsal's machinery, met only by faults that name them. */
  constructor(own: ReadonlySet<string>) {
    this.#own = own;
  }

  /** Puts a fault in force; call the result to end it. */
  inject(fault: Fault): () => void {
    this.#active.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
    return () => this.#active.delete(fault);
  }

  clear(): void {
    this.#active.clear();
  }

  /** What this call meets, if anything; counts it. */
  meet(call: AwsCall): MetFault | undefined {
    for (const [fault, left] of this.#active) {
      if (fault.service !== call.service) continue;
      if (fault.action !== undefined && fault.action !== call.action) continue;
      if (fault.accessKeyId === undefined ? this.#own.has(call.accessKeyId) : fault.accessKeyId !== call.accessKeyId)
        continue;
      if (left <= 1) this.#active.delete(fault);
      else this.#active.set(fault, left - 1);
      return {
        respond: asMet(fault.respond, call),
        delayMs: fault.delayMs ?? 0,
        tell: () => fault.onMet?.(call),
      };
    }
    return undefined;
  }
}

function asMet(respond: FaultResponse, call: AwsCall): MetFault["respond"] {
  switch (respond) {
    case "drop":
    case "lose-answer":
    case "pass":
      return respond;
    case "throttle":
      return { status: 400, code: "ThrottlingException", message: "Rate exceeded" };
    case "deny":
      return {
        status: 403,
        code: call.protocol === "json" ? "AccessDeniedException" : "AccessDenied",
        message: `User: ${call.accessKeyId} is not authorized to perform: ${call.service}:${call.action}`,
      };
    case "unavailable":
      return { status: 503, code: "ServiceUnavailable", message: "Service is unable to handle request" };
    default:
      return respond;
  }
}
