import {
  CloudWatchClient,
  type CompositeAlarm,
  DescribeAlarmsCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Applied } from "@cutover/domain/decide";
import type { RollbackConfig, RollbackSecret } from "@cutover/domain/function-config";
import { isPhaseName } from "@cutover/domain/phases";
import type { Notice } from "@cutover/domain/rollback/notice";
import type { AlarmNow } from "@cutover/domain/rollback/reconcile";
import { appliedPath } from "@cutover/domain/stack-record";
import { WEBHOOK_PATH } from "@cutover/domain/webhook";
import { messageOf } from "../aws/notice-message";
import { DeadlineError, type PersistOptions, persist } from "../aws/persist";
import { now as applicationsNow, clockFrom } from "../clock";
import { HttpClient } from "../http/client";
import { countMessages } from "../inbox/queue";
import { type MoveOptions, readListener, setKillSwitch } from "../loadbalancer/kill-switch";
import { createRecord, markReleased, readRollbacks, rememberPaged, updateRecord } from "../record/rollback-record";
import { lostMessages } from "./lost";
import type { LogLine, RollbackPorts } from "./ports";
import { probeEngine } from "./probe";
import { moveWebhook, readWebhook } from "./webhook";

/** Longest times of single steps; each one's last attempt included. All of them together are kept by {@link Budget}. */
const WITHIN = {
  look: { deadlineMs: 5_000, attemptMs: 2_000 },
  // A release in flight may write between our move and our look.
  move: { deadlineMs: 12_000, againAfterMs: 1_000 },
  record: { deadlineMs: 4_000, attemptMs: 2_000 },
  secret: { deadlineMs: 3_000, attemptMs: 1_500 },
  notice: { deadlineMs: 6_000 },
  lost: { deadlineMs: 4_000 },
} as const satisfies Readonly<Record<string, MoveOptions>>;

type Step = keyof typeof WITHIN;

/** Lambda ends an invocation after 60 s. What is not done by then is the reconciler's, told and noted. */
const INVOCATION_MS = 52_000;
/** What is kept for the steps after: telling people and writing down what was done come last, and must come. */
const KEPT_MS: Readonly<Record<Step, number>> = {
  look: 18_000,
  move: 18_000,
  secret: 18_000,
  lost: 14_000,
  notice: 8_000,
  record: 0,
};
/** A step whose time is used up still gets one attempt. */
const LEAST_MS = 250;

/** One invocation's time: no step takes what a later one needs, however many of them hang. */
class Budget {
  readonly #until = Date.now() + INVOCATION_MS;

  within(step: Step): MoveOptions {
    const options: MoveOptions = WITHIN[step];
    return { ...options, deadlineMs: Math.min(options.deadlineMs, this.#left(KEPT_MS[step])) };
  }

  /** The promise, or a failure once the time for it is over. */
  async atMost<T>(what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const ms = this.#left(KEPT_MS.look);
      timer = setTimeout(() => reject(new DeadlineError(`${what}: no time is left in this invocation`)), ms);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #left(kept: number): number {
    return Math.max(LEAST_MS, this.#until - kept - Date.now());
  }
}

/** Connections that outlive an invocation. */
export interface RollbackClients {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ssm: SSMClient;
  readonly sns: SNSClient;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  readonly cloudwatch: CloudWatchClient;
  readonly logs: CloudWatchLogsClient;
  readonly http: HttpClient;
}

/** `persist` repeats, with a deadline; the SDK's own retries would hide inside it. */
export function rollbackClients(region: string): RollbackClients {
  const aws = { region, maxAttempts: 1, requestHandler: { connectionTimeout: 1_500 } };
  return {
    elb: new ElasticLoadBalancingV2Client(aws),
    ssm: new SSMClient(aws),
    sns: new SNSClient(aws),
    secrets: new SecretsManagerClient(aws),
    sqs: new SQSClient(aws),
    cloudwatch: new CloudWatchClient(aws),
    logs: new CloudWatchLogsClient(aws),
    http: new HttpClient(),
  };
}

/** The world of one invocation: secrets are read once, and only when something needs them. */
export function awsPorts(
  config: RollbackConfig,
  clients: RollbackClients,
  log: (line: LogLine) => void,
): RollbackPorts {
  const { stack, killSwitch, inboxTargetGroupArn } = config;
  const { elb, ssm, cloudwatch } = clients;
  const budget = new Budget();
  const probeKey = once(() =>
    secret<{ readonly key: string }>(config.probeKeySecretArn, clients, budget.within("secret")),
  );
  const ownSecret = once(() => secret<RollbackSecret>(config.rollbackSecretArn, clients, budget.within("secret")));
  const place = killSwitch && { ...killSwitch, ...(inboxTargetGroupArn ? { inboxTargetGroupArn } : {}) };
  return {
    readListener: () => readListener(config, elb, budget.within("look")),
    setSwitch: async (to) => {
      if (!place) throw new Error("there is no kill switch");
      await setKillSwitch(to, place, elb, budget.within("move"));
    },
    readShelf: () => readRollbacks(stack, ssm, budget.within("record")),
    createRecord: (draft, after) => createRecord(stack, draft, ssm, budget.within("record"), after),
    updateRecord: (record) => updateRecord(stack, record, ssm, budget.within("record")),
    markReleased: (id) => markReleased(stack, id, ssm, budget.within("record")),
    rememberPaged: (what) => rememberPaged(stack, what, ssm, budget.within("record")),
    readApplied: () => readApplied(stack, ssm, budget.within("record")),
    readAlarms: () => readAlarms(config, cloudwatch, budget.within("look")),
    probe: async (engine) => {
      const path = config.healthPaths[engine];
      if (path === undefined) return "unknown";
      const { key } = await probeKey();
      return budget.atMost("probing", probeEngine({ domain: config.domain, engine, path, key }, clients.http));
    },
    probeInbox: async () => {
      if (config.inboxTargetGroupArn === undefined) return "unknown";
      const { key } = await probeKey();
      const target = { domain: config.domain, engine: "inbox" as const, path: WEBHOOK_PATH, key };
      return budget.atMost("probing the inbox", probeEngine(target, clients.http));
    },
    countInbox: async () =>
      config.inboxQueueUrl ? countMessages(config.inboxQueueUrl, clients.sqs, budget.within("look")) : 0,
    moveWebhook: async (to) => {
      const own = await ownSecret();
      const { node: healthPath } = config.healthPaths;
      return budget.atMost("moving the webhook", moveWebhook(config.ghl, own, to, { healthPath }));
    },
    readWebhook: async () => {
      const own = await ownSecret();
      return budget.atMost("looking at the webhook", readWebhook(config.ghl, own));
    },
    // The log's stamps are the applications' time; everything else here is stamped by AWS.
    lostMessages: () => lostMessages(config.pythonLogGroup, applicationsNow(), clients.logs, budget.within("lost")),
    tellPeople: (notice) => tellPeople(config, notice, clients.sns, budget.within("notice")),
    now: Date.now,
    realSpan: (ms) => clockFrom(process.env).realSpan(ms),
    log,
  };
}

async function tellPeople(
  { peopleTopicArn }: RollbackConfig,
  notice: Notice,
  sns: SNSClient,
  within: PersistOptions,
): Promise<void> {
  const command = new PublishCommand({ TopicArn: peopleTopicArn, ...messageOf(notice) });
  await persist("telling people", (abortSignal) => sns.send(command, { abortSignal }), within);
}

async function readApplied(stack: string, ssm: SSMClient, within: PersistOptions): Promise<Applied | undefined> {
  const command = new GetParameterCommand({ Name: appliedPath(stack) });
  try {
    const read = (abortSignal: AbortSignal) => ssm.send(command, { abortSignal });
    const { Parameter } = await persist("reading the applied phase", read, within);
    const applied = JSON.parse(Parameter?.Value ?? "{}") as Partial<Applied>;
    if (typeof applied.phase === "string" && isPhaseName(applied.phase)) return applied as Applied;
    throw new Error(`${appliedPath(stack)} names no phase of this version of Cutover`);
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return undefined;
    throw error;
  }
}

async function readAlarms(config: RollbackConfig, cloudwatch: CloudWatchClient, within: PersistOptions) {
  const { hard, soft } = config.alarms;
  const command = new DescribeAlarmsCommand({
    AlarmNames: [hard, soft, ...config.suspicionAlarms, ...config.nodeAlarms, ...config.outageAlarms],
    // Without it composite alarms are left out.
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
  });
  const read = (abortSignal: AbortSignal) => cloudwatch.send(command, { abortSignal });
  const { MetricAlarms = [], CompositeAlarms = [] } = await persist("reading the alarms", read, within);
  const all = [...MetricAlarms, ...CompositeAlarms];
  const outage = (name: string | undefined) => config.outageAlarms.includes(name ?? "");
  return {
    sharedOutage: all.some(({ AlarmName, StateValue }) => outage(AlarmName) && StateValue === "ALARM"),
    alarms: all
      .filter(({ AlarmName }) => !outage(AlarmName))
      .map((alarm) => ({
        ...alarmNow(alarm, alarm.AlarmName === hard ? "hard" : alarm.AlarmName === soft ? "soft" : "suspicion"),
        ...(config.nodeAlarms.includes(alarm.AlarmName ?? "") ? { aboutNode: true } : {}),
      })),
  };
}

function alarmNow(alarm: MetricAlarm | CompositeAlarm, tier: AlarmNow["tier"]): AlarmNow {
  const { AlarmName = "", StateValue, StateReason = "" } = alarm;
  return {
    name: AlarmName,
    tier,
    state: StateValue === "ALARM" || StateValue === "OK" ? StateValue : "INSUFFICIENT_DATA",
    since: (alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp)?.getTime(),
    reason: StateReason.replaceAll(/\s+/g, " ").slice(0, 400),
  };
}

async function secret<T extends object>(
  SecretId: string,
  { secrets }: RollbackClients,
  within: PersistOptions,
): Promise<T> {
  const command = new GetSecretValueCommand({ SecretId });
  const read = (abortSignal: AbortSignal) => secrets.send(command, { abortSignal });
  const { SecretString = "" } = await persist("reading a secret", read, within);
  try {
    return JSON.parse(SecretString) as T;
  } catch {
    // The parser's message would quote the secret.
    throw new Error(`the secret ${SecretId} is no JSON`);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
