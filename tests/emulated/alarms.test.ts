import {
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateRuleCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { DescribeRuleCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dimensionOf } from "../../rehearsal/loadbalancer/publisher";
import type { AlarmTransition } from "../../rehearsal/metrics/alarms";
import type { Invocation } from "../../rehearsal/metrics/schedule";
import { AwsClients } from "../../rehearsal/provider/aws-clients";
import { Bag } from "../../rehearsal/provider/bag";
import { makeContext } from "../../rehearsal/provider/context";
import { CLOUDWATCH } from "../../rehearsal/provider/types/cloudwatch";
import { waitFor } from "../../rehearsal/support/wait";
import { Account } from "./account";
import { TestWorld } from "./world";

let world: TestWorld;
let account: Account;
const transitions: AlarmTransition[] = [];
const invocations: Invocation[] = [];
const of = (alarm: string) => transitions.filter((it) => it.alarm === alarm).map(({ from, to }) => `${from} → ${to}`);

beforeAll(async () => {
  world = await TestWorld.start();
  account = new Account(world.aws.url);
  world.rehearsed.on("transition", (transition) => transitions.push(transition));
  world.rehearsed.on("invoked", (invocation) => invocations.push(invocation));
});
afterAll(async () => {
  account?.close();
  await world?.stop();
});

/**
 * An alarm on more than 5 answers 5xx of the load balancer in a minute, as metric maths. One of three: FILL makes up the
 * newest minute, which is never published yet, so that one of one would see nothing, here as on AWS.
 */
async function alarmOn5xx(AlarmName: string, loadBalancer: string, AlarmActions: string[] = []): Promise<void> {
  const Metric = {
    Namespace: "AWS/ApplicationELB",
    MetricName: "HTTPCode_ELB_5XX_Count",
    Dimensions: [{ Name: "LoadBalancer", Value: loadBalancer }],
  };
  await account.cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: 5,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      TreatMissingData: "notBreaching",
      AlarmActions,
      Metrics: [
        { Id: "e", MetricStat: { Metric, Period: 60, Stat: "Sum" }, ReturnData: false },
        { Id: "errors", Expression: "FILL(e, 0)" },
      ],
    }),
  );
}

describe("a deployed alarm", () => {
  it("goes to ALARM by the load balancer's errors, calls its function by composite and topic, and comes back", async () => {
    await world.aws.loadBalancer.settled();
    const balancer = dimensionOf(world.aws.loadBalancer.config.loadBalancers[0]?.arn ?? "");
    const topic = await account.topic("rollback", await account.actingFunction("rollback"));
    await alarmOn5xx("child", balancer);
    await alarmOn5xx("silent", balancer);
    await alarmOn5xx("elsewhere", "app/other/0123456789abcdef", [topic]);
    await account.cloudwatch.send(
      new PutCompositeAlarmCommand({ AlarmName: "rollback-hard", AlarmRule: 'ALARM("child")', AlarmActions: [topic] }),
    );
    await waitFor(async () => (await world.rehearsed.alarmStates()).get("child") === "OK", {
      what: "the alarm's first state",
      deadlineMs: 10_000,
    });
    await world.targetGroup("nobody", { path: "/broken", priority: 80 });
    await world.aws.loadBalancer.settled();
    // So many that one of two minutes has enough, should a busy machine spread them.
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${world.front}/broken`)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 503));
    await waitFor(() => account.note("alarm/rollback-hard/ALARM"), { what: "the function's note", deadlineMs: 15_000 });
    await waitFor(() => of("rollback-hard").at(-1) === "ALARM → OK", { what: "the way back", deadlineMs: 30_000 });
    expect(of("child")).toEqual(["INSUFFICIENT_DATA → OK", "OK → ALARM", "ALARM → OK"]);
    expect(of("silent")).toEqual(of("child"));
    expect(of("elsewhere")).toEqual(["INSUFFICIENT_DATA → OK"]);
    expect(await account.note("alarm/elsewhere/ALARM")).toBeUndefined();
    expect(await account.note("alarm/silent/ALARM")).toBeUndefined();
    expect(await account.note("alarm/child/ALARM")).toBeUndefined();
    expect(world.problems.filter((line) => line.includes("may not call"))).toEqual([
      expect.stringContaining("function:rollback: declare an aws:lambda:Permission for sns.amazonaws.com"),
    ]);
    expect(world.problems.filter((line) => line.includes("may not publish"))).toEqual([]);
    const [alarm] = transitions.filter(({ to }) => to === "ALARM");
    expect(alarm?.reason).toMatch(/the last data are .*[1-9]/);
  });

  it("is described as it was put", async () => {
    const answer = await account.cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: ["child"] }));
    const [alarm] = answer.MetricAlarms ?? [];
    expect(alarm).toMatchObject({
      Metrics: [
        { Id: "e", MetricStat: { Period: 60, Stat: "Sum" }, ReturnData: false },
        { Id: "errors", Expression: "FILL(e, 0)", ReturnData: true },
      ],
    });
    expect(alarm?.Statistic).toBeUndefined();
  });

  it("is read back by the provider with nothing but its name", async () => {
    const metric = {
      metricName: "m",
      namespace: "N",
      period: 60,
      stat: "Sum",
      dimensions: { LoadBalancer: "app/a/1" },
    };
    const metricQueries = [
      { id: "e", metric, returnData: false },
      { id: "x", expression: "FILL(e, 0)", returnData: true },
    ];
    const inputs = { comparisonOperator: "GreaterThanThreshold", threshold: 5, evaluationPeriods: 1, metricQueries };
    const type = CLOUDWATCH["aws:cloudwatch/metricAlarm:MetricAlarm"];
    const context = makeContext({
      aws: new AwsClients({ endpoint: world.aws.url, region: "us-east-1" }),
      region: "us-east-1",
      name: "provided",
      programDir: ".",
      accountId: async () => "123456789012",
      deadlineMs: 5000,
      signal: new AbortController().signal,
    });
    await type?.create(context, new Bag({ name: "provided", ...inputs }));
    const read = await type?.read(context, "provided", new Bag({}));
    context.aws.destroy();
    expect(read).toMatchObject(inputs);
  });

  it("with short periods acts within the minute, on data stored by the second", async () => {
    const dimensions = { Dimensions: [{ Name: "Engine", Value: "python" }] };
    await account.cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: "probe",
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        Threshold: 1,
        EvaluationPeriods: 1,
        TreatMissingData: "notBreaching",
        Namespace: "Cutover/test",
        MetricName: "ProbeFailed",
        ...dimensions,
        Period: 10,
        Statistic: "Maximum",
      }),
    );
    await waitFor(() => of("probe").length === 1, { what: "the alarm's first state", deadlineMs: 10_000 });
    const Timestamp = new Date(world.aws.clock.now());
    const MetricData = [{ MetricName: "ProbeFailed", ...dimensions, Value: 1, StorageResolution: 1, Timestamp }];
    await account.cloudwatch.send(new PutMetricDataCommand({ Namespace: "Cutover/test", MetricData }));
    await waitFor(() => of("probe")[1] === "OK → ALARM", { what: "ALARM", deadlineMs: 10_000 });
    const at = transitions.find((it) => it.alarm === "probe" && it.to === "ALARM")?.atRehearsalMs ?? 0;
    expect(at - Timestamp.getTime()).toBeGreaterThanOrEqual(10_000);
    await waitFor(() => of("probe").at(-1) === "ALARM → OK", { what: "OK", deadlineMs: 10_000 });
  });
});

describe("metrics", () => {
  it("are read with exact percentiles and maths over them", async () => {
    const at = Math.floor(world.aws.clock.now() / 60_000) * 60_000;
    const Values = Array.from({ length: 100 }, (_, i) => i + 1);
    const Timestamp = new Date(at);
    await account.cloudwatch.send(
      new PutMetricDataCommand({ Namespace: "T", MetricData: [{ MetricName: "m", Values, Timestamp }] }),
    );
    const MetricStat = { Metric: { Namespace: "T", MetricName: "m" }, Period: 60, Stat: "p95" };
    const read = async () => {
      const answer = await account.cloudwatch.send(
        new GetMetricDataCommand({
          StartTime: Timestamp,
          EndTime: new Date(at + 60_000),
          MetricDataQueries: [
            { Id: "m1", MetricStat },
            { Id: "m2", Expression: "m1 * 2" },
          ],
        }),
      );
      return answer.MetricDataResults?.map((it) => it.Values);
    };
    const seen = await waitFor(
      async () => {
        const values = await read();
        return (values?.[0]?.length ?? 0) > 0 && values;
      },
      { what: "the minute to be published", deadlineMs: 10_000 },
    );
    expect(seen).toEqual([[95], [190]]);
    expect(world.aws.clock.now()).toBeGreaterThanOrEqual(at + 120_000);
  });
});

describe("a function", () => {
  it("may do what its role allows, and nothing else", async () => {
    const rule = async (Priority: number) => {
      const made = await world.elb.send(
        new CreateRuleCommand({
          ListenerArn: world.listenerArn,
          Priority,
          Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: [`/rule-${Priority}`] } }],
          Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }],
        }),
      );
      return made.Rules?.[0]?.RuleArn ?? "";
    };
    const [own, other] = [await rule(30), await rule(40)];
    const metrics = {
      Effect: "Allow",
      Action: "cloudwatch:PutMetricData",
      Resource: "*",
      Condition: { StringEquals: { "cloudwatch:namespace": "Cutover/test" } },
    } as const;
    const queue = { Effect: "Allow", Action: "sqs:*", Resource: "arn:aws:sqs:*:*:inbox" } as const;
    const { QueueUrl } = await account.sqs.send(new CreateQueueCommand({ QueueName: "inbox" }));
    await account.sqs.send(new CreateQueueCommand({ QueueName: "other" }));
    await account.actingFunction("actor", [metrics, queue]);
    const denied = `is not authorized to perform: elasticloadbalancing:ModifyRule on resource: ${own}`;
    expect(await account.act("actor", { modifyRule: own })).toContain(denied);
    await account.permit("actor", [
      metrics,
      queue,
      { Effect: "Allow", Action: "elasticloadbalancing:ModifyRule", Resource: own },
    ]);
    expect(await account.act("actor", { modifyRule: own })).toBe("done");
    expect(await account.act("actor", { modifyRule: other })).toContain("AccessDenied");

    const putMetric = (namespace: string) => ({ putMetric: { namespace, name: "ProbeFailed", value: 0 } });
    expect(await account.act("actor", putMetric("Cutover/test"))).toBe("done");
    expect(await account.act("actor", putMetric("Cutover/prod"))).toContain("cloudwatch:PutMetricData");
    expect(await account.act("actor", { queue: "inbox" })).toBe("done");
    expect(await account.act("actor", { queue: "other" })).toContain("not authorized to perform: sqs:GetQueueUrl");
    const { Messages } = await account.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(["hello"]);
    expect(world.aws.gateway.journal({ accessKeyId: "FUNCTION.actor" }).length).toBeGreaterThan(5);
  });
});

describe("a schedule", () => {
  it("calls its function each rehearsal minute, once it may, and shows the state it was given", async () => {
    const Arn = await account.actingFunction("reconciler");
    const { RuleArn } = await account.events.send(
      new PutRuleCommand({ Name: "each-minute", ScheduleExpression: "rate(1 minute)" }),
    );
    const Targets = [{ Id: "1", Arn, Input: JSON.stringify({ note: "reconciled" }) }];
    await account.events.send(new PutTargetsCommand({ Rule: "each-minute", Targets }));
    const rule = await account.events.send(new DescribeRuleCommand({ Name: "each-minute" }));
    expect(rule.State).toBe("ENABLED");
    await waitFor(() => world.problems.some((line) => line.includes("no permission to call function reconciler")), {
      what: "the missing permission to be told",
      deadlineMs: 5000,
    });
    await account.lambda.send(
      new AddPermissionCommand({
        FunctionName: "reconciler",
        StatementId: "events",
        Action: "lambda:InvokeFunction",
        Principal: "events.amazonaws.com",
        SourceArn: RuleArn,
      }),
    );
    await waitFor(() => invocations.length >= 3, { what: "three runs", deadlineMs: 15_000 });
    expect(await account.note("reconciled")).toBe("done");
    const minutes = invocations.map(({ minute }) => minute);
    expect(new Set(minutes).size).toBe(minutes.length);
    expect(invocations.every(({ error, functionName }) => error === undefined && functionName === "reconciler")).toBe(
      true,
    );
  });
});
