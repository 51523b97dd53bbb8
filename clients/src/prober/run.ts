import { randomUUID } from "node:crypto";
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type Datum, type Engine, metricNamespace } from "@cutover/domain/metrics";
import {
  databaseData,
  type EngineNumbers,
  freshnessData,
  PROBE_EVERY_SECONDS,
  PROBE_LIMIT_SECONDS,
  PROBES_PER_MINUTE,
  type ProbeAnswer,
  type ProbedBackend,
  type ProberConfig,
  type ProberSecrets,
  type ProberSource,
  probeData,
  probeFailure,
  probeRequest,
  sourceData,
  taskData,
} from "@cutover/domain/prober";
import type { Clock } from "../clock";
import type { HttpClient } from "../http/client";
import { HttpError } from "../http/errors";
import { redactText } from "../http/redact";
import { MetricBatch, publishMetrics } from "../metrics/publish";

/** What outlives one invocation while the function stays warm. */
export interface ProberMemory {
  secrets?: ProberSecrets;
  /** When a probe of each backend last succeeded, milliseconds since the epoch. */
  readonly lastOk: Map<Engine, number>;
}

/** What the prober works with; tests give their own. */
export interface ProberParts {
  readonly clock: Clock;
  readonly http: Pick<HttpClient, "send">;
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly secretsManager: Pick<SecretsManagerClient, "send">;
  readonly readNumbers: (url: string) => Promise<EngineNumbers[]>;
  /** One log line, an object that is written as JSON. */
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  readonly memory: ProberMemory;
}

/** What one invocation did, for its log. */
export interface ProberReport {
  readonly probes: number;
  readonly failedProbes: number;
  readonly failedSources: readonly ProberSource[];
  /** Calls of PutMetricData that failed. */
  readonly unpublished: number;
}

/**
 * One minute of probing: each backend every 15 s, the views' numbers and the healthy tasks once. Every value is published
 * as soon as it is known, with those that come at the same moment, and nothing waits for anything else: a probe that hangs or a
 * database that is down costs its own values only, a denied call those that it carried. Never throws; what failed is logged and
 * counted.
 */
export function runProber(config: ProberConfig, parts: ProberParts): Promise<ProberReport> {
  return new ProberRun(config, parts).run();
}

class ProberRun {
  readonly #config: ProberConfig;
  readonly #parts: ProberParts;
  readonly #failed = new Set<ProberSource>();
  readonly #batch = new MetricBatch((data) => this.#send(data));
  #probes = 0;
  #failedProbes = 0;
  #unpublished = 0;

  constructor(config: ProberConfig, parts: ProberParts) {
    this.#config = config;
    this.#parts = parts;
  }

  async run(): Promise<ProberReport> {
    const startedAt = this.#parts.clock.now();
    const tasks = this.#source("target-health", () => this.#countTasks());
    const secrets = await this.#readSecrets();
    await Promise.all([
      tasks,
      ...(secrets ? this.#config.backends.map((backend) => this.#probeForAMinute(backend, secrets, startedAt)) : []),
      ...(this.#config.database ? [this.#source("database", () => this.#readDatabase(secrets))] : []),
    ]);
    await this.#batch.sent();
    return {
      probes: this.#probes,
      failedProbes: this.#failedProbes,
      failedSources: [...this.#failed].sort(),
      unpublished: this.#unpublished,
    };
  }

  /** Read each minute, so that a rotation is seen; what was read last serves while Secrets Manager can't be reached. */
  async #readSecrets(): Promise<ProberSecrets | undefined> {
    const { memory, secretsManager } = this.#parts;
    await this.#source("secrets", async () => {
      const { SecretString } = await secretsManager.send(
        new GetSecretValueCommand({ SecretId: this.#config.secretArn }),
      );
      memory.secrets = parseSecrets(SecretString ?? "");
    });
    return memory.secrets;
  }

  async #probeForAMinute(backend: ProbedBackend, secrets: ProberSecrets, startedAt: number): Promise<void> {
    const { clock, memory } = this.#parts;
    const underway: Promise<void>[] = [];
    for (let turn = 0; turn < PROBES_PER_MINUTE; turn++) {
      await clock.sleep(startedAt + turn * PROBE_EVERY_SECONDS * 1000 - clock.now());
      // Not awaited: the next probe is due on time even while this one hangs.
      underway.push(this.#probe(backend, secrets));
    }
    await Promise.all(underway);
    const at = clock.now();
    this.#batch.add(freshnessData(backend.engine, memory.lastOk.get(backend.engine), at));
  }

  async #probe(backend: ProbedBackend, secrets: ProberSecrets): Promise<void> {
    const { clock, memory, log } = this.#parts;
    const id = `prober-${randomUUID()}`;
    const answer = await this.#ask(backend, secrets, id);
    // The time at which the result was known: alarms look at the newest periods, and this one is never in an old one.
    const at = clock.now();
    const failure = probeFailure(backend.engine, answer);
    this.#probes++;
    if (failure === undefined) {
      memory.lastOk.set(backend.engine, at);
    } else {
      this.#failedProbes++;
      log({ event: "probe_failed", engine: backend.engine, probe: id, reason: failure, seconds: answer.seconds });
    }
    this.#batch.add(probeData(backend.engine, answer, at));
  }

  async #ask(backend: ProbedBackend, secrets: ProberSecrets, id: string): Promise<ProbeAnswer> {
    const { path, ...request } = probeRequest(backend, secrets, id);
    const started = performance.now();
    try {
      const reply = await this.#parts.http.send({
        ...request,
        path: `https://${this.#config.domain}${path}`,
        retry: false,
        deadlineMs: PROBE_LIMIT_SECONDS * 1000,
      });
      const servedBy = reply.headers["x-served-by"];
      return { status: reply.status, seconds: reply.latencyMs / 1000, ...(servedBy ? { servedBy } : {}) };
    } catch (error) {
      const seconds = (performance.now() - started) / 1000;
      const timedOut = error instanceof HttpError && error.failure === "deadline";
      return { seconds, timedOut, error: error instanceof Error ? error.message : String(error) };
    }
  }

  async #countTasks(): Promise<void> {
    // One after the other: two groups, and the call is throttled for the whole account.
    for (const backend of this.#config.backends) {
      const { TargetHealthDescriptions = [] } = await this.#parts.elb.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: backend.customerGroupArn }),
      );
      const healthy = TargetHealthDescriptions.filter((t) => t.TargetHealth?.State === "healthy").length;
      this.#batch.add(taskData(backend, healthy, this.#parts.clock.now()));
    }
  }

  async #readDatabase(secrets: ProberSecrets | undefined): Promise<void> {
    if (!secrets?.databaseUrl) throw new Error("the secret holds no databaseUrl");
    const numbers = await this.#parts.readNumbers(secrets.databaseUrl);
    const at = this.#parts.clock.now();
    this.#batch.add(numbers.flatMap((one) => databaseData(one, at)));
  }

  /** Reads one source; its failure is a log line and a metric. */
  async #source(source: ProberSource, read: () => Promise<void>): Promise<void> {
    let failed = false;
    try {
      await read();
    } catch (error) {
      failed = true;
      this.#failed.add(source);
      this.#parts.log({ event: "source_failed", source, reason: this.#reason(error) });
    }
    this.#batch.add([sourceData(source, failed, this.#parts.clock.now())]);
  }

  async #send(data: readonly Datum[]): Promise<void> {
    try {
      await publishMetrics(this.#parts.cloudwatch, metricNamespace(this.#config.stack), data);
    } catch (error) {
      this.#unpublished++;
      const metrics = [...new Set(data.map((datum) => datum.name))];
      this.#parts.log({ event: "publish_failed", metrics, reason: this.#reason(error) });
    }
  }

  #reason(error: unknown): string {
    const { secrets } = this.#parts.memory;
    const hide = [secrets?.probeKey, secrets?.webhookSecret, secrets?.databaseUrl].filter((s) => s !== undefined);
    return redactText(error instanceof Error ? `${error.name}: ${error.message}` : String(error), hide);
  }
}

function parseSecrets(text: string): ProberSecrets {
  const problem = "the prober's secret is not the JSON object that Cutover writes: run pulumi up";
  let value: Partial<Record<keyof ProberSecrets, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw new Error(problem); // the parser's own message shows the text
  }
  const { probeKey, webhookSecret, databaseUrl } = value ?? {};
  if (typeof probeKey !== "string" || typeof webhookSecret !== "string") throw new Error(problem);
  return { probeKey, webhookSecret, ...(typeof databaseUrl === "string" ? { databaseUrl } : {}) };
}
