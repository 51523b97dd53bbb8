import type { ValueMatch } from "./webhook";

/** Environment variable with a function's configuration as JSON: names and ARNs, no secret. Not SSM: it must work with SSM down. */
export const FUNCTION_CONFIG = "CUTOVER_FUNCTION";

/** What the rollback function is told. */
export interface RollbackConfig {
  readonly function: "rollback";
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  readonly listenerArn: string;
  /** Without `nodeTargetGroupArn` once Node is removed: then it moves to `hold` only. */
  readonly killSwitch?: { readonly ruleArn: string; readonly nodeTargetGroupArn?: string };
  /** Where `hold` sends messages; absent where no inbox is set up. */
  readonly inboxTargetGroupArn?: string;
  /** The inbox's queue: `hold` ends when it is empty. */
  readonly inboxQueueUrl?: string;
  /** Customers' messages come through the front door, by the phase that is declared. */
  readonly frontDoor: boolean;
  readonly pythonTargetGroupArn: string;
  /** Health path of each engine, which its probe rule leads to. */
  readonly healthPaths: { readonly python: string; readonly node?: string };
  /** Names of the composite alarms that roll back. */
  readonly alarms: { readonly hard: string; readonly soft: string };
  /** Alarms that only make the function probe: the load balancer's own 5xx can't be blamed on an engine. */
  readonly suspicionAlarms: readonly string[];
  /** Alarms that say that Node does not answer: read each minute, a reason to probe. */
  readonly nodeAlarms: readonly string[];
  /** Alarms over Node's own numbers: one in ALARM means that Node is as bad as Python. */
  readonly outageAlarms: readonly string[];
  readonly peopleTopicArn: string;
  /** ARN of the secret {"key"}: x-cutover-key. */
  readonly probeKeySecretArn: string;
  /** ARN of the secret {"ghlToken", "nodeUrl", "frontDoorUrl"}. */
  readonly rollbackSecretArn: string;
  /** Absent in mode `manual`: a person edits the workflow step. */
  readonly ghl?: { readonly locationId: string; readonly match: ValueMatch; readonly baseUrl?: string };
  /** Log group whose failed messages a notice lists. */
  readonly pythonLogGroup: string;
}

/** What the rollback's secret holds. URLs may carry tokens in their query strings. */
export interface RollbackSecret {
  /** Absent in mode `manual`. */
  readonly ghlToken?: string;
  /** What is written into GoHighLevel: Node's own URL, or the front door's with `backend=node`. */
  readonly nodeUrl?: string;
  /** The front door's URL, which counts as ours and may be overwritten. */
  readonly frontDoorUrl?: string;
}

/** A function can't start: its configuration is missing or wrong. */
export class FunctionConfigError extends Error {
  override readonly name = "FunctionConfigError";
}

const NEEDED = [
  "stack",
  "region",
  "domain",
  "listenerArn",
  "pythonTargetGroupArn",
  "peopleTopicArn",
  "probeKeySecretArn",
  "rollbackSecretArn",
  "pythonLogGroup",
] as const;

/**
 * Reads `CUTOVER_FUNCTION` of the rollback function.
 * @throws FunctionConfigError naming what is missing
 */
export function parseRollbackConfig(text: string | undefined): RollbackConfig {
  const config = parse(text);
  if (config.function !== "rollback") {
    throw new FunctionConfigError(`${FUNCTION_CONFIG} is for "${String(config.function)}"; expected "rollback"`);
  }
  const missing = [
    ...NEEDED.filter((key) => typeof config[key] !== "string" || config[key] === ""),
    ...(typeof config.alarms?.hard === "string" && typeof config.alarms.soft === "string" ? [] : ["alarms"]),
    ...(typeof config.healthPaths?.python === "string" ? [] : ["healthPaths"]),
    ...(Array.isArray(config.suspicionAlarms) ? [] : ["suspicionAlarms"]),
    ...(Array.isArray(config.outageAlarms) ? [] : ["outageAlarms"]),
    ...(Array.isArray(config.nodeAlarms) ? [] : ["nodeAlarms"]),
    ...(typeof config.frontDoor === "boolean" ? [] : ["frontDoor"]),
  ];
  if (missing.length > 0) throw new FunctionConfigError(`${FUNCTION_CONFIG} lacks ${missing.join(", ")}`);
  return config as RollbackConfig;
}

function parse(text: string | undefined): Partial<RollbackConfig> {
  if (text === undefined || text === "") throw new FunctionConfigError(`${FUNCTION_CONFIG} is not set`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // said below; the text itself is not shown
  }
  throw new FunctionConfigError(`${FUNCTION_CONFIG} is no JSON object`);
}
