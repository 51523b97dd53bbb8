import { describe, expect, it } from "vitest";
import { find, type Registered, registrations } from "../tests/support/mocks";
import { Rollback, type RollbackArgs } from "./rollback";

const TOKEN = "pl4nted-token";
const NODE_URL = "https://node.example.com/webhook?key=pl4nted-query";
const LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/cutover-test/1/2";
const RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/cutover-test/1/2/3";

const args: RollbackArgs = {
  stack: "test",
  aws: { region: "us-east-1" },
  domain: "messages.example.com",
  listenerArn: LISTENER,
  killSwitch: { ruleArn: RULE, nodeTargetGroupArn: "arn:node" },
  inbox: { targetGroupArn: "arn:inbox", queue: { url: "https://sqs/inbox.fifo", arn: "arn:inbox-queue" } },
  frontDoor: true,
  nodeAlarms: ["cutover-test-node-probes"],
  pythonTargetGroupArn: "arn:python",
  healthPaths: { python: "/healthz", node: "/health" },
  suspicionAlarms: ["cutover-test-elb-5xx"],
  probeKeySecretArn: "arn:probe-key",
  ghl: { mode: "custom-value", token: TOKEN, locationId: "location-1", webhookValue: "Cutover Webhook URL" },
  nodeUrl: NODE_URL,
  frontDoorUrl: "https://messages.example.com/webhooks/ghl",
  onCall: ["oncall@example.com", "lead@example.com"],
  pythonLogGroup: { name: "/cutover/test/python", arn: "arn:python-logs" },
};

async function declare(change: Partial<RollbackArgs> = {}): Promise<{ all: Registered[]; made: Rollback }> {
  let made: Rollback | undefined;
  const all = await registrations(() => {
    made = new Rollback("rollback", { ...args, ...change });
  });
  if (!made) throw new Error("not declared");
  return { all, made };
}

const json = (text: unknown): Record<string, unknown> => JSON.parse(String(text)) as Record<string, unknown>;
const policy = (all: Registered[]) => json(find(all, ":RolePolicy", "rollback-role").policy);
const environment = (all: Registered[]) => {
  const { variables } = find(all, ":Function", "rollback-function").environment as {
    variables: Record<string, string>;
  };
  return json(variables.CUTOVER_FUNCTION);
};

describe("people", () => {
  const subscriptions = async (change: Partial<RollbackArgs>) => {
    const { all } = await declare(change);
    const emails = all.filter(({ type, inputs }) => type.endsWith(":TopicSubscription") && inputs.protocol === "email");
    return emails.map(({ inputs }) => [inputs.endpoint, inputs.filterPolicy]);
  };

  it("on call get everything, stakeholders what is for everyone, and nobody gets it twice", async () => {
    const stakeholders = ["support@example.com", "lead@example.com", "support@example.com"];
    expect(await subscriptions({ stakeholders })).toEqual([
      ["oncall@example.com", undefined],
      ["lead@example.com", undefined],
      ["support@example.com", '{"audience":["everyone"]}'],
    ]);
  });

  it("on call are alone where no group is set", async () => {
    expect(await subscriptions({ onCall: ["oncall@example.com"] })).toEqual([["oncall@example.com", undefined]]);
  });
});

describe("the rollback component", () => {
  it("lets the function do exactly this", async () => {
    const { all } = await declare();
    expect(policy(all).Statement).toEqual([
      { Effect: "Allow", Action: "elasticloadbalancing:ModifyRule", Resource: RULE },
      { Effect: "Allow", Action: "sqs:GetQueueAttributes", Resource: "arn:inbox-queue" },
      {
        Effect: "Allow",
        Action: ["elasticloadbalancing:DescribeRules", "cloudwatch:DescribeAlarms"],
        Resource: "*",
      },
      {
        Effect: "Allow",
        Action: "ssm:GetParameter",
        Resource: [
          "arn:aws:ssm:us-east-1:123456789012:parameter/cutover/test/applied",
          "arn:aws:ssm:us-east-1:123456789012:parameter/cutover/test/rollback/*",
        ],
      },
      {
        Effect: "Allow",
        Action: "ssm:GetParametersByPath",
        Resource: "arn:aws:ssm:us-east-1:123456789012:parameter/cutover/test/rollback",
      },
      {
        Effect: "Allow",
        Action: "ssm:PutParameter",
        Resource: "arn:aws:ssm:us-east-1:123456789012:parameter/cutover/test/rollback/*",
      },
      {
        Effect: "Allow",
        Action: "secretsmanager:GetSecretValue",
        Resource: ["arn:probe-key", "arn:mock:Secret/rollback-secret"],
      },
      { Effect: "Allow", Action: "sns:Publish", Resource: "arn:mock:Topic/rollback-people" },
      { Effect: "Allow", Action: "logs:FilterLogEvents", Resource: "arn:python-logs:*" },
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: "arn:mock:LogGroup/rollback-logs:*",
      },
    ]);
  });

  it("gives the function a switch without Node once Node is removed", async () => {
    const killSwitch = { ruleArn: RULE };
    const { all } = await declare({ killSwitch, nodeUrl: undefined, healthPaths: { python: "/healthz" } });
    expect(environment(all)).toMatchObject({ killSwitch: { ruleArn: RULE }, inboxTargetGroupArn: "arn:inbox" });
    expect(JSON.stringify(environment(all))).not.toContain("arn:node");
  });

  it.each(["people", "rollback"])(
    "lets alarms of this stack, and nobody else, publish to the topic %s",
    async (what) => {
      const { all } = await declare();
      expect(json(find(all, ":TopicPolicy", `rollback-${what}`).policy).Statement).toEqual([
        {
          Sid: "AlarmsOfThisStack",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: `arn:mock:Topic/rollback-${what}`,
          Condition: {
            ArnLike: { "aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cutover-test-*" },
            StringEquals: { "aws:SourceAccount": "123456789012" },
          },
        },
      ]);
      // Encrypted with AWS's own key, alarms could not publish.
      expect(find(all, ":Topic", `rollback-${what}`)).toEqual({ name: `cutover-test-${what}` });
    },
  );

  it("runs the function on the topic's alarms and once a minute", async () => {
    const { all } = await declare();
    expect(find(all, ":TopicSubscription", "rollback-alarms")).toMatchObject({
      topic: "arn:mock:Topic/rollback-rollback",
      protocol: "lambda",
    });
    expect(find(all, ":Permission", "rollback-alarms")).toMatchObject({
      principal: "sns.amazonaws.com",
      sourceArn: "arn:mock:Topic/rollback-rollback",
    });
    expect(find(all, ":EventRule", "rollback-minute")).toMatchObject({ scheduleExpression: "rate(1 minute)" });
    expect(find(all, ":EventTarget", "rollback-minute")).toMatchObject({ input: '{"source":"reconcile"}' });
    expect(find(all, ":Permission", "rollback-every-minute")).toMatchObject({
      principal: "events.amazonaws.com",
      sourceArn: "arn:mock:EventRule/rollback-minute",
    });
  });

  it("declares the function with time for every deadline, and people as the last resort", async () => {
    const { all, made } = await declare();
    expect(find(all, ":Function", "rollback-function")).toMatchObject({
      name: "cutover-test-rollback",
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      timeout: 60,
      memorySize: 512,
      deadLetterConfig: { targetArn: "arn:mock:Topic/rollback-people" },
    });
    expect(made.functionName).toBe("cutover-test-rollback");
    expect(find(all, ":LogGroup", "rollback-logs")).toMatchObject({ name: "/aws/lambda/cutover-test-rollback" });
  });

  it("tells the function where everything is, and keeps every secret out of it", async () => {
    const { all } = await declare();
    expect(environment(all)).toEqual({
      function: "rollback",
      stack: "test",
      region: "us-east-1",
      domain: "messages.example.com",
      listenerArn: LISTENER,
      killSwitch: { ruleArn: RULE, nodeTargetGroupArn: "arn:node" },
      inboxTargetGroupArn: "arn:inbox",
      inboxQueueUrl: "https://sqs/inbox.fifo",
      frontDoor: true,
      pythonTargetGroupArn: "arn:python",
      healthPaths: { python: "/healthz", node: "/health" },
      alarms: { hard: "cutover-test-rollback-hard", soft: "cutover-test-rollback-soft" },
      suspicionAlarms: ["cutover-test-elb-5xx"],
      nodeAlarms: ["cutover-test-node-probes"],
      outageAlarms: [],
      peopleTopicArn: "arn:mock:Topic/rollback-people",
      probeKeySecretArn: "arn:probe-key",
      rollbackSecretArn: "arn:mock:Secret/rollback-secret",
      ghl: { locationId: "location-1", match: { name: "Cutover Webhook URL" } },
      pythonLogGroup: "/cutover/test/python",
    });
    for (const { name, visible } of all) {
      expect(`${name} ${visible}`).not.toMatch(/pl4nted/);
    }
  });

  it("keeps token and URLs in one secret", async () => {
    const { all } = await declare();
    expect(find(all, ":Secret", "rollback-secret")).toMatchObject({ name: "cutover/test/rollback" });
    expect(json(find(all, ":SecretVersion", "rollback-secret").secretString)).toEqual({
      ghlToken: TOKEN,
      nodeUrl: NODE_URL,
      frontDoorUrl: "https://messages.example.com/webhooks/ghl",
    });
  });

  it("tells the function the custom value's id where the configuration names it so", async () => {
    const { all } = await declare({ ghl: { ...args.ghl, webhookValue: "id:abc123" } });
    expect(environment(all)).toMatchObject({ ghl: { match: { id: "abc123" } } });
  });

  it("gives the function no token where a person edits the step", async () => {
    const { all } = await declare({ ghl: { ...args.ghl, mode: "manual" } });
    expect(json(find(all, ":SecretVersion", "rollback-secret").secretString)).not.toHaveProperty("ghlToken");
    expect(environment(all)).not.toHaveProperty("ghl");
  });

  it("writes to everybody on call", async () => {
    const { all } = await declare();
    const emails = all.filter(({ inputs }) => inputs.protocol === "email").map(({ inputs }) => inputs.endpoint);
    expect(emails).toEqual(args.onCall);
  });

  it("names what has to stand before the weight rises", async () => {
    const { all, made } = await declare();
    expect(made.armed).toHaveLength(8);
    expect(all.filter(({ type }) => type.endsWith(":RollbackRecords"))).toHaveLength(1);
  });
});
