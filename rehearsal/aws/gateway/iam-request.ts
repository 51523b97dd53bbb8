import { AWS_ACCOUNT_ID } from "../account";
import type { AwsCall } from "./call";
import { formOf, jsonOf } from "./handlers";
import type { Wish } from "./iam";

type Resource = (call: AwsCall) => string | Promise<string>;

/** What IAM calls the services whose signing name is another. */
const PREFIX: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

const any: Resource = () => "*";
const arn = (call: AwsCall, service: string, resource: string): string =>
  `arn:aws:${service}:${call.region}:${AWS_ACCOUNT_ID}:${resource}`;
const text = (call: AwsCall, member: string): string => String(jsonOf(call)[member] ?? "");
const form =
  (member: string): Resource =>
  (call) =>
    formOf(call).get(member) ?? "";

const parameter: Resource = (call) => {
  const request = jsonOf(call);
  // A version or label behind the name is no part of the resource.
  const asked = String(request.Name ?? request.Path ?? "");
  const name = asked.startsWith("arn:") ? asked : asked.replace(/:[^:/]+$/, "");
  return name.startsWith("arn:") ? name : arn(call, "ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`);
};
const queue: Resource = (call) => arn(call, "sqs", text(call, "QueueUrl").split("/").at(-1) ?? "");
const alarm: Resource = (call) => arn(call, "cloudwatch", `alarm:${text(call, "AlarmName")}`);
const logStream: Resource = (call) => {
  const { logGroupName = "", logStreamName = "" } = jsonOf(call);
  return arn(call, "logs", `log-group:${logGroupName}:log-stream:${logStreamName}`);
};
const invoked: Resource = (call) => {
  const name = decodeURIComponent(/\/functions\/([^/]+)\/invocations/.exec(call.action)?.[1] ?? "");
  return name.startsWith("arn:") ? name : arn(call, "lambda", `function:${name}`);
};

/** By signing name and operation: the resource that IAM looks at (vendor page "Service Authorization Reference"). */
const RESOURCES: Readonly<Record<string, Resource>> = {
  "elasticloadbalancing:ModifyRule": form("RuleArn"),
  "elasticloadbalancing:DescribeRules": any,
  "elasticloadbalancing:DescribeTargetHealth": any,
  "elasticloadbalancing:DescribeTargetGroups": any,
  "elasticloadbalancing:DescribeListeners": any,
  "elasticloadbalancing:DescribeLoadBalancers": any,
  "elasticloadbalancing:DescribeTags": any,
  "ssm:GetParameter": parameter,
  "ssm:PutParameter": parameter,
  "ssm:DeleteParameter": parameter,
  "ssm:GetParametersByPath": parameter,
  "ssm:GetParameterHistory": parameter,
  "ssm:DescribeParameters": any,
  "sns:Publish": form("TopicArn"),
  "sqs:SendMessage": queue,
  "sqs:ReceiveMessage": queue,
  "sqs:DeleteMessage": queue,
  "sqs:ChangeMessageVisibility": queue,
  "sqs:GetQueueAttributes": queue,
  "sqs:GetQueueUrl": (call) => arn(call, "sqs", text(call, "QueueName")),
  "monitoring:PutMetricData": any,
  "monitoring:GetMetricData": any,
  "monitoring:GetMetricStatistics": any,
  "monitoring:ListMetrics": any,
  "monitoring:DescribeAlarms": (call) => arn(call, "cloudwatch", "alarm:*"),
  "monitoring:SetAlarmState": alarm,
  "monitoring:DescribeAlarmHistory": alarm,
  "logs:PutLogEvents": logStream,
  "logs:CreateLogStream": logStream,
  "logs:FilterLogEvents": logStream,
  "logs:GetLogEvents": logStream,
};

/** Where the resource's ARN has to be looked up by its name. */
export type SecretArn = (secretId: string) => Promise<string>;

/** The call in IAM's words; undefined for one that needs no permission. A sentence for one that is not rehearsed. */
export async function wishOf(call: AwsCall, secretArn: SecretArn): Promise<Wish | string | undefined> {
  if (call.service === "sts" && call.action === "GetCallerIdentity") return undefined;
  const keys = { "aws:RequestedRegion": call.region };
  if (call.service === "secretsmanager") {
    const action = `secretsmanager:${call.action}`;
    return { action, resource: await secretArn(text(call, "SecretId")), keys: { ...keys, ...stage(call) } };
  }
  if (call.service === "lambda" && /^POST .*\/invocations$/.test(call.action)) {
    return { action: "lambda:InvokeFunction", resource: await invoked(call), keys };
  }
  const resource = RESOURCES[`${call.service}:${call.action}`];
  if (!resource) {
    return `the rehearsal does not know which permission ${call.service} ${call.action} needs: add it to rehearsal/aws/gateway/iam-request.ts`;
  }
  const more = call.action === "PutMetricData" ? { "cloudwatch:namespace": text(call, "Namespace") } : {};
  const action = `${PREFIX[call.service] ?? call.service}:${call.action}`;
  return { action, resource: await resource(call), keys: { ...keys, ...more } };
}

function stage(call: AwsCall): Record<string, string> {
  return { "secretsmanager:VersionStage": text(call, "VersionStage") || "AWSCURRENT" };
}
