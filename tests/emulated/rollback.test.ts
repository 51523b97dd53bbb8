import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeCertificateCommand, RequestCertificateCommand } from "@aws-sdk/client-acm";
import { PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DescribeLoadBalancersCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AddPermissionCommand, CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { HttpClient } from "@cutover/clients/http/client";
import { setKillSwitch } from "@cutover/clients/loadbalancer/kill-switch";
import { readRollbacks } from "@cutover/clients/record/rollback-record";
import type { RollbackReport } from "@cutover/clients/rollback/ports";
import { releaseKillSwitch } from "@cutover/clients/rollback/release";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Rollback, type RollbackArgs } from "../../components/rollback";
import { GhlStandIn } from "../../rehearsal/ghl/server";
import { zip } from "../../rehearsal/provider/assets";
import { waitFor } from "../../rehearsal/support/wait";
import { find, registrations } from "../support/mocks";
import { TestWorld } from "./world";

const DOMAIN = "messages.example.com";
const PATH = { Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/*"] } };
const header = (name: string, value: string) => ({
  Field: "http-header",
  HttpHeaderConfig: { HttpHeaderName: name, Values: [value] },
});
const HARD = "cutover-test-rollback-hard";
const NODE_URL = "https://node.example.com/hook";
const FRONT_DOOR = `https://${DOMAIN}/webhooks/ghl`;
const FUNCTION = "cutover-test-rollback";

let world: TestWorld;
const ghl = new GhlStandIn();
let clients: { iam: IAMClient; lambda: LambdaClient; sns: SNSClient; sqs: SQSClient; ssm: SSMClient };
let groups: { node: string; python: string };
let rules: { killSwitch: string; listener: string };
let topics: { rollback: string; people: string };
let queueUrl = "";

/** Forwarding rule of the HTTPS listener. */
async function rule(
  Priority: number,
  Conditions: object[],
  to: readonly [group: string, weight: number][],
): Promise<string> {
  const TargetGroups = to.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight }));
  const made = await world.elb.send(
    new CreateRuleCommand({
      ListenerArn: rules.listener,
      Priority,
      Conditions,
      Actions: [{ Type: "forward", ForwardConfig: { TargetGroups } }],
    }),
  );
  return made.Rules?.[0]?.RuleArn ?? "";
}

/** The HTTPS listener with a certificate that its DNS record proves. */
async function listener(): Promise<string> {
  const { CertificateArn } = await world.acm.send(
    new RequestCertificateCommand({ DomainName: DOMAIN, ValidationMethod: "DNS" }),
  );
  const { Certificate } = await world.acm.send(new DescribeCertificateCommand({ CertificateArn }));
  const record = Certificate?.DomainValidationOptions?.[0]?.ResourceRecord;
  const zone = await world.route53.send(new CreateHostedZoneCommand({ Name: "example.com", CallerReference: "1" }));
  const ResourceRecordSet = {
    Name: record?.Name,
    Type: "CNAME" as const,
    TTL: 60,
    ResourceRecords: [{ Value: record?.Value }],
  };
  await world.route53.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: zone.HostedZone?.Id,
      ChangeBatch: { Changes: [{ Action: "UPSERT", ResourceRecordSet }] },
    }),
  );
  const { LoadBalancers } = await world.elb.send(new DescribeLoadBalancersCommand({}));
  const made = await world.elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Port: 443,
      Protocol: "HTTPS",
      Certificates: [{ CertificateArn }],
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
    }),
  );
  return made.Listeners?.[0]?.ListenerArn ?? "";
}

async function traffic(): Promise<void> {
  groups = { node: await world.targetGroup("node"), python: await world.targetGroup("python") };
  rules = { listener: await listener(), killSwitch: "" };
  const key = header("x-cutover-key", "probe-key");
  await rule(10, [header("x-cutover-target", "python"), key], [[groups.python, 1]]);
  await rule(20, [header("x-cutover-target", "node"), key], [[groups.node, 1]]);
  rules.killSwitch = await rule(30, [PATH, header("x-cutover-kill-switch", "never")], [[groups.node, 1]]);
  await rule(
    50,
    [PATH, header("x-webhook-secret", "hush")],
    [
      [groups.node, 50],
      [groups.python, 50],
    ],
  );
  for (const engine of ["node", "python"] as const) {
    const definition = await world.taskDefinition(engine, { environment: { NAME: engine } });
    await world.service(engine, definition, [groups[engine]], { desiredCount: 1 });
  }
  for (const engine of ["node", "python"] as const) await world.steady(engine, 1);
}

async function people(): Promise<void> {
  const topic = async (Name: string) => (await clients.sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? "";
  topics = { rollback: await topic("cutover-test-rollback"), people: await topic("cutover-test-people") };
  queueUrl = (await clients.sqs.send(new CreateQueueCommand({ QueueName: "on-call" }))).QueueUrl ?? "";
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] }),
  );
  await clients.sns.send(
    new SubscribeCommand({ TopicArn: topics.people, Protocol: "sqs", Endpoint: Attributes?.QueueArn }),
  );
}

/** The function with the rights and the configuration that the component declares, secrets and topic as they are here. */
async function deploy(): Promise<void> {
  const secret = async (Name: string, content: object) =>
    (await world.secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(content) }))).ARN ?? "";
  const probeKeySecretArn = await secret("cutover/test/probe-key", { key: "probe-key" });
  const own = { ghlToken: ghl.token, nodeUrl: NODE_URL, frontDoorUrl: FRONT_DOOR };
  const rollbackSecretArn = await secret("cutover/test/rollback", own);
  const args: RollbackArgs = {
    stack: "test",
    aws: { region: "us-east-1" },
    domain: DOMAIN,
    listenerArn: rules.listener,
    killSwitch: { ruleArn: rules.killSwitch, nodeTargetGroupArn: groups.node },
    pythonTargetGroupArn: groups.python,
    healthPaths: { python: "/healthz", node: "/healthz" },
    probeKeySecretArn,
    ghl: {
      mode: "custom-value",
      token: ghl.token,
      locationId: ghl.locationId,
      webhookValue: "Cutover Webhook URL",
      baseUrl: ghl.url,
    },
    nodeUrl: NODE_URL,
    frontDoorUrl: FRONT_DOOR,
    onCall: [],
    pythonLogGroup: { name: "/cutover/test", arn: "arn:aws:logs:us-east-1:123456789012:log-group:/cutover/test" },
  };
  const declared = await registrations(() => void new Rollback("rollback", args));
  const real = (text: unknown) =>
    String(text)
      .replaceAll("arn:mock:Secret/rollback-secret", rollbackSecretArn)
      .replaceAll("arn:mock:Topic/rollback-people", topics.people)
      .replaceAll(
        "arn:mock:LogGroup/rollback-logs",
        `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${FUNCTION}`,
      );
  const role = find(declared, ":Role", "rollback-role");
  await clients.iam.send(
    new CreateRoleCommand({ RoleName: FUNCTION, AssumeRolePolicyDocument: String(role.assumeRolePolicy) }),
  );
  const PolicyDocument = real(find(declared, ":RolePolicy", "rollback-role").policy);
  await clients.iam.send(new PutRolePolicyCommand({ RoleName: FUNCTION, PolicyName: "rollback", PolicyDocument }));
  const { environment } = find(declared, ":Function", "rollback-function") as {
    environment: { variables: Record<string, string> };
  };
  execFileSync(process.execPath, [join(__dirname, "../../tools/build-functions.mjs")]);
  const bundle = readFileSync(join(__dirname, "../../functions/dist/rollback/index.mjs"));
  const made = await clients.lambda.send(
    new CreateFunctionCommand({
      FunctionName: FUNCTION,
      Role: `arn:aws:iam::123456789012:role/${FUNCTION}`,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 60,
      Code: { ZipFile: zip(new Map([["index.mjs", bundle]])) },
      Environment: {
        Variables: {
          CUTOVER_FUNCTION: real(environment.variables.CUTOVER_FUNCTION),
          CUTOVER_CONNECT_TO: `${DOMAIN}:443:127.0.0.1:${world.aws.loadBalancer.boundPort(443)}`,
        },
      },
    }),
  );
  await clients.lambda.send(
    new AddPermissionCommand({
      FunctionName: FUNCTION,
      StatementId: "alarms",
      Action: "lambda:InvokeFunction",
      Principal: "sns.amazonaws.com",
      SourceArn: topics.rollback,
    }),
  );
  await clients.sns.send(
    new SubscribeCommand({ TopicArn: topics.rollback, Protocol: "lambda", Endpoint: made.FunctionArn }),
  );
}

beforeAll(async () => {
  world = await TestWorld.start();
  const config = {
    endpoint: world.aws.url,
    region: "us-east-1",
    credentials: { accessKeyId: "TESTER", secretAccessKey: "x" },
  };
  clients = {
    iam: new IAMClient(config),
    lambda: new LambdaClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient(config),
    ssm: new SSMClient(config),
  };
  await ghl.start();
  ghl.seed("Cutover Webhook URL", FRONT_DOOR);
  await traffic();
  await people();
  await deploy();
  const applied = { phase: "ramp-50", pythonShare: 50, pythonDigest: "sha256:1" };
  await clients.ssm.send(
    new PutParameterCommand({ Name: "/cutover/test/applied", Type: "String", Value: JSON.stringify(applied) }),
  );
});
afterAll(async () => {
  await ghl.stop();
  for (const client of Object.values(clients ?? {})) client.destroy();
  await world?.stop();
});

async function invoke(payload: object): Promise<{ report?: RollbackReport; error?: string }> {
  const { Payload, FunctionError } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: FUNCTION, Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as RollbackReport & { errorMessage?: string };
  return FunctionError ? { error: answer.errorMessage ?? FunctionError } : { report: answer };
}
const reconcile = () => invoke({ source: "reconcile" });
const manual = () => invoke({ source: "manual", reason: "a test" });
const records = async () => (await readRollbacks("test", clients.ssm)).records;

/** Who answers customers' messages now, of 20. */
async function answeredBy(): Promise<Set<unknown>> {
  await world.aws.loadBalancer.settled();
  const http = new HttpClient({
    connectTo: `${DOMAIN}:443:127.0.0.1:${world.aws.loadBalancer.boundPort(443)}`,
    ca: readFileSync(world.aws.caFile, "utf8"),
  });
  const headers = { "x-webhook-secret": "hush" };
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => http.send({ method: "POST", path: FRONT_DOOR, headers, body: {} })),
  );
  http.close();
  return new Set(replies.map(({ json }) => (json as { name?: unknown } | undefined)?.name));
}

/** Notices that came since the last look. */
async function notices(): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    if (Messages.length === 0) return found;
    found.push(...Messages.map(({ Body = "{}" }) => (JSON.parse(Body) as { Subject: string }).Subject));
  }
}

async function release(id: string): Promise<void> {
  const config = { endpoint: world.aws.url, region: "us-east-1" };
  const released = await releaseKillSwitch(
    {
      stack: "test",
      aws: config,
      ruleArn: rules.killSwitch,
      nodeTargetGroupArn: groups.node,
      alarmNames: [HARD],
      release: id,
    },
    { elb: world.elb, ssm: clients.ssm, cloudwatch: world.cloudwatch },
  );
  expect(released).toBe("released");
  await notices();
}

describe("the rollback function on the emulated AWS, with the rights that the stack gives it", () => {
  it("has nothing to do at first, and customers reach both engines", async () => {
    expect(await reconcile()).toMatchObject({ report: { outcome: "nothing" } });
    expect(await answeredBy()).toEqual(new Set(["node", "python"]));
  });

  it("rolls back when an alarm goes off: switch, record, webhook, notice", async () => {
    await world.cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: HARD,
        Namespace: "Cutover/test",
        MetricName: "Nothing",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "ignore",
        AlarmActions: [topics.rollback],
      }),
    );
    await world.cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName: HARD, StateValue: "ALARM", StateReason: "probes of Python failed" }),
    );
    const record = await waitFor(
      async () => {
        const [found] = await records();
        return found?.steps.notice?.state === "done" && found;
      },
      { what: "the rollback to be done", deadlineMs: 20_000 },
    );
    expect(record).toMatchObject({
      id: "rb-0001",
      trigger: { kind: "hard", alarm: HARD, text: "probes of Python failed" },
      phase: "ramp-50",
      share: 50,
      steps: {
        switch: { state: "done" },
        verify: { state: "done" },
        webhook: { state: "done", detail: `moved to ${NODE_URL}` },
      },
    });
    expect(await answeredBy()).toEqual(new Set(["node"]));
    expect(ghl.named("Cutover Webhook URL")?.value).toBe(NODE_URL);
    expect(await notices()).toEqual(["[cutover test] Rolled back to Node (rb-0001)"]);
  });

  it("does nothing more for the same alarm, nor in the next minutes", async () => {
    expect(await reconcile()).toMatchObject({ report: { outcome: "nothing" } });
    expect(await manual()).toMatchObject({ report: { outcome: "joined", id: "rb-0001" } });
    expect(await notices()).toEqual([]);
  });

  it("is released by its id once the alarm is quiet", async () => {
    await expect(release("rb-0001")).rejects.toThrow(/went into ALARM/);
    await world.cloudwatch.send(new SetAlarmStateCommand({ AlarmName: HARD, StateValue: "OK", StateReason: "x" }));
    await expect(release("rb-0009")).rejects.toThrow(/newest rollback is rb-0001/);
    await release("rb-0001");
    expect(await answeredBy()).toEqual(new Set(["node", "python"]));
    expect(await reconcile()).toMatchObject({ report: { outcome: "nothing" } });
  });

  it("lives through a throttled ELB", async () => {
    const ends = ["ModifyRule", "DescribeRules"].map((action) =>
      world.aws.gateway.inject({
        service: "elasticloadbalancing",
        action,
        accessKeyId: `FUNCTION.${FUNCTION}`,
        respond: "throttle",
        times: 3,
      }),
    );
    expect(await manual()).toMatchObject({ report: { outcome: "rolled-back", id: "rb-0002" } });
    for (const end of ends) end();
    expect(await answeredBy()).toEqual(new Set(["node"]));
    await release("rb-0002");
  });

  it("moves traffic while SSM is down, and writes the record when it is back", async () => {
    const end = world.aws.gateway.inject({
      service: "ssm",
      accessKeyId: `FUNCTION.${FUNCTION}`,
      respond: "unavailable",
    });
    expect(await manual()).toMatchObject({ report: { outcome: "rolled-back" } });
    expect(await answeredBy()).toEqual(new Set(["node"]));
    end();
    expect(await reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0003" } });
    await release("rb-0003");
  });

  it("says that it could not move, and the reconciler moves once ELB lets it", async () => {
    const end = world.aws.gateway.inject({
      service: "elasticloadbalancing",
      action: "ModifyRule",
      accessKeyId: `FUNCTION.${FUNCTION}`,
      respond: "deny",
    });
    expect(await manual()).toMatchObject({ error: expect.stringMatching(/has not moved/) });
    expect((await notices()).join()).toMatch(/ROLLBACK FAILED/);
    end();
    expect(await reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0004" } });
    expect(await answeredBy()).toEqual(new Set(["node"]));
    await release("rb-0004");
  });

  it("records a switch that was moved in the console", async () => {
    const place = { ruleArn: rules.killSwitch, nodeTargetGroupArn: groups.node };
    await setKillSwitch("node", place, world.elb, { deadlineMs: 5_000 });
    expect(await reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0005" } });
    expect((await records()).at(-1)).toMatchObject({ trigger: { kind: "by-hand" } });
    await release("rb-0005");
  });

  it("pages and leaves traffic where Node is dead and Python answers", async () => {
    for (const task of world.aws.tasks.list("node")) world.aws.tasks.killTask(task.id);
    expect(await manual()).toMatchObject({ report: { outcome: "left" } });
    expect((await notices()).join()).toMatch(/Look now/);
    expect((await records()).at(-1)?.id).toBe("rb-0005");
  });
});

it("no secret is in the function's log", async () => {
  const { events = [] } = await world.logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FUNCTION}` }),
  );
  const text = events.map(({ message }) => message).join("\n");
  expect(text).toMatch(/rollback_report/);
  for (const secret of [ghl.token, 'probe-key"']) expect(text).not.toContain(secret);
});
