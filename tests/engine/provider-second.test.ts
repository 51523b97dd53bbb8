import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EngineWorld } from "./support/world";

// One stack lived through by the real engine; each test starts where the one before ended.
const MINUTE = 60_000;
const FUNCTION = "cutover-test-rollback";
let world: EngineWorld;
let lambda: Lambda;

beforeAll(async () => {
  world = await EngineWorld.start("second-types", { key: "variant", value: "first" });
  lambda = new Lambda(world.clientConfig);
}, 2 * MINUTE);

afterAll(async () => {
  lambda?.destroy();
  await world?.stop();
}, MINUTE);

async function answer(): Promise<unknown> {
  const { Payload } = await lambda.invoke({ FunctionName: FUNCTION });
  return JSON.parse(Buffer.from(Payload ?? []).toString("utf8"));
}

it(
  "is created and then shows no change, in a preview or a refresh; the function runs the code it was given",
  async () => {
    const made = await world.stack.up();
    expect(made.changes.create).toBe(28);
    await world.stack.preview({ expectNoChanges: true });
    await world.stack.refresh({ expectNoChanges: true });
    expect(await answer()).toEqual({ answer: "first" });
  },
  2 * MINUTE,
);

it(
  "a change by others is seen and put back",
  async () => {
    await lambda.updateFunctionConfiguration({ FunctionName: FUNCTION, Timeout: 3, MemorySize: 512 });
    const seen = await world.stack.refresh();
    expect(seen.changed).toBe(1);
    const up = await world.stack.up();
    expect(up.changes.update).toBe(1);
    const { Configuration } = await lambda.getFunction({ FunctionName: FUNCTION });
    expect(Configuration).toMatchObject({ Timeout: 30, MemorySize: 128 });
  },
  MINUTE,
);

/** Where the load balancer's group of targets is, and what is in it. */
async function targets(): Promise<{ arn: string; ids: (string | undefined)[] }> {
  const { TargetGroups } = await world.elb.describeTargetGroups({ Names: ["cutover-test-targets"] });
  const arn = TargetGroups?.[0]?.TargetGroupArn ?? "";
  const { TargetHealthDescriptions = [] } = await world.elb.describeTargetHealth({ TargetGroupArn: arn });
  return { arn, ids: TargetHealthDescriptions.map(({ Target }) => Target?.Id) };
}

it(
  "a function is a target of the load balancer, and is again after somebody took it out",
  async () => {
    const { Configuration } = await lambda.getFunction({ FunctionName: FUNCTION });
    const Id = Configuration?.FunctionArn ?? "";
    const before = await targets();
    expect(before.ids).toEqual([Id]);
    await world.elb.deregisterTargets({ TargetGroupArn: before.arn, Targets: [{ Id }] });
    const seen = await world.stack.refresh();
    expect(seen.changes).toMatchObject({ delete: 1 });
    const up = await world.stack.up();
    expect(up.steps.map(({ op, urn }) => `${op} ${urn.split("::").pop()}`)).toContain("create target");
    expect((await targets()).ids).toEqual([Id]);
    await world.stack.up({ expectNoChanges: true });
  },
  MINUTE,
);

it(
  "is changed in place, code included",
  async () => {
    await world.stack.configSet({ key: "variant", value: "update" });
    const up = await world.stack.up();
    expect(up.changes).toMatchObject({ update: 12 });
    expect([up.changes.replace, up.changes.create]).toEqual([undefined, undefined]);
    expect(await answer()).toEqual({ answer: "second" });
    const { MetricAlarms = [] } = await new CloudWatch(world.clientConfig).describeAlarms({
      AlarmNames: ["cutover-test-maths"],
    });
    // Its queries change with the threshold, in place; the emulator that answers here keeps the threshold alone.
    expect(MetricAlarms[0]?.Threshold).toBe(6);
    await world.stack.refresh({ expectNoChanges: true });
  },
  2 * MINUTE,
);

it(
  "destroy leaves nothing in the emulators",
  async () => {
    await world.stack.destroy();
    const config = world.clientConfig;
    const [alarms, dashboards, rules, functions, buckets, schedules, topics, queues] = await Promise.all([
      new CloudWatch(config).describeAlarms({}),
      new CloudWatch(config).getDashboard({ DashboardName: "cutover-test" }).catch((error: Error) => error.name),
      new EventBridge(config).listRules({}),
      lambda.listFunctions({}),
      new S3(config).listBuckets({}),
      new Scheduler(config).listSchedules({}),
      new SNS(config).listTopics({}),
      new SQS(config).listQueues({}),
    ]);
    const left = [
      alarms.MetricAlarms,
      alarms.CompositeAlarms,
      rules.Rules,
      functions.Functions,
      buckets.Buckets,
      schedules.Schedules,
      topics.Topics,
      queues.QueueUrls,
    ].flatMap((list): unknown[] => list ?? []);
    const { TargetGroups = [] } = await world.elb.describeTargetGroups({});
    expect([...left, ...TargetGroups]).toEqual([]);
    expect(dashboards).toMatch(/NotFound/);
    expect(Object.values(await world.inventory()).flat()).toEqual([]);
  },
  MINUTE,
);
