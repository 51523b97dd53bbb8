import type { Datum, Engine } from "./metrics";

/** Probes of each backend in a minute: one each 15 s, so that a dead backend shows within half a minute. */
export const PROBES_PER_MINUTE = 4;
export const PROBE_EVERY_SECONDS = 15;
/** A probe without an answer after so many (real) seconds has failed: the plan's limit for a response. */
export const PROBE_LIMIT_SECONDS = 3;

/**
 * `webhook`: a synthetic message, which takes the whole way of a message and leaves nothing (docs/app-contract.md,
 * level 2). `health`: the health path, for a service that does not know the mark and would take it for a customer's.
 */
export type ProbeKind = "webhook" | "health";

/** How one application is probed, and how much of it there has to be. */
export interface ProbedBackend {
  readonly engine: Engine;
  readonly probe: ProbeKind;
  /** Path of the probe: the webhook's, or the health path. */
  readonly path: string;
  /** Its customer target group; the tasks in it are counted. */
  readonly customerGroupArn: string;
  /** Tasks that have to be healthy: while it is live, or the way back. */
  readonly requiredTasks: number;
}

/** What the prober knows of its stack: environment variable `CUTOVER_FUNCTION`. Holds no secret. */
export interface ProberConfig {
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  /** Secret with {@link ProberSecrets}. */
  readonly secretArn: string;
  readonly backends: readonly ProbedBackend[];
  /** Whether the secret holds a database URL; without one the views' numbers are not published. */
  readonly database: boolean;
}

/** Content of the prober's secret, JSON. */
export interface ProberSecrets {
  /** Value of x-cutover-key, which opens the probe rules. */
  readonly probeKey: string;
  /** Value of x-webhook-secret, which Python checks. */
  readonly webhookSecret: string;
  /** Read-only role over the session pooler (or the direct connection where IPv6 works). */
  readonly databaseUrl?: string;
}

/**
 * Reads the function's configuration.
 * @throws TypeError when it is not what the stack writes: a prober that probes nothing must not look well
 */
export function parseProberConfig(text: string | undefined): ProberConfig {
  let value: Partial<ProberConfig> | null = null;
  try {
    value = JSON.parse(text ?? "") as Partial<ProberConfig> | null;
  } catch {
    // said below
  }
  const texts = [value?.stack, value?.region, value?.domain, value?.secretArn];
  if (!value || texts.some((one) => typeof one !== "string" || one === "") || !Array.isArray(value.backends)) {
    throw new TypeError(
      "CUTOVER_FUNCTION is not the prober's configuration (stack, region, domain, secretArn, backends): run pulumi up",
    );
  }
  return value as ProberConfig;
}

/** Where the numbers come from; each fails for itself. */
export type ProberSource = "secrets" | "database" | "target-health";

/** One request that asks a backend whether it can work. */
export interface ProbeRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The request of one probe. `id` marks it in logs; it must be new each time, or de-duplication would answer for it. */
export function probeRequest(backend: ProbedBackend, secrets: ProberSecrets, id: string): ProbeRequest {
  const headers = {
    "x-cutover-target": backend.engine,
    "x-cutover-key": secrets.probeKey,
    "x-cutover-synthetic": id,
  };
  if (backend.probe === "health") return { method: "GET", path: backend.path, headers };
  return {
    method: "POST",
    path: backend.path,
    headers: { ...headers, "x-webhook-secret": secrets.webhookSecret, "x-contact-id": "cutover-probe" },
    body: { contactId: "cutover-probe", messageId: id, body: "probe" },
  };
}

/** What came of a probe. `status` is missing where no answer came. */
export interface ProbeAnswer {
  readonly status?: number;
  /** Response header `x-served-by`, where the application sends it. */
  readonly servedBy?: string;
  /** Real seconds until the answer, or until we gave up. */
  readonly seconds: number;
  /** Why no answer came. */
  readonly error?: string;
  /** No answer within the limit: then `seconds` is at least what it would have taken. */
  readonly timedOut?: boolean;
}

/** @returns why the probe failed, or undefined for one that did not. */
export function probeFailure(engine: Engine, answer: ProbeAnswer): string | undefined {
  if (answer.status === undefined) return answer.error ?? "no answer";
  if (answer.status < 200 || answer.status > 299) return `status ${answer.status}`;
  if (answer.servedBy !== undefined && answer.servedBy !== engine) return `answered by ${answer.servedBy}`;
  if (answer.seconds > PROBE_LIMIT_SECONDS) return `answered after ${answer.seconds.toFixed(1)} s`;
  return undefined;
}

/** What a probe says in metrics: whether it failed and, where that means anything, how long it took. */
export function probeData(engine: Engine, answer: ProbeAnswer, at: number): Datum[] {
  const common = { dimensions: { Engine: engine }, at, highResolution: true } as const;
  const failed = probeFailure(engine, answer) !== undefined;
  const took = answer.status !== undefined || answer.timedOut === true;
  return [
    { ...common, name: "ProbeFailed", value: failed ? 1 : 0, unit: "Count" },
    // A refused connection is quick; counted in, it would make a dead backend look fast.
    ...(took ? [{ ...common, name: "ProbeSeconds", value: answer.seconds, unit: "Seconds" } as const] : []),
  ];
}

/** Tasks of a backend that take customers' messages, how many there have to be, and how many are missing. */
export function taskData(backend: ProbedBackend, healthy: number, at: number): Datum[] {
  const gauge = gauges(backend.engine, at);
  const { requiredTasks } = backend;
  return [
    gauge("HealthyTasks", healthy),
    gauge("RequiredTasks", requiredTasks),
    gauge("MissingTasks", Math.max(0, requiredTasks - healthy)),
  ];
}

/** What the views say of one engine. */
export interface EngineNumbers {
  readonly engine: Engine;
  /** Accepted, not yet completed or failed. */
  readonly unfinished: number;
  /** Age of the oldest of them, seconds; 0 where there is none. */
  readonly oldestUnfinishedSeconds: number;
  /** Messages accepted within the last hour, and what became of them. */
  readonly hour: {
    readonly messages: number;
    readonly completed: number;
    readonly failed: number;
    readonly booked: number;
  };
}

/** The views' numbers as metrics, minute resolution. */
export function databaseData(numbers: EngineNumbers, at: number): Datum[] {
  const gauge = gauges(numbers.engine, at);
  return [
    gauge("UnfinishedMessages", numbers.unfinished),
    gauge("OldestUnfinishedSeconds", numbers.oldestUnfinishedSeconds, "Seconds"),
    gauge("HourMessages", numbers.hour.messages),
    gauge("HourCompleted", numbers.hour.completed),
    gauge("HourFailed", numbers.hour.failed),
    gauge("HourBooked", numbers.hour.booked),
  ];
}

/** How fresh the proof is that a backend works; nothing where none of its probes was seen to succeed. */
export function freshnessData(engine: Engine, lastOk: number | undefined, at: number): Datum[] {
  if (lastOk === undefined) return [];
  return [gauges(engine, at)("SecondsSinceProbeOk", Math.max(0, (at - lastOk) / 1000), "Seconds")];
}

/** 1 where a source could not be read in this minute, else 0: its own metrics are then missing, not zero. */
export function sourceData(source: ProberSource, failed: boolean, at: number): Datum {
  return {
    name: "SourceFailed",
    dimensions: { Source: source },
    value: failed ? 1 : 0,
    unit: "Count",
    at,
    highResolution: false,
  };
}

function gauges(engine: Engine, at: number) {
  return (name: string, value: number, unit: Datum["unit"] = "Count"): Datum => ({
    name,
    dimensions: { Engine: engine },
    value,
    unit,
    at,
    highResolution: false,
  });
}
