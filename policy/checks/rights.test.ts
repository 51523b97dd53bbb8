import { describe, expect, it } from "vitest";
import { UNKNOWN } from "./model";
import { leastPrivilege } from "./rights";
import { resource } from "./testkit";
import { TYPES } from "./types";

const ARN = "arn:aws:sns:eu-central-1:123456789012:topic";
const policy = (...Statement: object[]) =>
  leastPrivilege(resource(TYPES.rolePolicy, { policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));

describe("a role's policy", () => {
  it.each([
    [{ Effect: "Allow", Action: "sns:Publish", Resource: ARN }],
    [{ Effect: "Allow", Action: ["elasticloadbalancing:DescribeRules", "cloudwatch:DescribeAlarms"], Resource: "*" }],
    [{ Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" }],
    [{ Effect: "Allow", Action: ["ecs:Describe*", "ec2:DescribeVpc?", "cloudwatch:List*"], Resource: "*" }],
    [
      {
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*",
        Condition: { StringEquals: { "cloudwatch:namespace": "Cutover/prod" } },
      },
    ],
    [{ Effect: "Deny", Action: "*", Resource: "*" }],
  ])("%j passes", (statement) => {
    expect(policy(statement)).toEqual([]);
  });

  it.each([
    [{ Effect: "Allow", Action: "*", Resource: ARN }, /allows \*; name the actions/],
    [{ Effect: "Allow", Action: ["sns:*"], Resource: ARN }, /allows sns:\*/],
    [{ Action: "s3:*", Resource: "*" }, /allows s3:\*/],
    [{ Effect: "Allow", Action: "iam:Create*", Resource: "*" }, /allows iam:Create\*; name the actions/],
    [{ Effect: "Allow", Action: "lambda:Invoke*", Resource: "*" }, /allows lambda:Invoke\*/],
    [{ Effect: "Allow", Action: "iam:Pass*", Resource: ARN }, /allows iam:Pass\*/],
    [{ Effect: "Allow", Action: "iam:*Role", Resource: ARN }, /allows iam:\*Role/],
    [{ Effect: "Allow", Action: "iam:PassRol?", Resource: "*" }, /allows iam:PassRol\?/],
    [{ Effect: "Allow", Action: "*:*", Resource: "*" }, /allows \*:\*/],
    [{ Effect: "Allow", Action: "*:Describe*", Resource: "*" }, /allows \*:Describe\*/],
    [{ Effect: "Allow", Action: "ec2:D*", Resource: "*" }, /allows ec2:D\*/],
    [{ Effect: "Allow", Action: "cloudwatch:*Data", Resource: "*" }, /allows cloudwatch:\*Data/],
    [{ Effect: "Allow", Action: "sns:Publish", Resource: "*" }, /sns:Publish on every resource; name the ARN/],
    [{ Effect: "Allow", Action: "elasticloadbalancing:ModifyRule", Resource: [ARN, "*"] }, /ModifyRule on every/],
    [{ Effect: "Allow", Action: "cloudwatch:PutMetricData", Resource: "*" }, /PutMetricData/],
    [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }, /NotAction/],
  ])("%j fails", (statement, expected) => {
    expect(policy(statement)).toEqual([expect.stringMatching(expected)]);
  });

  it("is left alone while it is not known, not there, or no JSON", () => {
    for (const text of [UNKNOWN, undefined, "", "no json"]) {
      expect(leastPrivilege(resource(TYPES.rolePolicy, { policy: text }))).toEqual([]);
    }
    expect(policy()).toEqual([]);
  });
});

it("refuses AWS's widest policies", () => {
  const attach = (policyArn: unknown) => leastPrivilege(resource(TYPES.rolePolicyAttachment, { policyArn }));
  expect(attach("arn:aws:iam::aws:policy/AdministratorAccess")).toEqual([
    expect.stringContaining("AdministratorAccess"),
  ]);
  expect(attach("arn:aws:iam::aws:policy/AmazonECS_FullAccess")).toHaveLength(1);
  expect(attach("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")).toEqual([]);
  expect(attach(UNKNOWN)).toEqual([]);
  const role = { managedPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"], assumeRolePolicy: UNKNOWN };
  expect(leastPrivilege(resource(TYPES.role, role))).toHaveLength(1);
});

describe("who may come in", () => {
  const topic = (statement: object) =>
    leastPrivilege(
      resource(TYPES.topicPolicy, { policy: JSON.stringify({ Statement: [{ Effect: "Allow", ...statement }] }) }),
    );
  const trust = (Principal: unknown) =>
    leastPrivilege(
      resource(TYPES.role, { assumeRolePolicy: JSON.stringify({ Statement: [{ Effect: "Allow", Principal }] }) }),
    );

  it("is a service or account by name, or a source", () => {
    expect(topic({ Principal: { Service: "cloudwatch.amazonaws.com" } })).toEqual([]);
    expect(topic({ Principal: "*", Condition: { ArnLike: { "aws:SourceArn": ARN } } })).toEqual([]);
    expect(trust({ Service: "lambda.amazonaws.com" })).toEqual([]);
  });

  it("is not everybody", () => {
    expect(topic({ Principal: "*" })).toEqual([expect.stringContaining("every account sns:Publish")]);
    expect(topic({ Principal: { AWS: ["*"] } })).toHaveLength(1);
    expect(trust("*")).toHaveLength(1);
  });

  it("is a service on behalf of a resource of ours", () => {
    const permission = (props: Record<string, unknown>) => leastPrivilege(resource(TYPES.functionPermission, props));
    expect(permission({ principal: "sns.amazonaws.com", sourceArn: ARN })).toEqual([]);
    expect(permission({ principal: "sns.amazonaws.com", sourceArn: UNKNOWN })).toEqual([]);
    expect(permission({ principal: "123456789012" })).toEqual([]);
    expect(permission({ principal: "sns.amazonaws.com" })).toEqual([expect.stringContaining("set sourceArn")]);
    expect(permission({ principal: "*" })).toHaveLength(1);
    expect(permission({})).toEqual([]);
  });
});
