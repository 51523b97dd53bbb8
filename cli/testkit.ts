import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeAlarmsCommand, GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeRulesCommand, DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { GetParameterHistoryCommand, GetParametersByPathCommand } from "@aws-sdk/client-ssm";
import type { StatusClients } from "@cutover/clients/evidence/stack-status";
import type { Applied } from "@cutover/domain/decide";
import type { Manifest } from "@cutover/domain/stack-record";
import type { ScreenIo } from "./screen";

/** Wednesday, 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;
const DIGEST = `sha256:${"3f9c5d07".repeat(8)}`;

export const MANIFEST: Manifest = {
  version: 1,
  stack: "prod",
  region: "eu-central-1",
  domain: "messages.example.com",
  loadBalancerArn: "arn:x:loadbalancer/app/cutover-prod/1",
  killSwitchRuleArn: "arn:switch",
  trafficRuleArn: "arn:split",
  clusterName: "cutover-prod",
  probeKeySecret: "cutover/prod/probe-key",
  targetGroups: {
    nodeCustomer: "arn:x:targetgroup/no-c/1",
    pythonCustomer: "arn:x:targetgroup/py-c/1",
    pythonProbe: "arn:x:targetgroup/py-p/1",
  },
  services: { node: "node", python: "python" },
  listenerArn: "arn:listener",
  rollback: {
    functionName: "cutover-prod-rollback",
    compositeAlarms: ["cutover-prod-rollback-hard", "cutover-prod-rollback-soft"],
    alarms: ["probe-python", "hosts", "errors", "slow"].map((key) => ({
      name: `cutover-prod-${key}`,
      windowSeconds: 600,
    })),
  },
  expectedMessagesPerHour: 80,
  ghl: {
    locationId: "rehearsalLocation001",
    match: { name: "Cutover Webhook URL" },
    nodeUrl: "https://node.example.com/hook?…",
  },
};

/** What a test's AWS is. */
export interface FakeWorld {
  readonly applied: Applied;
  /** Since when it is applied, hours before NOW. */
  readonly hours: number;
  readonly weight: number;
  readonly switch: "off" | "node";
  readonly alarmStates: Readonly<Record<string, string>>;
  /** Values by "metric statistic [engine]"; one point each, 30 s old. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly healthy: { readonly python: number; readonly node: number };
  /** Values of the last hours, the newest last, by the same keys. */
  readonly hourly?: Readonly<Record<string, readonly number[]>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly databaseUrl?: string;
}

/** ramp-25 since 26 hours, faultless so far with 41 messages, everything else as it should be. */
export const GOOD: FakeWorld = {
  applied: { phase: "ramp-25", pythonShare: 25, pythonDigest: DIGEST },
  hours: 26,
  weight: 25,
  switch: "off",
  alarmStates: {},
  healthy: { python: 2, node: 4 },
  parameters: {},
  metrics: {
    "RequestCount Sum py-c": 41,
    "RequestCount Sum no-c": 129,
    "TargetResponseTime SampleCount py-c": 41,
    "TargetResponseTime PR(:3) py-c": 100,
    "TargetResponseTime PR(:2) py-c": 100,
    "PythonRoutings Sum": 41,
    "PythonBookings Sum": 6,
    "ProbeFailed SampleCount python": 20,
    "ProbeFailed SampleCount node": 20,
    "RequiredTasks Maximum node": 4,
  },
};

/** AWS as the world says. Unknown calls are errors. */
export function fakeClients(world: FakeWorld): () => StatusClients {
  const clock = {
    now: () => NOW,
    sleep: () => Promise.resolve(),
    realSpan: (ms: number) => ms,
    fromReal: (ms: number) => ms,
  };
  return () => ({
    clock,
    cloudwatch: cloudwatch(world),
    elb: elb(world),
    ssm: ssm(world),
    secretsManager: secrets(world),
  });
}

/** What the documents show as output; must be what people see. */
export function documentedScreens(): string[] {
  const pages = ["gate.md", "gate-screens.md"].map((name) => readFileSync(join(__dirname, "../docs", name), "utf8"));
  return [...pages.join("\n").matchAll(/^```(?:text|json)\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
}

/** Collects what a command writes. */
export function collect(): { readonly io: ScreenIo; readonly text: () => string } {
  const written: string[] = [];
  const io = { write: (more: string) => void written.push(more), env: { AWS_REGION: "eu-central-1" } };
  return { io, text: () => written.join("") };
}

function ssm({ applied, hours, parameters }: FakeWorld): StatusClients["ssm"] {
  const stored: Record<string, string> = {
    "/cutover/prod/manifest": JSON.stringify(MANIFEST),
    "/cutover/prod/applied": JSON.stringify(applied),
    ...parameters,
  };
  const answer = (command: unknown) => {
    if (command instanceof GetParametersByPathCommand) {
      const below = Object.entries(stored).filter(([name]) => name.startsWith(command.input.Path ?? "?"));
      return { Parameters: below.map(([Name, Value]) => ({ Name, Value, LastModifiedDate: new Date(NOW) })) };
    }
    if (!(command instanceof GetParameterHistoryCommand)) throw new Error("unexpected call");
    return { Parameters: [{ Value: JSON.stringify(applied), LastModifiedDate: new Date(NOW - hours * HOUR) }] };
  };
  return { send: async (command: unknown) => answer(command) } as unknown as StatusClients["ssm"];
}

function cloudwatch({ alarmStates, metrics, hourly = {} }: FakeWorld): StatusClients["cloudwatch"] {
  const answer = (command: unknown) => {
    if (command instanceof DescribeAlarmsCommand) {
      const alarms = (command.input.AlarmNames ?? []).map((AlarmName) => ({
        AlarmName,
        StateValue: alarmStates[AlarmName] ?? "OK",
        ActionsEnabled: true,
      }));
      return { MetricAlarms: alarms };
    }
    if (!(command instanceof GetMetricDataCommand)) throw new Error("unexpected call");
    const results = (command.input.MetricDataQueries ?? []).map(({ Id, MetricStat }) => {
      const dimensions = MetricStat?.Metric?.Dimensions ?? [];
      const by = dimensions
        .map(({ Value = "" }) => Value.split("/")[1] ?? Value)
        .filter((value) => value !== "cutover-prod");
      const key = [MetricStat?.Metric?.MetricName, MetricStat?.Stat, ...by].join(" ");
      const hours = MetricStat?.Period === 3600 ? hourly[key] : undefined;
      if (hours) {
        const begin = NOW - hours.length * HOUR;
        return { Id, Values: hours, Timestamps: hours.map((_, i) => new Date(begin + i * HOUR)) };
      }
      const value = metrics[key];
      return { Id, ...(value === undefined ? {} : { Values: [value], Timestamps: [new Date(NOW - 30_000)] }) };
    });
    return { MetricDataResults: results };
  };
  return { send: async (command: unknown) => answer(command) } as unknown as StatusClients["cloudwatch"];
}

function elb(world: FakeWorld): StatusClients["elb"] {
  const { nodeCustomer, pythonCustomer } = MANIFEST.targetGroups;
  const fence = { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-cutover-kill-switch", Values: ["x"] } };
  const weights = [
    { TargetGroupArn: nodeCustomer, Weight: 100 - world.weight },
    { TargetGroupArn: pythonCustomer, Weight: world.weight },
  ];
  const answer = (command: unknown) => {
    if (command instanceof DescribeTargetHealthCommand) {
      const count = command.input.TargetGroupArn === pythonCustomer ? world.healthy.python : world.healthy.node;
      return {
        TargetHealthDescriptions: Array.from({ length: count }, () => ({ TargetHealth: { State: "healthy" } })),
      };
    }
    if (!(command instanceof DescribeRulesCommand)) throw new Error("unexpected call");
    if (command.input.RuleArns?.[0] === "arn:split") {
      return { Rules: [{ Conditions: [], Actions: [{ ForwardConfig: { TargetGroups: weights } }] }] };
    }
    const Conditions = world.switch === "off" ? [fence] : [];
    return { Rules: [{ Conditions, Actions: [{ TargetGroupArn: nodeCustomer }] }] };
  };
  return { send: async (command: unknown) => answer(command) } as unknown as StatusClients["elb"];
}

function secrets({ databaseUrl }: FakeWorld): StatusClients["secretsManager"] {
  const answer = (command: unknown) => {
    if (!(command instanceof GetSecretValueCommand)) throw new Error("unexpected call");
    return {
      SecretString: JSON.stringify({ probeKey: "k", webhookSecret: "s", ...(databaseUrl ? { databaseUrl } : {}) }),
    };
  };
  return { send: async (command: unknown) => answer(command) } as unknown as StatusClients["secretsManager"];
}

/** A rollback that waits for its acknowledgement, as SSM keeps it. */
export const ROLLBACK = {
  version: 1,
  id: "rb-0001",
  at: "2026-11-25T03:12:07Z",
  trigger: { kind: "hard", text: "Python does not answer its probes" },
  phase: "ramp-25",
  share: 25,
  to: "node",
  steps: {},
};
