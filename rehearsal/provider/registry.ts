import { AWS_INVOKES } from "./invokes/aws";
import type { Invoke, Registry, ResourceType } from "./resource-type";
import { FIXED, str } from "./schema";
import { ACM } from "./types/acm";
import { APP_AUTOSCALING } from "./types/appautoscaling";
import { CLOUDWATCH } from "./types/cloudwatch";
import { COMMAND } from "./types/command";
import { EC2 } from "./types/ec2";
import { EC2_ROUTES } from "./types/ec2-routes";
import { EC2_SECURITY } from "./types/ec2-security";
import { ECS } from "./types/ecs";
import { ECS_SERVICE } from "./types/ecs-service";
import { ELB } from "./types/elb";
import { ELB_LISTENERS } from "./types/elb-listeners";
import { EVENTS } from "./types/events";
import { IAM } from "./types/iam";
import { LAMBDA } from "./types/lambda";
import { LOG_METRIC_FILTER } from "./types/log-metric-filter";
import { LOGS } from "./types/logs";
import { RANDOM } from "./types/random";
import { ROUTE53 } from "./types/route53";
import { S3 } from "./types/s3";
import { SCHEDULER } from "./types/scheduler";
import { SECRETS } from "./types/secrets";
import { SNS } from "./types/sns";
import { SQS } from "./types/sqs";
import { SSM } from "./types/ssm";

/** The packages served. */
export const PACKAGES = ["aws", "random", "command"] as const;

/** The one table of served types: where each comes from, and its handlers by type token. */
const FILES: { readonly [file: string]: Registry } = {
  acm: ACM,
  appautoscaling: APP_AUTOSCALING,
  command: COMMAND,
  ec2: EC2,
  "ec2-routes": EC2_ROUTES,
  "ec2-security": EC2_SECURITY,
  ecs: ECS,
  "ecs-service": ECS_SERVICE,
  elb: ELB,
  "elb-listeners": ELB_LISTENERS,
  iam: IAM,
  logs: LOGS,
  random: RANDOM,
  route53: ROUTE53,
  secrets: SECRETS,
  ssm: SSM,
  sqs: SQS,
  sns: SNS,
  scheduler: SCHEDULER,
  s3: S3,
  "log-metric-filter": LOG_METRIC_FILTER,
  lambda: LAMBDA,
  events: EVENTS,
  cloudwatch: CLOUDWATCH,
};

const TABLE = new Map<string, { token: string; type: ResourceType; where: string }>();
for (const [file, types] of Object.entries(FILES)) {
  for (const [token, type] of Object.entries(types)) {
    TABLE.set(token, { token, type: withRegion(token, type), where: `${token} (rehearsal/provider/types/${file}.ts)` });
  }
}

/** Since 7.0 each regional resource of the aws package has a `region`. */
function withRegion(token: string, type: ResourceType): ResourceType {
  if (!token.startsWith("aws:") || /^aws:(iam|route53)\//.test(token)) return type;
  return { ...type, inputs: { ...type.inputs, region: str(FIXED) } };
}

/** The handler of a type; an error that names the type when it is not served. */
export function findType(token: string): { token: string; type: ResourceType; where: string } {
  const found = TABLE.get(token);
  if (found) return found;
  throw new Error(`rehearsal provider: ${token} is not served; add it in rehearsal/provider/types/`);
}

/** The handler of a function; an error that names it when it is not served. */
export function findInvoke(token: string): Invoke {
  const found = AWS_INVOKES[token];
  if (found) return found;
  throw new Error(`rehearsal provider: function ${token} is not served; add it in rehearsal/provider/invokes/`);
}

/** All type tokens served. */
export function servedTokens(): string[] {
  return [...TABLE.keys()].sort();
}
