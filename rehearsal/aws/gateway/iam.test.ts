import { describe, expect, it } from "vitest";
import type { AwsCall } from "./call";
import { evaluate, type PolicyDocument, type Wish } from "./iam";
import { wishOf } from "./iam-request";

const RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/front/1/2/3";
const wish: Wish = { action: "elasticloadbalancing:ModifyRule", resource: RULE, keys: {} };
const policy = (...Statement: object[]): PolicyDocument => ({ Statement }) as PolicyDocument;
const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});

describe("a role's policies", () => {
  const cases: [what: string, policies: PolicyDocument[], decision: string][] = [
    ["none", [], "not allowed"],
    ["this action on this rule", [policy(allow("elasticloadbalancing:ModifyRule", RULE))], "allowed"],
    ["one statement that is no list", [{ Statement: allow("*", "*") } as PolicyDocument], "allowed"],
    [
      "wildcards, whatever the case of the action",
      [policy(allow("ElasticLoadBalancing:modify*", `${RULE.slice(0, -1)}?`))],
      "allowed",
    ],
    ["another rule", [policy(allow("elasticloadbalancing:ModifyRule", `${RULE}4`))], "not allowed"],
    ["another action", [policy(allow("elasticloadbalancing:DeleteRule", RULE))], "not allowed"],
    ["a dot is no wildcard", [policy(allow("elasticloadbalancing.ModifyRule", RULE))], "not allowed"],
    [
      "a deny in another policy",
      [policy(allow("*", "*")), policy({ Effect: "Deny", Action: "elasticloadbalancing:*", Resource: "*" })],
      "denied",
    ],
    [
      "a deny of something else",
      [policy(allow("*", "*"), { Effect: "Deny", Action: "s3:*", Resource: "*" })],
      "allowed",
    ],
  ];
  it.each(cases)("%s", (_what, policies, decision) => {
    expect(evaluate(policies, wish)).toBe(decision);
  });

  it("with a condition on a known key", () => {
    const metrics = (namespace: string): Wish => ({
      action: "cloudwatch:PutMetricData",
      resource: "*",
      keys: { "cloudwatch:namespace": namespace },
    });
    const only = policy(
      allow("cloudwatch:PutMetricData", "*", { Condition: { StringEquals: { "cloudwatch:namespace": ["A", "B"] } } }),
    );
    expect([evaluate([only], metrics("B")), evaluate([only], metrics("C"))]).toEqual(["allowed", "not allowed"]);
  });

  it.each([
    [{ Condition: { ArnLike: { "aws:SourceArn": "*" } } }, "ArnLike"],
    [{ Condition: { StringEquals: { "aws:PrincipalTag/team": "a" } } }, "aws:PrincipalTag/team"],
    [{ NotAction: "s3:*" }, "NotAction"],
    [{ NotResource: "*" }, "NotResource"],
  ])("with %j are refused by name", (more, what) => {
    expect(() => evaluate([policy(allow("*", "*", more))], wish)).toThrow(what);
  });
});

const call = (service: string, action: string, body: string, protocol: AwsCall["protocol"] = "json"): AwsCall => ({
  service,
  action,
  region: "us-east-1",
  accessKeyId: "FUNCTION.f",
  protocol,
  body: Buffer.from(body),
});
const secretArn = async (id: string) => `arn:secret:${id}`;
const HERE = "us-east-1:123456789012";

describe("a call in IAM's words", () => {
  const cases: [call: AwsCall, action: string, resource: string][] = [
    [
      call("elasticloadbalancing", "ModifyRule", `RuleArn=${encodeURIComponent(RULE)}`, "query"),
      "elasticloadbalancing:ModifyRule",
      RULE,
    ],
    [call("ssm", "PutParameter", '{"Name":"/a/b"}'), "ssm:PutParameter", `arn:aws:ssm:${HERE}:parameter/a/b`],
    [call("ssm", "GetParametersByPath", '{"Path":"/a"}'), "ssm:GetParametersByPath", `arn:aws:ssm:${HERE}:parameter/a`],
    [call("secretsmanager", "GetSecretValue", '{"SecretId":"x"}'), "secretsmanager:GetSecretValue", "arn:secret:x"],
    [call("sns", "Publish", "TopicArn=arn%3At", "query"), "sns:Publish", "arn:t"],
    [call("sqs", "SendMessage", '{"QueueUrl":"http://h/1/q"}'), "sqs:SendMessage", `arn:aws:sqs:${HERE}:q`],
    [call("monitoring", "PutMetricData", '{"Namespace":"N"}'), "cloudwatch:PutMetricData", "*"],
    [
      call("monitoring", "SetAlarmState", '{"AlarmName":"a"}'),
      "cloudwatch:SetAlarmState",
      `arn:aws:cloudwatch:${HERE}:alarm:a`,
    ],
    [
      call("logs", "FilterLogEvents", '{"logGroupName":"/g"}'),
      "logs:FilterLogEvents",
      `arn:aws:logs:${HERE}:log-group:/g:log-stream:`,
    ],
    [
      call("lambda", "POST /2015-03-31/functions/f/invocations", "", "rest-json"),
      "lambda:InvokeFunction",
      `arn:aws:lambda:${HERE}:function:f`,
    ],
  ];
  it.each(cases)("%#", async (one, action, resource) => {
    expect(await wishOf(one, secretArn)).toMatchObject({ action, resource });
  });

  it("is refused by name when it is not known, and free where AWS asks for nothing", async () => {
    expect(await wishOf(call("dynamodb", "PutItem", "{}"), secretArn)).toContain("dynamodb PutItem");
    expect(await wishOf(call("elasticloadbalancing", "DeleteRule", "", "query"), secretArn)).toContain("DeleteRule");
    expect(await wishOf(call("sts", "GetCallerIdentity", "", "query"), secretArn)).toBeUndefined();
  });
});
