import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Live, type Props } from "../json";
import type { Context, ResourceType } from "../resource-type";
import { bool, COMPUTED, FIXED, type Field, KEY, num, obj, REPLACE, REQUIRED, str, tags } from "../schema";
import { must } from "./ec2-common";
import { asOneOf, elbTags, liveElbTags, PROTOCOLS, retagElb, TARGET_TYPES } from "./elb-common";

/** Inputs that are attributes of the target group (API reference, TargetGroupAttribute). */
const ATTRIBUTES: { readonly [property: string]: { readonly key: string; readonly field: Field } } = {
  deregistrationDelay: { key: "deregistration_delay.timeout_seconds", field: num({ default: 300 }) },
  slowStart: { key: "slow_start.duration_seconds", field: num({ default: 0 }) },
  loadBalancingAlgorithmType: { key: "load_balancing.algorithm.type", field: str(COMPUTED) },
  loadBalancingAnomalyMitigation: { key: "load_balancing.algorithm.anomaly_mitigation", field: str(COMPUTED) },
  loadBalancingCrossZoneEnabled: { key: "load_balancing.cross_zone.enabled", field: str(COMPUTED) },
  lambdaMultiValueHeadersEnabled: { key: "lambda.multi_value_headers.enabled", field: bool(COMPUTED) },
};

const HEALTH_CHECK = obj(
  {
    enabled: bool({ default: true }),
    healthyThreshold: num({ default: 3 }),
    unhealthyThreshold: num({ default: 3 }),
    interval: num({ default: 30 }),
    timeout: num(COMPUTED),
    matcher: str(COMPUTED),
    path: str(COMPUTED),
    port: str({ default: "traffic-port" }),
    protocol: str({ default: "HTTP" }),
  },
  COMPUTED,
);

const STICKINESS = obj(
  {
    enabled: bool({ default: true }),
    type: str(REQUIRED),
    cookieDuration: num({ default: 86400 }),
    cookieName: str(COMPUTED),
  },
  COMPUTED,
);

/** The health check in the words of CreateTargetGroup and ModifyTargetGroup. */
function healthCheckOf(check: Bag | undefined) {
  if (!check) return {};
  const matcher = check.str("matcher");
  return {
    HealthCheckEnabled: check.bool("enabled"),
    HealthyThresholdCount: check.num("healthyThreshold"),
    UnhealthyThresholdCount: check.num("unhealthyThreshold"),
    HealthCheckIntervalSeconds: check.num("interval"),
    HealthCheckTimeoutSeconds: check.num("timeout"),
    HealthCheckPath: check.str("path"),
    HealthCheckPort: check.str("port"),
    HealthCheckProtocol: asOneOf(PROTOCOLS, check.str("protocol")),
    ...(matcher ? { Matcher: { HttpCode: matcher } } : {}),
  };
}

function attributesOf(a: Bag): { Key: string; Value: string }[] {
  const lambda = a.str("targetType") === "lambda";
  const plain = Object.entries(ATTRIBUTES).flatMap(([property, { key }]) => {
    const value = a.str(property);
    return value === undefined || lambda !== key.startsWith("lambda.") ? [] : [{ Key: key, Value: value }];
  });
  const sticky = lambda ? undefined : a.bag("stickiness");
  if (!sticky) return plain;
  const type = sticky.need("type");
  const [seconds, cookie] = [sticky.str("cookieDuration"), sticky.str("cookieName")];
  return [
    ...plain,
    { Key: "stickiness.enabled", Value: String(sticky.bool("enabled") ?? true) },
    { Key: "stickiness.type", Value: type },
    ...(seconds && type !== "source_ip" ? [{ Key: `stickiness.${type}.duration_seconds`, Value: seconds }] : []),
    ...(cookie && type === "app_cookie" ? [{ Key: "stickiness.app_cookie.cookie_name", Value: cookie }] : []),
  ];
}

function liveAttributes(attributes: Map<string, string>): Live {
  const live: Live = {};
  for (const [property, { key, field }] of Object.entries(ATTRIBUTES)) {
    const value = attributes.get(key) ?? (field.default === undefined ? undefined : String(field.default));
    if (value === undefined) continue;
    live[property] = field.kind === "number" ? Number(value) : field.kind === "boolean" ? value === "true" : value;
  }
  const type = attributes.get("stickiness.type");
  if (type) {
    const seconds = attributes.get(`stickiness.${type}.duration_seconds`);
    live.stickiness = defined({
      enabled: attributes.get("stickiness.enabled") === "true",
      type,
      cookieDuration: seconds ? Number(seconds) : undefined,
      cookieName: attributes.get("stickiness.app_cookie.cookie_name") || undefined,
    });
  }
  return live;
}

async function putAttributes(ctx: Context, arn: string, a: Bag): Promise<void> {
  const Attributes = attributesOf(a);
  if (Attributes.length > 0) await ctx.aws.elb.modifyTargetGroupAttributes({ TargetGroupArn: arn, Attributes });
}

async function findGroup(ctx: Context, arn: string) {
  return (await found(ctx.aws.elb.describeTargetGroups({ TargetGroupArns: [arn] })))?.TargetGroups?.[0];
}

export const TargetGroup: ResourceType = {
  inputs: {
    name: str({ autoname: 32, replace: true }),
    port: num(REPLACE),
    protocol: str(REPLACE),
    protocolVersion: str(FIXED),
    targetType: str({ default: "instance", replace: true }),
    vpcId: str(REPLACE),
    ipAddressType: str(FIXED),
    healthCheck: HEALTH_CHECK,
    stickiness: STICKINESS,
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([property, { field }]) => [property, field])),
    tags: tags(),
  },
  outputs: ["arn", "arnSuffix"],
  validate(a) {
    const slow = a.num("slowStart") ?? 0;
    return slow > 0 && a.str("loadBalancingAlgorithmType") === "least_outstanding_requests"
      ? ["slowStart can't be combined with least_outstanding_requests"]
      : [];
  },
  async create(ctx, a) {
    const lambda = a.str("targetType") === "lambda";
    const made = await ctx.aws.elb.createTargetGroup({
      Name: a.need("name"),
      TargetType: asOneOf(TARGET_TYPES, a.str("targetType")),
      ...(lambda
        ? {}
        : {
            Port: a.num("port"),
            Protocol: asOneOf(PROTOCOLS, a.str("protocol")),
            ProtocolVersion: a.str("protocolVersion"),
            VpcId: a.str("vpcId"),
            IpAddressType: asOneOf(["ipv4", "ipv6"], a.str("ipAddressType")),
          }),
      ...healthCheckOf(a.bag("healthCheck")),
      Tags: elbTags(a.map("tags")),
    });
    const arn = must(made.TargetGroups?.[0]?.TargetGroupArn, "a target group ARN");
    ctx.created(arn);
    await putAttributes(ctx, arn, a);
    return arn;
  },
  async read(ctx, arn) {
    const group = await findGroup(ctx, arn);
    if (!group) return undefined;
    const answer = await ctx.aws.elb.describeTargetGroupAttributes({ TargetGroupArn: arn });
    const attributes = new Map((answer.Attributes ?? []).map((one) => [one.Key ?? "", one.Value ?? ""]));
    const healthCheck: Props = defined({
      enabled: group.HealthCheckEnabled,
      healthyThreshold: group.HealthyThresholdCount,
      unhealthyThreshold: group.UnhealthyThresholdCount,
      interval: group.HealthCheckIntervalSeconds,
      timeout: group.HealthCheckTimeoutSeconds,
      matcher: group.Matcher?.HttpCode,
      path: group.HealthCheckPath,
      port: group.HealthCheckPort,
      protocol: group.HealthCheckProtocol,
    });
    return {
      name: group.TargetGroupName,
      port: group.Port,
      protocol: group.Protocol,
      protocolVersion: group.ProtocolVersion,
      targetType: group.TargetType,
      vpcId: group.VpcId,
      ipAddressType: group.IpAddressType,
      healthCheck,
      ...liveAttributes(attributes),
      tags: await liveElbTags(ctx, arn),
      arn,
      arnSuffix: arn.split(":").pop(),
    };
  },
  async update(ctx, arn, change) {
    if (change.changed("healthCheck") && change.news.has("healthCheck")) {
      await ctx.aws.elb.modifyTargetGroup({ TargetGroupArn: arn, ...healthCheckOf(change.news.bag("healthCheck")) });
    }
    if (change.changed(...Object.keys(ATTRIBUTES), "stickiness")) await putAttributes(ctx, arn, change.news);
    await retagElb(ctx, arn, change);
  },
  async delete(ctx, arn) {
    await ctx.aws.elb.deleteTargetGroup({ TargetGroupArn: arn });
  },
};

/** One target; a function has no port. The id holds what identifies it: target group, target, port. */
export const TargetGroupAttachment: ResourceType = {
  inputs: { targetGroupArn: str(KEY), targetId: str(KEY), port: num(REPLACE), availabilityZone: str(FIXED) },
  async create(ctx, a) {
    const [arn, target] = [a.need("targetGroupArn"), targetOf(a.need("targetId"), a.num("port"))];
    await ctx.aws.elb.registerTargets({ TargetGroupArn: arn, Targets: [target] });
    return [arn, target.Id, ...(target.Port === undefined ? [] : [target.Port])].join("|");
  },
  async read(ctx, id) {
    const [arn = "", targetId = "", port] = id.split("|");
    const answer = await found(ctx.aws.elb.describeTargetHealth({ TargetGroupArn: arn }));
    const there = answer?.TargetHealthDescriptions?.find(
      ({ Target, TargetHealth }) =>
        Target?.Id === targetId &&
        (port === undefined || Target.Port === Number(port)) &&
        TargetHealth?.State !== "draining",
    );
    if (!there) return undefined;
    return { targetGroupArn: arn, targetId, ...(port === undefined ? {} : { port: Number(port) }) };
  },
  async update() {
    // Every input is part of what the attachment is.
  },
  async delete(ctx, id) {
    const [arn = "", targetId = "", port] = id.split("|");
    const Targets = [targetOf(targetId, port === undefined ? undefined : Number(port))];
    await found(ctx.aws.elb.deregisterTargets({ TargetGroupArn: arn, Targets }));
  },
};

function targetOf(Id: string, Port: number | undefined) {
  return { Id, ...(Port === undefined ? {} : { Port }) };
}
