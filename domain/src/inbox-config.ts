import { FUNCTION_CONFIG, FunctionConfigError } from "./function-config";

/** What the inbox function is told: nothing it would have to ask anybody for. */
export interface InboxConfig {
  readonly function: "inbox";
  readonly region: string;
  readonly queueUrl: string;
  /** Digests of the accepted values of x-webhook-secret (`secretDigest`). */
  readonly acceptedDigests: readonly string[];
}

/** What the replayer is told. Holds no secret. */
export interface ReplayConfig {
  readonly function: "replay";
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  readonly queueUrl: string;
  readonly refusedQueueUrl: string;
  /** Where held messages may go, best first, with the health path that says whether the engine answers. */
  readonly engines: readonly { readonly engine: "node" | "python"; readonly healthPath: string }[];
  readonly peopleTopicArn: string;
  /** ARN of the secret with {@link ReplaySecrets}. */
  readonly secretArn: string;
}

/** Content of the replayer's secret. */
export interface ReplaySecrets {
  /** Value of x-cutover-key, which opens the probe rules. */
  readonly probeKey: string;
  /** Value of x-webhook-secret that every task of Python accepts. */
  readonly webhookSecret: string;
}

/**
 * Reads `CUTOVER_FUNCTION` of the inbox function.
 * @throws FunctionConfigError naming what is missing
 */
export function parseInboxConfig(text: string | undefined): InboxConfig {
  return parse<InboxConfig>(text, "inbox", ["region", "queueUrl"], ["acceptedDigests"]);
}

/**
 * Reads `CUTOVER_FUNCTION` of the replayer.
 * @throws FunctionConfigError naming what is missing
 */
export function parseReplayConfig(text: string | undefined): ReplayConfig {
  const texts = ["stack", "region", "domain", "queueUrl", "refusedQueueUrl", "peopleTopicArn", "secretArn"];
  return parse<ReplayConfig>(text, "replay", texts, ["engines"]);
}

function parse<T>(text: string | undefined, name: string, texts: readonly string[], lists: readonly string[]): T {
  const config = bagOf(text);
  if (!config) throw new FunctionConfigError(`${FUNCTION_CONFIG} is no JSON object`);
  if (config.function !== name) {
    throw new FunctionConfigError(`${FUNCTION_CONFIG} is for "${String(config.function)}"; expected "${name}"`);
  }
  const missing = [
    ...texts.filter((key) => typeof config[key] !== "string" || config[key] === ""),
    ...lists.filter((key) => !Array.isArray(config[key])),
  ];
  if (missing.length > 0) throw new FunctionConfigError(`${FUNCTION_CONFIG} lacks ${missing.join(", ")}`);
  return config as T;
}

function bagOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // The caller says so; the text itself is not shown.
    return undefined;
  }
}
