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
import type { AlarmNow } from "@cutover/domain/rollback/reconcile";
import { appliedPath } from "@cutover/domain/stack-record";
import { WEBHOOK_PATH } from "@cutover/domain/webhook";
import { persist } from "../aws/persist";
import { now as applicationsNow, clockFrom } from "../clock";
import { HttpClient } from "../http/client";
import { countMessages } from "../inbox/queue";
import { type MoveOptions, readListener, setKillSwitch } from "../loadbalancer/kill-switch";
import { createRecord, markReleased, readRollbacks, rememberPaged, updateRecord } from "../record/rollback-record";
import { lostMessages } from "./lost";
import type { LogLine, RollbackPorts } from "./ports";
import { probeEngine } from "./probe";
import { moveWebhook, readWebhook } from "./webhook";

/** Together they leave room within the function's 60 s; each step's last attempt included. */
const WITHIN: Readonly<Record<"look" | "move" | "record" | "secret" | "notice" | "lost", MoveOptions>> = {
  look: { deadlineMs: 5_000, attemptMs: 2_000 },
  // A release in flight may write between our move and our look.
  move: { deadlineMs: 12_000, againAfterMs: 1_000 },
  record: { deadlineMs: 4_000, attemptMs: 2_000 },
  secret: { deadlineMs: 3_000, attemptMs: 1_500 },
  notice: { deadlineMs: 6_000 },
  lost: { deadlineMs: 4_000 },
};

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
  const probeKey = once(() => secret<{ readonly key: string }>(config.probeKeySecretArn, clients));
  const ownSecret = once(() => secret<RollbackSecret>(config.rollbackSecretArn, clients));
  const place = killSwitch && { ...killSwitch, ...(inboxTargetGroupArn ? { inboxTargetGroupArn } : {}) };
  return {
    readListener: () => readListener(config, elb, WITHIN.look),
    setSwitch: async (to) => {
      if (!place) throw new Error("there is no kill switch");
      await setKillSwitch(to, place, elb, WITHIN.move);
    },
    readShelf: () => readRollbacks(stack, ssm, WITHIN.record),
    createRecord: (draft, after) => createRecord(stack, draft, ssm, WITHIN.record, after),
    updateRecord: (record) => updateRecord(stack, record, ssm, WITHIN.record),
    markReleased: (id) => markReleased(stack, id, ssm, WITHIN.record),
    rememberPaged: (what) => rememberPaged(stack, what, ssm, WITHIN.record),
    readApplied: () => readApplied(stack, ssm),
    readAlarms: () => readAlarms(config, cloudwatch),
    probe: async (engine) => {
      const path = config.healthPaths[engine];
      if (path === undefined) return "unknown";
      const { key } = await probeKey();
      return probeEngine({ domain: config.domain, engine, path, key }, clients.http);
    },
    probeInbox: async () => {
      if (config.inboxTargetGroupArn === undefined) return "unknown";
      const { key } = await probeKey();
      return probeEngine({ domain: config.domain, engine: "inbox", path: WEBHOOK_PATH, key }, clients.http);
    },
    countInbox: async () => (config.inboxQueueUrl ? countMessages(config.inboxQueueUrl, clients.sqs, WITHIN.look) : 0),
    moveWebhook: async (to) => moveWebhook(config.ghl, await ownSecret(), to),
    readWebhook: async () => readWebhook(config.ghl, await ownSecret()),
    // The log's stamps are the applications' time; everything else here is stamped by AWS.
    lostMessages: () => lostMessages(config.pythonLogGroup, applicationsNow(), clients.logs, WITHIN.lost),
    tellPeople: async ({ subject, text }) => {
      const command = new PublishCommand({ TopicArn: config.peopleTopicArn, Subject: subject, Message: text });
      await persist("telling people", (abortSignal) => clients.sns.send(command, { abortSignal }), WITHIN.notice);
    },
    now: Date.now,
    realSpan: (ms) => clockFrom(process.env).realSpan(ms),
    log,
  };
}

async function readApplied(stack: string, ssm: SSMClient): Promise<Applied | undefined> {
  const command = new GetParameterCommand({ Name: appliedPath(stack) });
  try {
    const read = (abortSignal: AbortSignal) => ssm.send(command, { abortSignal });
    const { Parameter } = await persist("reading the applied phase", read, WITHIN.record);
    const applied = JSON.parse(Parameter?.Value ?? "{}") as Partial<Applied>;
    if (typeof applied.phase === "string" && isPhaseName(applied.phase)) return applied as Applied;
    throw new Error(`${appliedPath(stack)} names no phase of this version of Cutover`);
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return undefined;
    throw error;
  }
}

async function readAlarms(config: RollbackConfig, cloudwatch: CloudWatchClient) {
  const { hard, soft } = config.alarms;
  const command = new DescribeAlarmsCommand({
    AlarmNames: [hard, soft, ...config.suspicionAlarms, ...config.nodeAlarms, ...config.outageAlarms],
    // Without it composite alarms are left out.
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
  });
  const read = (abortSignal: AbortSignal) => cloudwatch.send(command, { abortSignal });
  const { MetricAlarms = [], CompositeAlarms = [] } = await persist("reading the alarms", read, WITHIN.look);
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

async function secret<T extends object>(SecretId: string, { secrets }: RollbackClients): Promise<T> {
  const command = new GetSecretValueCommand({ SecretId });
  const read = (abortSignal: AbortSignal) => secrets.send(command, { abortSignal });
  const { SecretString = "" } = await persist("reading a secret", read, WITHIN.secret);
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
