import { readFileSync } from "node:fs";
import { DescribeCertificateCommand, RequestCertificateCommand } from "@aws-sdk/client-acm";
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DescribeLoadBalancersCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { AddPermissionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { HttpClient, type HttpReply } from "@cutover/clients/http/client";
import type { ReplayReport } from "@cutover/clients/inbox/replay";
import { readRollbacks } from "@cutover/clients/record/rollback-record";
import type { RollbackReport } from "@cutover/clients/rollback/ports";
import { releaseKillSwitch } from "@cutover/clients/rollback/release";
import { Rollback, type RollbackArgs } from "../../components/rollback";
import { GhlStandIn } from "../../rehearsal/ghl/server";
import type { ImageProgram } from "../../rehearsal/tasks/task";
import { registrations } from "../support/mocks";
import { deployFunction } from "./deploy";
import { deployInbox, deployReplayer, type InboxClients, type InboxPlace, REPLAY } from "./inbox-place";
import { TestWorld } from "./world";

const DOMAIN = "messages.example.com";
const PATH = { Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/*"] } };
const header = (name: string, value: string) => ({
  Field: "http-header",
  HttpHeaderConfig: { HttpHeaderName: name, Values: [value] },
});
/** Value of x-webhook-secret. */
export const WEBHOOK_SECRET = "hush";
export const FRONT_DOOR = `https://${DOMAIN}/webhooks/ghl`;

/** Where the alarms of these tests are. */
export const HARD = "cutover-test-rollback-hard";
export const NODE_URL = "https://node.example.com/hook";
export const FUNCTION = "cutover-test-rollback";

/** A program that runs as Node, and its environment. */
export interface NodeProgram {
  readonly program: ImageProgram;
  readonly environment: Record<string, string>;
}

/** Repository of Node's image where a test brings a program for it. */
export const NODE_IMAGE = "cutover/node";

/** A stack's front door with two engines, its rollback function with the rights the component declares, and people. */
export class RollbackWorld {
  readonly ghl = new GhlStandIn();
  readonly aws: TestWorld;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  groups = { node: "", python: "" };
  rules = { killSwitch: "", listener: "" };
  inbox: InboxPlace = { targetGroupArn: "", queueUrl: "", refusedUrl: "", queueArn: "", refusedWithoutPermission: "" };
  topics = { rollback: "", people: "" };
  #queueUrl = "";
  #node: NodeProgram | undefined;
  #http: HttpClient | undefined;

  private constructor(aws: TestWorld) {
    this.aws = aws;
    const config = {
      endpoint: aws.aws.url,
      region: "us-east-1",
      credentials: { accessKeyId: "TESTER", secretAccessKey: "x" },
    };
    this.iam = new IAMClient(config);
    this.lambda = new LambdaClient(config);
    this.sns = new SNSClient(config);
    this.sqs = new SQSClient(config);
    this.ssm = new SSMClient(config);
  }

  /** @param node what runs as Node; default: something that answers */
  static async start(node?: NodeProgram): Promise<RollbackWorld> {
    const world = new RollbackWorld(await TestWorld.start(node ? { [NODE_IMAGE]: node.program } : {}));
    world.#node = node;
    await world.ghl.start();
    world.ghl.seed("Cutover Webhook URL", FRONT_DOOR);
    world.inbox = await deployInbox(world.clients, WEBHOOK_SECRET);
    await world.#traffic();
    await world.#people();
    await world.#deploy();
    const applied = { phase: "ramp-50", pythonShare: 50, pythonDigest: "sha256:1" };
    await world.ssm.send(
      new PutParameterCommand({ Name: "/cutover/test/applied", Type: "String", Value: JSON.stringify(applied) }),
    );
    return world;
  }

  async stop(): Promise<void> {
    this.#http?.close();
    await this.ghl.stop();
    for (const client of [this.iam, this.lambda, this.sns, this.sqs, this.ssm]) client.destroy();
    await this.aws.stop();
  }

  get clients(): InboxClients {
    const { iam, lambda, sqs, aws } = this;
    return { iam, lambda, sqs, elb: aws.elb, secrets: aws.secrets };
  }

  /** Forwarding rule of the HTTPS listener. */
  async #rule(Priority: number, Conditions: object[], to: readonly [group: string, weight: number][]): Promise<string> {
    const TargetGroups = to.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight }));
    const made = await this.aws.elb.send(
      new CreateRuleCommand({
        ListenerArn: this.rules.listener,
        Priority,
        Conditions,
        Actions: [{ Type: "forward", ForwardConfig: { TargetGroups } }],
      }),
    );
    return made.Rules?.[0]?.RuleArn ?? "";
  }

  /** The HTTPS listener with a certificate that its DNS record proves. */
  async #listener(): Promise<string> {
    const { CertificateArn } = await this.aws.acm.send(
      new RequestCertificateCommand({ DomainName: DOMAIN, ValidationMethod: "DNS" }),
    );
    const { Certificate } = await this.aws.acm.send(new DescribeCertificateCommand({ CertificateArn }));
    const record = Certificate?.DomainValidationOptions?.[0]?.ResourceRecord;
    const zone = await this.aws.route53.send(
      new CreateHostedZoneCommand({ Name: "example.com", CallerReference: "1" }),
    );
    const ResourceRecordSet = {
      Name: record?.Name,
      Type: "CNAME" as const,
      TTL: 60,
      ResourceRecords: [{ Value: record?.Value }],
    };
    await this.aws.route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.HostedZone?.Id,
        ChangeBatch: { Changes: [{ Action: "UPSERT", ResourceRecordSet }] },
      }),
    );
    const { LoadBalancers } = await this.aws.elb.send(new DescribeLoadBalancersCommand({}));
    const made = await this.aws.elb.send(
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

  async #traffic(): Promise<void> {
    this.groups = { node: await this.aws.targetGroup("node"), python: await this.aws.targetGroup("python") };
    this.rules = { listener: await this.#listener(), killSwitch: "" };
    const key = header("x-cutover-key", "probe-key");
    await this.#rule(10, [header("x-cutover-target", "python"), key], [[this.groups.python, 1]]);
    await this.#rule(20, [header("x-cutover-target", "node"), key], [[this.groups.node, 1]]);
    await this.#rule(25, [header("x-cutover-target", "inbox"), key], [[this.inbox.targetGroupArn, 1]]);
    this.rules.killSwitch = await this.#rule(
      30,
      [PATH, header("x-cutover-kill-switch", "never")],
      [[this.groups.node, 1]],
    );
    await this.#rule(
      50,
      [PATH, header("x-webhook-secret", WEBHOOK_SECRET)],
      [
        [this.groups.node, 50],
        [this.groups.python, 50],
      ],
    );
    for (const engine of ["node", "python"] as const) {
      const own = engine === "node" && this.#node;
      const container = own
        ? { image: `${NODE_IMAGE}@sha256:1111`, environment: own.environment }
        : { environment: { NAME: engine } };
      const definition = await this.aws.taskDefinition(engine, container);
      await this.aws.service(engine, definition, [this.groups[engine]], { desiredCount: 1 });
    }
    for (const engine of ["node", "python"] as const) await this.aws.steady(engine, 1);
  }

  async #people(): Promise<void> {
    const topic = async (Name: string) => (await this.sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? "";
    this.topics = { rollback: await topic("cutover-test-rollback"), people: await topic("cutover-test-people") };
    this.#queueUrl = (await this.sqs.send(new CreateQueueCommand({ QueueName: "on-call" }))).QueueUrl ?? "";
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#queueUrl, AttributeNames: ["QueueArn"] }),
    );
    await this.sns.send(
      new SubscribeCommand({ TopicArn: this.topics.people, Protocol: "sqs", Endpoint: Attributes?.QueueArn }),
    );
  }

  /** What the component is told here. */
  #args(probeKeySecretArn: string): RollbackArgs {
    return {
      stack: "test",
      aws: { region: "us-east-1" },
      domain: DOMAIN,
      listenerArn: this.rules.listener,
      killSwitch: { ruleArn: this.rules.killSwitch, nodeTargetGroupArn: this.groups.node },
      inbox: {
        targetGroupArn: this.inbox.targetGroupArn,
        queue: { url: this.inbox.queueUrl, arn: this.inbox.queueArn },
      },
      frontDoor: true,
      pythonTargetGroupArn: this.groups.python,
      healthPaths: { python: "/healthz", node: "/healthz" },
      probeKeySecretArn,
      ghl: {
        mode: "custom-value",
        token: this.ghl.token,
        locationId: this.ghl.locationId,
        webhookValue: "Cutover Webhook URL",
        baseUrl: this.ghl.url,
      },
      nodeUrl: NODE_URL,
      frontDoorUrl: FRONT_DOOR,
      onCall: [],
      pythonLogGroup: { name: "/cutover/test", arn: "arn:aws:logs:us-east-1:123456789012:log-group:/cutover/test" },
    };
  }

  /** The functions with the rights and the configuration that the components declare, secrets and topic as they are here. */
  async #deploy(): Promise<void> {
    const secret = async (Name: string, content: object) =>
      (await this.aws.secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(content) }))).ARN ?? "";
    const probeKeySecretArn = await secret("cutover/test/probe-key", { key: "probe-key" });
    const own = { ghlToken: this.ghl.token, nodeUrl: NODE_URL, frontDoorUrl: FRONT_DOOR };
    const rollbackSecretArn = await secret("cutover/test/rollback", own);
    const args = this.#args(probeKeySecretArn);
    const connectTo = `${DOMAIN}:443:127.0.0.1:${this.aws.aws.loadBalancer.boundPort(443)}`;
    const functionArn = await deployFunction(this.iam, this.lambda, {
      declared: await registrations(() => void new Rollback("rollback", args)),
      component: "rollback",
      bundle: "rollback",
      functionName: FUNCTION,
      real: (text) =>
        String(text)
          .replaceAll("arn:mock:Secret/rollback-secret", rollbackSecretArn)
          .replaceAll("arn:mock:Topic/rollback-people", this.topics.people)
          .replaceAll(
            "arn:mock:LogGroup/rollback-logs",
            `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${FUNCTION}`,
          ),
      env: { CUTOVER_CONNECT_TO: connectTo },
    });
    await this.#subscribe(functionArn);
    await deployReplayer(this.clients, this.inbox, {
      domain: DOMAIN,
      probeKey: "probe-key",
      webhookSecret: WEBHOOK_SECRET,
      peopleTopicArn: this.topics.people,
      connectTo,
    });
  }

  async #subscribe(functionArn: string): Promise<void> {
    await this.lambda.send(
      new AddPermissionCommand({
        FunctionName: FUNCTION,
        StatementId: "alarms",
        Action: "lambda:InvokeFunction",
        Principal: "sns.amazonaws.com",
        SourceArn: this.topics.rollback,
      }),
    );
    await this.sns.send(
      new SubscribeCommand({ TopicArn: this.topics.rollback, Protocol: "lambda", Endpoint: functionArn }),
    );
  }

  async invoke(payload: object): Promise<{ report?: RollbackReport; error?: string }> {
    const { Payload, FunctionError } = await this.lambda.send(
      new InvokeCommand({ FunctionName: FUNCTION, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    const answer = JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as RollbackReport & {
      errorMessage?: string;
    };
    return FunctionError ? { error: answer.errorMessage ?? FunctionError } : { report: answer };
  }
  /** One run of the replayer. */
  async replay(): Promise<ReplayReport> {
    const { Payload } = await this.lambda.send(new InvokeCommand({ FunctionName: REPLAY }));
    return JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as ReplayReport;
  }

  reconcile() {
    return this.invoke({ source: "reconcile" });
  }

  manual() {
    return this.invoke({ source: "manual", reason: "a test" });
  }

  async records() {
    return (await readRollbacks("test", this.ssm)).records;
  }

  /** Who answers customers' messages now, of 20. */
  async answeredBy(): Promise<Set<unknown>> {
    const replies = await Promise.all(Array.from({ length: 20 }, () => this.send({})));
    return new Set(replies.map(({ json }) => (json as { name?: unknown } | undefined)?.name));
  }

  /** A customer's message, as the workflow step sends it. */
  async send(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpReply> {
    await this.aws.aws.loadBalancer.settled();
    this.#http ??= new HttpClient({
      connectTo: `${DOMAIN}:443:127.0.0.1:${this.aws.aws.loadBalancer.boundPort(443)}`,
      ca: readFileSync(this.aws.aws.caFile, "utf8"),
    });
    const all = { "x-webhook-secret": WEBHOOK_SECRET, ...headers };
    return this.#http.send({ method: "POST", path: FRONT_DOOR, headers: all, body });
  }

  /** Notices that came since the last look. */
  async notices(): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
      );
      if (Messages.length === 0) return found;
      found.push(...Messages.map(({ Body = "{}" }) => (JSON.parse(Body) as { Subject: string }).Subject));
    }
  }

  async release(id: string): Promise<void> {
    const config = { endpoint: this.aws.aws.url, region: "us-east-1" };
    const released = await releaseKillSwitch(
      {
        stack: "test",
        aws: config,
        ruleArn: this.rules.killSwitch,
        nodeTargetGroupArn: this.groups.node,
        alarmNames: [HARD],
        release: id,
      },
      { elb: this.aws.elb, ssm: this.ssm, cloudwatch: this.aws.cloudwatch },
    );
    if (released !== "released") throw new Error(released);
    await this.notices();
  }
}
