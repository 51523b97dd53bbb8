import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ACMClient, DescribeCertificateCommand } from "@aws-sdk/client-acm";
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListHostedZonesCommand, Route53Client } from "@aws-sdk/client-route-53";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TargetHealth } from "../../loadbalancer/health";
import { waitFor } from "../../support/wait";
import { AwsGateway } from "./gateway";
import type { BalancerReality, EcsReality, JsonObject } from "./reality";
import { readAll } from "./upstream";

/** Stands for an emulator: notes what it is asked and answers with what the test says. */
class FakeEmulator {
  readonly server: Server;
  asked: { action: string; request: IncomingMessage; body: string }[] = [];
  answers: Record<string, { status?: number; type?: string; body: string }> = {};

  constructor() {
    this.server = createServer(async (request, response) => {
      const body = (await readAll(request)).toString("latin1");
      const target = request.headers["x-amz-target"];
      const action = target
        ? String(target).split(".").at(-1)
        : (new URLSearchParams(body).get("Action") ?? `${request.method} ${request.url}`);
      this.asked.push({ action: action ?? "", request, body });
      if (this.silent.has(action ?? "")) return;
      const left = this.breaks[action ?? ""] ?? 0;
      if (left > 0) {
        this.breaks[action ?? ""] = left - 1;
        request.socket.destroy();
        return;
      }
      const answer = this.answers[action ?? ""] ?? { body: "{}" };
      response.writeHead(answer.status ?? 200, { "content-type": answer.type ?? "application/x-amz-json-1.1" });
      response.end(answer.body);
    });
  }

  /** Actions that are never answered, and how often others break off before they answer. */
  silent = new Set<string>();
  breaks: Record<string, number> = {};

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

const moto = new FakeEmulator();
const ministack = new FakeEmulator();
const gateway = new AwsGateway();
let notified = 0;
let health: { target: { id: string; port: number }; health: TargetHealth }[] = [];
let attached: string[] = ["arn:lb"];
let tasks: JsonObject[] = [];
let seenService: JsonObject | undefined;

const balancer: BalancerReality = {
  settled: async () => undefined,
  describeTargetHealth: (arn) => (arn === "arn:tg" ? health : undefined),
  targetHealth: (_arn, target) =>
    health.find((it) => it.target.id === target.id)?.health ?? { state: "unused", reason: "Target.NotRegistered" },
  loadBalancersOf: () => attached,
  notify: () => {
    notified++;
  },
};
const ecs: EcsReality = {
  settled: async () => undefined,
  describeService: () => seenService,
  describeTasks: () => tasks,
  stopTask: () => undefined,
  notify: () => undefined,
};

const config = () => ({
  endpoint: gateway.url,
  region: "us-east-1",
  credentials: { accessKeyId: "ROLLBACK", secretAccessKey: "x" },
  maxAttempts: 1,
});

beforeAll(async () => {
  await gateway.start();
  gateway.connect({ moto: await moto.start(), ministack: await ministack.start() });
  gateway.attach({ balancer, ecs });
});
afterAll(async () => {
  await gateway.stop();
  for (const { server } of [moto, ministack]) server.close();
});
beforeEach(() => {
  for (const emulator of [moto, ministack]) {
    Object.assign(emulator, { asked: [], answers: {}, silent: new Set(), breaks: {} });
  }
  gateway.clearFaults();
  notified = 0;
  attached = ["arn:lb"];
});

const xml = (action: string, result = "") => ({
  type: "text/xml",
  body: `<${action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${action}Result>${result}</${action}Result></${action}Response>`,
});

describe("routing", () => {
  it("sends each service where it lives, by the credential scope", async () => {
    await new SSMClient(config()).send(new GetParameterCommand({ Name: "/a" }));
    await new ECSClient(config()).send(new DescribeTasksCommand({ cluster: "main", tasks: ["x"] }));
    await new EC2Client(config()).send(new DescribeVpcsCommand({})).catch(() => undefined);
    expect(ministack.asked.map(({ action }) => action)).toEqual(["GetParameter"]);
    expect(moto.asked.map(({ action }) => action)).toEqual(["DescribeVpcs"]);
  });

  it("passes a body and an answer through byte for byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256));
    ministack.answers["PUT /bucket/key?x-id=PutObject"] = { type: "application/xml", body: "" };
    await new S3Client({ ...config(), forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" }).send(
      new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: bytes }),
    );
    expect(Buffer.from(ministack.asked[0]?.body ?? "", "latin1").equals(bytes)).toBe(true);
  });

  it("says that the emulators are not there instead of hanging", async () => {
    const early = new AwsGateway();
    await early.start();
    const sdk = new SSMClient({ ...config(), endpoint: early.url });
    await expect(sdk.send(new GetParameterCommand({ Name: "/a" }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    });
    await early.stop();
  });
});

describe("answers from reality", () => {
  const elb = () => new ElasticLoadBalancingV2Client(config());

  it("gives the load balancer's view of target health, not the emulator's", async () => {
    moto.answers.DescribeTargetHealth = xml(
      "DescribeTargetHealth",
      "<TargetHealthDescriptions><member><TargetHealth><State>healthy</State></TargetHealth></member></TargetHealthDescriptions>",
    );
    health = [
      { target: { id: "10.200.0.1", port: 8080 }, health: { state: "healthy" } },
      {
        target: { id: "10.200.0.2", port: 8080 },
        health: { state: "unhealthy", reason: "Target.Timeout", description: "a < b" },
      },
    ];
    const all = await elb().send(new DescribeTargetHealthCommand({ TargetGroupArn: "arn:tg" }));
    expect(all.TargetHealthDescriptions).toEqual([
      { Target: { Id: "10.200.0.1", Port: 8080 }, HealthCheckPort: "8080", TargetHealth: { State: "healthy" } },
      {
        Target: { Id: "10.200.0.2", Port: 8080 },
        HealthCheckPort: "8080",
        TargetHealth: { State: "unhealthy", Reason: "Target.Timeout", Description: "a < b" },
      },
    ]);
    const one = await elb().send(
      new DescribeTargetHealthCommand({ TargetGroupArn: "arn:tg", Targets: [{ Id: "10.200.0.9", Port: 8080 }] }),
    );
    expect(one.TargetHealthDescriptions?.[0]?.TargetHealth?.State).toBe("unused");
  });

  it("lays what runs over the emulator's service and keeps what the emulator forgets", async () => {
    const service = { serviceArn: "arn:svc", serviceName: "s", status: "ACTIVE", runningCount: 2, pendingCount: 0 };
    moto.answers.CreateService = { body: JSON.stringify({ service }) };
    moto.answers.DescribeServices = { body: JSON.stringify({ services: [] }) };
    seenService = undefined;
    const sdk = new ECSClient(config());
    const created = await sdk.send(
      new CreateServiceCommand({
        serviceName: "s",
        taskDefinition: "t",
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
        healthCheckGracePeriodSeconds: 30,
      }),
    );
    expect(created.service).toMatchObject({ runningCount: 0, healthCheckGracePeriodSeconds: 30 });
    seenService = { runningCount: 1, pendingCount: 1, taskDefinition: "arn:td" };
    moto.answers.DescribeServices = { body: JSON.stringify({ services: [service], failures: [] }) };
    const { services } = await sdk.send(new DescribeServicesCommand({ services: ["s"] }));
    expect(services?.[0]).toMatchObject({
      runningCount: 1,
      pendingCount: 1,
      taskDefinition: "arn:td",
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true }, maximumPercent: 200 },
    });
  });

  it("lists and describes the task runner's tasks only", async () => {
    tasks = [
      {
        taskArn: "arn:task/main/1",
        desiredStatus: "RUNNING",
        lastStatus: "RUNNING",
        group: "service:s",
        taskDefinitionArn: "arn:task-definition/f:1",
      },
      {
        taskArn: "arn:task/main/2",
        desiredStatus: "STOPPED",
        lastStatus: "STOPPED",
        group: "service:s",
        taskDefinitionArn: "arn:task-definition/f:1",
      },
    ];
    const sdk = new ECSClient(config());
    expect((await sdk.send(new ListTasksCommand({ serviceName: "s" }))).taskArns).toEqual(["arn:task/main/1"]);
    expect((await sdk.send(new ListTasksCommand({ serviceName: "other" }))).taskArns).toEqual([]);
    expect((await sdk.send(new ListTasksCommand({ desiredStatus: "STOPPED" }))).taskArns).toEqual(["arn:task/main/2"]);
    const described = await sdk.send(new DescribeTasksCommand({ tasks: ["1", "3"] }));
    expect(described.tasks?.map(({ taskArn }) => taskArn)).toEqual(["arn:task/main/1"]);
    expect(described.failures).toEqual([{ arn: "3", reason: "MISSING" }]);
    expect(moto.asked).toEqual([]);
  });

  it("issues a certificate when its validation record stands in Route 53, and not before", async () => {
    const record = { Name: "_x.hooks.example.com.", Type: "CNAME", Value: "_y.acm-validations.aws." };
    moto.answers.DescribeCertificate = {
      body: JSON.stringify({
        Certificate: {
          Type: "AMAZON_ISSUED",
          Status: "ISSUED",
          DomainValidationOptions: [{ DomainName: "hooks.example.com", ResourceRecord: record }],
        },
      }),
    };
    const zones = {
      type: "text/xml",
      body: "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id></HostedZone></HostedZones></R>",
    };
    const set = (value: string) => ({
      type: "text/xml",
      body: `<R><ResourceRecordSet><Name>_x.hooks.example.com.</Name><Type>CNAME</Type><ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></R>`,
    });
    const status = async () =>
      (await new ACMClient(config()).send(new DescribeCertificateCommand({ CertificateArn: "arn:aws:acm:c" })))
        .Certificate?.Status;
    ministack.answers["GET /2013-04-01/hostedzone"] = zones;
    ministack.answers["GET /2013-04-01/hostedzone/Z1/rrset"] = set("_other.acm-validations.aws.");
    expect(await status()).toBe("PENDING_VALIDATION");
    ministack.answers["GET /2013-04-01/hostedzone/Z1/rrset"] = set("_y.acm-validations.aws");
    expect(await status()).toBe("ISSUED");
  });
});

describe("what the emulator does not keep", () => {
  it("describes an alarm whole from the moment it is put, before the emulator has answered", async () => {
    const sdk = new CloudWatchClient(config());
    const described = { AlarmName: "a", StateValue: "OK", ComparisonOperator: "GreaterThanThreshold", Threshold: 1 };
    ministack.answers.DescribeAlarms = { body: JSON.stringify({ MetricAlarms: [described] }) };
    ministack.silent.add("PutMetricAlarm");
    const abort = new AbortController();
    const alarm = {
      AlarmName: "a",
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: 1,
      EvaluationPeriods: 1,
    } as const;
    const metric = { Namespace: "n", MetricName: "m", Period: 60, Statistic: "Sum" } as const;
    const put = sdk.send(new PutMetricAlarmCommand({ ...alarm, ...metric }), { abortSignal: abort.signal });
    const rejected = expect(put).rejects.toMatchObject({ name: "AbortError" });
    const asked = () => ministack.asked.some(({ action }) => action === "PutMetricAlarm");
    await waitFor(asked, { what: "the alarm to reach the emulator", deadlineMs: 5000 });
    const { MetricAlarms } = await sdk.send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms).toMatchObject([{ AlarmName: "a", ...metric }]);
    abort.abort();
    await rejected;
  });
});

describe("what AWS refuses", () => {
  it("refuses before the emulator sees it, as an SDK exception", async () => {
    const sdk = new ElasticLoadBalancingV2Client(config());
    const targets = new RegisterTargetsCommand({ TargetGroupArn: "arn:tg", Targets: [{ Id: "8.8.8.8" }] });
    await expect(sdk.send(targets)).rejects.toMatchObject({
      name: "ValidationError",
      message: expect.stringContaining("8.8.8.8"),
    });
    expect(moto.asked).toEqual([]);
    expect(notified).toBe(0);
  });

  it("refuses a service on a target group that no load balancer forwards to", async () => {
    attached = [];
    const command = new CreateServiceCommand({
      serviceName: "s",
      taskDefinition: "t",
      loadBalancers: [{ targetGroupArn: "arn:tg", containerName: "c", containerPort: 1 }],
    });
    await expect(new ECSClient(config()).send(command)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: "The target group with targetGroupArn arn:tg does not have an associated load balancer.",
    });
  });

  it("refuses a second active service of the same name", async () => {
    moto.answers.DescribeServices = { body: JSON.stringify({ services: [{ status: "ACTIVE" }] }) };
    const command = new CreateServiceCommand({ serviceName: "s", taskDefinition: "t" });
    await expect(new ECSClient(config()).send(command)).rejects.toThrow("Creation of service was not idempotent.");
  });
});

describe("telling of changes", () => {
  it("tells after a change that succeeded, and after nothing else", async () => {
    const heard: string[] = [];
    gateway.on("changed", (service, action) => heard.push(`${service} ${action}`));
    const sdk = new ElasticLoadBalancingV2Client(config());
    moto.answers.DeleteRule = xml("DeleteRule");
    moto.answers.DescribeRules = xml("DescribeRules");
    await sdk.send(new DescribeRulesCommand({ ListenerArn: "l" }));
    await sdk.send(new DeleteRuleCommand({ RuleArn: "r" }));
    moto.answers.DeleteRule = { ...xml("DeleteRule"), status: 400 };
    await sdk.send(new DeleteRuleCommand({ RuleArn: "r" })).catch(() => undefined);
    await new SSMClient(config()).send(new GetParameterCommand({ Name: "/a" }));
    gateway.removeAllListeners("changed");
    expect(heard).toEqual(["elasticloadbalancing DeleteRule"]);
    expect(notified).toBe(1);
  });
});

describe("faults and the journal", () => {
  it("throttles, denies and drops in every protocol, so that SDKs see real exceptions", async () => {
    for (const service of ["ssm", "elasticloadbalancing", "ec2", "lambda", "s3", "route53", "monitoring"]) {
      gateway.inject({ service, respond: "deny" });
    }
    const calls: Promise<unknown>[] = [
      new SSMClient(config()).send(new GetParameterCommand({ Name: "/a" })),
      new ElasticLoadBalancingV2Client(config()).send(new DeleteRuleCommand({ RuleArn: "r" })),
      new EC2Client(config()).send(new DescribeVpcsCommand({})),
      new LambdaClient(config()).send(new InvokeCommand({ FunctionName: "f" })),
      new S3Client({ ...config(), forcePathStyle: true }).send(
        new PutObjectCommand({ Bucket: "b", Key: "k", Body: "x" }),
      ),
      new Route53Client(config()).send(new ListHostedZonesCommand({})),
      new CloudWatchClient(config()).send(new PutMetricDataCommand({ Namespace: "n", MetricData: [] })),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: "rejected", reason: { $metadata: { httpStatusCode: 403 } } });
      expect((result as PromiseRejectedResult).reason.name).toMatch(/^AccessDenied(Exception)?$/);
    }
    gateway.clearFaults();
    gateway.inject({ service: "ssm", respond: "drop" });
    await expect(new SSMClient(config()).send(new GetParameterCommand({ Name: "/a" }))).rejects.toThrow(
      /hang up|ECONNRESET/,
    );
  });

  it("asks a second time where the emulator broke off a read, and reports only what failed twice", async () => {
    const problems: string[] = [];
    gateway.on("problem", (error) => problems.push(error.message));
    const ssm = new SSMClient(config());
    ministack.breaks = { GetParameter: 1 };
    await expect(ssm.send(new GetParameterCommand({ Name: "/a" }))).resolves.toBeDefined();
    expect(problems).toEqual([]);
    ministack.breaks = { GetParameter: 2, PutParameter: 1 };
    await expect(ssm.send(new GetParameterCommand({ Name: "/a" }))).rejects.toThrow(/gave no answer/);
    // A write is never repeated: whether the first one was carried out, nobody knows.
    const put = new PutParameterCommand({ Name: "/a", Value: "1", Type: "String" });
    await expect(ssm.send(put)).rejects.toThrow(/gave no answer/);
    gateway.removeAllListeners("problem");
    expect(problems).toHaveLength(2);
    expect(ministack.asked.filter(({ action }) => action === "PutParameter")).toHaveLength(1);
  });

  it("takes a caller that hangs up for what it is, not for a failure of the emulator", async () => {
    const problems: string[] = [];
    gateway.on("problem", (error) => problems.push(error.message));
    const since = Date.now();
    for (const [action, command] of [
      ["GetParameter", new GetParameterCommand({ Name: "/a" })],
      ["PutParameter", new PutParameterCommand({ Name: "/a", Value: "1", Type: "String" })],
    ] as const) {
      ministack.silent.add(action);
      const abort = new AbortController();
      const call = new SSMClient(config()).send(command as GetParameterCommand, { abortSignal: abort.signal });
      const rejected = expect(call).rejects.toMatchObject({ name: "AbortError" });
      await waitFor(() => ministack.asked.some((asked) => asked.action === action), {
        what: `${action} to be asked`,
        deadlineMs: 5000,
      });
      abort.abort();
      await rejected;
      await waitFor(() => gateway.journal({ since, service: "ssm", action }).length === 1, {
        what: "the journal",
        deadlineMs: 5000,
      });
    }
    gateway.removeAllListeners("problem");
    expect(problems).toEqual([]);
  });

  it("meets only the service, operation and caller it names, as often as it says", async () => {
    const ssm = new SSMClient(config());
    const get = () =>
      ssm.send(new GetParameterCommand({ Name: "/a" })).then(
        () => "ok",
        (error: Error) => error.name,
      );
    gateway.inject({ service: "ssm", action: "PutParameter", respond: "throttle" });
    gateway.inject({ service: "ssm", accessKeyId: "SOMEBODY", respond: "throttle" });
    gateway.inject({ service: "ssm", action: "GetParameter", respond: "throttle", times: 2 });
    expect([await get(), await get(), await get()]).toEqual(["ThrottlingException", "ThrottlingException", "ok"]);
    const end = gateway.inject({ service: "ssm", respond: { status: 418, code: "Odd", message: "odd" } });
    expect(await get()).toBe("Odd");
    end();
    expect(await get()).toBe("ok");
  });

  it("spares the rehearsal's own load balancer and task runner", async () => {
    gateway.inject({ service: "ssm", respond: "deny" });
    const own = new SSMClient({ ...config(), credentials: { accessKeyId: "ECSTASKRUNNER", secretAccessKey: "x" } });
    await expect(own.send(new GetParameterCommand({ Name: "/a" }))).resolves.toBeDefined();
  });

  it("notes who called what with which result", async () => {
    const since = Date.now();
    gateway.inject({ service: "elasticloadbalancing", action: "CreateRule", respond: "throttle", times: 1 });
    const sdk = new ElasticLoadBalancingV2Client(config());
    await sdk
      .send(new CreateRuleCommand({ ListenerArn: "l", Priority: 1, Conditions: [], Actions: [] }))
      .catch(() => undefined);
    await new SSMClient(config()).send(new GetParameterCommand({ Name: "/a" }));
    const entries = gateway.journal({ since, accessKeyId: "ROLLBACK" });
    expect(entries.map(({ service, action, status, error }) => [service, action, status, error])).toEqual([
      ["elasticloadbalancing", "CreateRule", 400, "ThrottlingException"],
      ["ssm", "GetParameter", 200, undefined],
    ]);
    expect(gateway.journal({ since, service: "ssm", action: "PutParameter" })).toEqual([]);
  });
});
