import { parseProberConfig } from "@cutover/domain/prober";
import { describe, expect, it } from "vitest";
import { find, registrations } from "../tests/support/mocks";
import { Prober, type ProberArgs } from "./prober";

const backend = { probe: "webhook", path: "/webhooks/ghl", customerGroupArn: "arn:py", requiredTasks: 4 } as const;
const args: ProberArgs = {
  stack: "test",
  region: "eu-central-1",
  domain: "messages.example.com",
  python: backend,
  node: { ...backend, probe: "health", path: "/healthz", customerGroupArn: "arn:no" },
  probeKey: "planted-key",
  webhookSecret: "planted-secret",
  databaseUrl: "postgresql://planted@127.0.0.1/x",
};
const declare = (more: Partial<ProberArgs> = {}) =>
  registrations(() => void new Prober("prober", { ...args, ...more }));
const withoutNode = () => {
  const { node: _, databaseUrl: __, ...rest } = args;
  return registrations(() => void new Prober("prober", rest));
};

const configOf = (inputs: Readonly<Record<string, unknown>>) =>
  parseProberConfig((inputs.environment as { variables: { CUTOVER_FUNCTION: string } }).variables.CUTOVER_FUNCTION);

describe("the prober", () => {
  it("is declared under fixed names", async () => {
    expect((await declare()).map((r) => `${r.type} ${r.name}`).sort()).toEqual([
      "aws:cloudwatch/eventRule:EventRule prober-minute",
      "aws:cloudwatch/eventTarget:EventTarget prober-minute",
      "aws:cloudwatch/logGroup:LogGroup prober-logs",
      "aws:iam/role:Role prober-role",
      "aws:iam/rolePolicy:RolePolicy prober-role",
      "aws:lambda/function:Function prober-function",
      "aws:lambda/permission:Permission prober-minute",
      "aws:secretsmanager/secret:Secret prober-secret",
      "aws:secretsmanager/secretVersion:SecretVersion prober-secret",
    ]);
  });

  it("ends within its minute, runs outside any VPC and is not limited in number", async () => {
    const lambda = find(await declare(), ":Function", "prober-function");
    expect(lambda).toMatchObject({ name: "cutover-test-prober", runtime: "nodejs22.x", architectures: ["arm64"] });
    expect(lambda.timeout).toBeLessThan(60);
    expect(lambda.timeout).toBeGreaterThan(45 + 3);
    expect(lambda).not.toHaveProperty("vpcConfig");
    expect(lambda).not.toHaveProperty("reservedConcurrentExecutions");
    expect(find(await declare(), ":LogGroup", "prober-logs").name).toBe(`/aws/lambda/${lambda.name}`);
  });

  it("knows both backends, and only Python once Node is removed", async () => {
    const config = configOf(find(await declare(), ":Function", "prober-function"));
    expect(config.backends.map((b) => [b.engine, b.probe, b.path, b.customerGroupArn, b.requiredTasks])).toEqual([
      ["python", "webhook", "/webhooks/ghl", "arn:py", 4],
      ["node", "health", "/healthz", "arn:no", 4],
    ]);
    expect(config.database).toBe(true);
    const alone = configOf(find(await withoutNode(), ":Function", "prober-function"));
    expect(alone.backends.map((b) => b.engine)).toEqual(["python"]);
    expect(alone.database).toBe(false);
  });

  it("keeps secrets in Secrets Manager and nowhere else", async () => {
    const all = await declare();
    for (const resource of all) expect(resource.visible).not.toContain("planted");
    expect(JSON.parse(String(find(all, ":SecretVersion", "prober-secret").secretString))).toEqual({
      probeKey: "planted-key",
      webhookSecret: "planted-secret",
      databaseUrl: "postgresql://planted@127.0.0.1/x",
    });
  });

  it("may publish into its namespace, read its secret, see target health and write its log", async () => {
    const { Statement } = JSON.parse(String(find(await declare(), ":RolePolicy", "prober-role").policy)) as {
      Statement: { Action: string | string[]; Resource: string; Condition?: unknown }[];
    };
    const of = (action: string) => Statement.find((s) => [s.Action].flat().includes(action));
    expect(Statement.flatMap((s) => s.Action).sort()).toEqual([
      "cloudwatch:PutMetricData",
      "elasticloadbalancing:DescribeTargetHealth",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
    ]);
    expect(of("cloudwatch:PutMetricData")?.Condition).toEqual({
      StringEquals: { "cloudwatch:namespace": "Cutover/test" },
    });
    expect(of("secretsmanager:GetSecretValue")?.Resource).toBe("arn:mock:Secret/prober-secret");
    expect(of("logs:PutLogEvents")?.Resource).toBe("arn:mock:LogGroup/prober-logs:*");
  });

  it("is invoked each minute by its own rule only", async () => {
    const all = await declare();
    expect(find(all, ":EventRule", "prober-minute").scheduleExpression).toBe("rate(1 minute)");
    expect(find(all, ":Permission", "prober-minute")).toMatchObject({
      principal: "events.amazonaws.com",
      sourceArn: "arn:mock:EventRule/prober-minute",
    });
    expect(find(all, ":EventTarget", "prober-minute").arn).toBe("arn:mock:Function/prober-function");
  });
});
