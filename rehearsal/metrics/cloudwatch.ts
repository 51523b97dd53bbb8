import { EventEmitter } from "node:events";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, paginateDescribeMetricFilters } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SNSClient } from "@aws-sdk/client-sns";
import type { AlarmState, LogMetricFilterDefinition, MetricStat } from "@cutover/domain/cloudwatch/definition";
import { AWS_REGION } from "../aws/account";
import type { EmulatedAws } from "../aws/emulated-aws";
import { OWN_KEYS } from "../aws/gateway/gateway";
import { hostData, minuteData } from "../loadbalancer/publisher";
import { LogShipper } from "../tasks/log-shipper";
import { AlarmDriver, type AlarmTransition } from "./alarms";
import { functionData } from "./function-metrics";
import { LogFilters } from "./log-filters";
import { OneTimeSchedules } from "./one-time";
import { Patience } from "./patience";
import { StoreApi } from "./reads";
import { type Invocation, Schedule } from "./schedule";
import { MinuteSequence, type Punctuality } from "./sequence";
import { MetricStore, type MetricValues } from "./store";
import { wiringProblems } from "./wiring";

const MINUTE_MS = 60_000;
/** What an alarm's way to a function consists of. */
const WIRED = new Set(["monitoring", "sns", "lambda"]);

export interface RehearsalCloudWatchOptions {
  readonly aws: EmulatedAws;
  /** Functions that are called before a minute's metrics are published; default: those whose name ends in "-prober". */
  readonly isFirst?: (functionName: string) => boolean;
  /**
   * Real ms by which a first function's run may take longer than the two rehearsal minutes after which its values are
   * published, before alarms are evaluated without it; default 500.
   */
  readonly runGraceMs?: number;
  /** Real ms that a permission may be missing before it is told; default 30,000: an update makes them one by one. */
  readonly patienceMs?: number;
}

export interface RehearsalCloudWatchEvents {
  /** An alarm changed its state; also composite ones. */
  transition: [transition: AlarmTransition];
  /** A function was called by its schedule. */
  invoked: [invocation: Invocation];
  /** A run was left out because the last one had not ended. */
  skipped: [functionName: string, minute: number];
  /** Something that must not happen in a rehearsal; the same line is told once. */
  problem: [line: string];
}

/** The emulated account's CloudWatch and scheduled events, by the rehearsal's clock. */
export class RehearsalCloudWatch extends EventEmitter<RehearsalCloudWatchEvents> {
  readonly store = new MetricStore();
  readonly #options: RehearsalCloudWatchOptions;
  readonly #filters = new LogFilters();
  readonly #clients;
  readonly #shipper: LogShipper;
  readonly #alarms: AlarmDriver;
  readonly #schedule: Schedule;
  readonly #oneTime: OneTimeSchedules;
  readonly #sequence: MinuteSequence;
  readonly #onWritten: (service: string, action: string) => void;
  /** Minutes that are not published yet and in which hosts were counted. */
  readonly #hostMinutes = new Set<number>();
  #filtersStale = true;
  readonly #patience: Patience;
  #unwired: readonly string[] = [];
  #wiringStale = true;

  private constructor(options: RehearsalCloudWatchOptions) {
    super();
    this.#options = options;
    const { aws } = options;
    const told = new Set<string>();
    const onProblem = ({ message }: Error) => {
      if (!told.has(message)) this.emit("problem", message);
      told.add(message);
    };
    this.#clients = clientsOf(aws.url);
    const { cloudwatch: client, events, lambda, scheduler, iam } = this.#clients;
    const sources = () => aws.tasks.logSources();
    this.#shipper = new LogShipper({ endpoint: aws.url, region: AWS_REGION, sources, onProblem });
    this.#alarms = new AlarmDriver({ client, store: this.store, clock: aws.clock });
    this.#alarms.on("transition", (transition) => this.emit("transition", transition));
    const { patienceMs = 30_000 } = options;
    this.#schedule = new Schedule({ events, lambda, patienceMs });
    this.#oneTime = new OneTimeSchedules({ scheduler, iam, lambda, onProblem });
    this.#patience = new Patience(patienceMs, (line) => onProblem(new Error(line)));
    this.#schedule.on("invoked", (invocation) => {
      this.#put(functionData(invocation));
      this.emit("invoked", invocation);
    });
    this.#schedule.on("skipped", (name, minute) => this.emit("skipped", name, minute));
    for (const part of [this.#alarms, this.#schedule]) part.on("problem", onProblem);
    this.#sequence = new MinuteSequence({ clock: aws.clock, steps: this.#steps(), onProblem });
    this.#onWritten = (service, action) => {
      if (service === "monitoring") this.#alarms.invalidate();
      if (service === "logs") this.#filtersStale = true;
      if (service === "events" || service === "lambda") this.#schedule.invalidate();
      if (service === "scheduler") this.#oneTime.invalidate();
      if (WIRED.has(service) && action !== "SetAlarmState") this.#wiringStale = true;
    };
  }

  /** Begins with the rehearsal minute that is going on. */
  static start(
    options: RehearsalCloudWatchOptions,
    listen?: (cloudwatch: RehearsalCloudWatch) => void,
  ): RehearsalCloudWatch {
    const cloudwatch = new RehearsalCloudWatch(options);
    const { gateway, clock } = options.aws;
    gateway.attach({ cloudwatch: new StoreApi(cloudwatch.store, cloudwatch.#filters, clock) });
    gateway.on("written", cloudwatch.#onWritten);
    listen?.(cloudwatch);
    cloudwatch.#sequence.start();
    return cloudwatch;
  }

  /** States of all deployed alarms by name, composite ones included. */
  alarmStates(): Promise<ReadonlyMap<string, AlarmState>> {
    return this.#alarms.states();
  }

  /** A metric's complete, published periods by their start (rehearsal ms). */
  series(metric: MetricStat): ReadonlyMap<number, number> {
    const now = this.#options.aws.clock.now();
    return this.store.series(metric, this.store.starts(metric, now), now);
  }

  /** Whether the machine kept up with the rehearsal's clock. */
  get punctuality(): Punctuality {
    return this.#sequence.punctuality;
  }

  /** Ends after the step that is going on; to be called before the emulated AWS ends. */
  async stop(): Promise<void> {
    this.#schedule.stop();
    await this.#sequence.stop();
    this.#options.aws.gateway.off("written", this.#onWritten);
    this.#shipper.stop();
    for (const client of Object.values(this.#clients)) client.destroy();
  }

  #steps() {
    const { aws, isFirst = (name: string) => name.endsWith("-prober"), runGraceMs = 500 } = this.#options;
    const runMs = aws.clock.realSpan(2 * MINUTE_MS) + runGraceMs;
    const others = (name: string) => !isFirst(name);
    return {
      tick: async (now: number) => {
        this.#countHosts(now - 1);
        this.#shipper.read(now - 1);
        await this.#alarms.evaluate(now, "seconds");
      },
      // What a run puts is visible a minute after its own: only an older run can be missing.
      runsEnded: (now: number) => this.#schedule.ended(now - 2 * MINUTE_MS, runMs, isFirst),
      beginFirst: (minute: number) => this.#schedule.begin(minute, isFirst),
      publish: (start: number) => this.#publish(start),
      evaluate: (now: number) => this.#alarms.evaluate(now, "minute"),
      beginOthers: async (minute: number) => {
        await this.#schedule.begin(minute, others);
        await this.#oneTime.begin(minute);
        await this.#checkWiring();
      },
    };
  }

  async #publish(start: number): Promise<void> {
    const end = start + MINUTE_MS;
    // A stalled machine looks at no moment of a minute; AWS never misses one, so the minute gets what is there now.
    if (!this.#hostMinutes.has(start)) this.#countHosts(end - 1);
    this.#hostMinutes.delete(start);
    this.#put(minuteData(this.#options.aws.loadBalancer, start));
    await this.#refreshFilters();
    this.#shipper.read(end - 1);
    await this.#shipper.flush();
    this.#put(this.#filters.take(end));
  }

  async #checkWiring(): Promise<void> {
    if (this.#wiringStale) {
      this.#wiringStale = false;
      this.#unwired = await wiringProblems(this.#clients);
    }
    this.#patience.look(this.#unwired);
  }

  #countHosts(at: number): void {
    this.#put(hostData(this.#options.aws.loadBalancer, at));
    this.#hostMinutes.add(Math.floor(at / MINUTE_MS) * MINUTE_MS);
  }

  #put(data: readonly MetricValues[]): void {
    for (const values of data) this.store.put(values);
  }

  async #refreshFilters(): Promise<void> {
    if (!this.#filtersStale) return;
    this.#filtersStale = false;
    try {
      this.#filters.use(await deployedFilters(this.#clients.logs));
    } catch (error) {
      this.#filtersStale = true;
      throw error;
    }
  }
}

function clientsOf(endpoint: string) {
  const credentials = { accessKeyId: OWN_KEYS.cloudwatch, secretAccessKey: "rehearsal" };
  const config = { endpoint, region: AWS_REGION, credentials };
  return {
    cloudwatch: new CloudWatchClient(config),
    logs: new CloudWatchLogsClient(config),
    events: new EventBridgeClient(config),
    sns: new SNSClient(config),
    scheduler: new SchedulerClient(config),
    iam: new IAMClient(config),
    // A run is called once, and takes as long as it takes.
    lambda: new LambdaClient({ ...config, maxAttempts: 1, requestHandler: { requestTimeout: 900_000 } }),
  };
}

/** Metric filters of all log groups; ones with dimensions are refused by name. */
async function deployedFilters(client: CloudWatchLogsClient): Promise<LogMetricFilterDefinition[]> {
  const filters: LogMetricFilterDefinition[] = [];
  for await (const page of paginateDescribeMetricFilters({ client }, {})) {
    for (const {
      filterName = "",
      logGroupName = "",
      filterPattern = "",
      metricTransformations,
    } of page.metricFilters ?? []) {
      for (const transformation of metricTransformations ?? []) {
        const { metricName = "", metricNamespace = "", metricValue = "", defaultValue, dimensions } = transformation;
        if (Object.keys(dimensions ?? {}).length > 0) {
          throw new Error(`metric filter ${filterName}: the rehearsal keeps no dimensions of log filters`);
        }
        filters.push({
          name: filterName,
          logGroup: logGroupName,
          pattern: filterPattern,
          namespace: metricNamespace,
          metricName,
          value: metricValue,
          ...(defaultValue === undefined ? {} : { defaultValue }),
        });
      }
    }
  }
  return filters;
}
