import type { LoadBalancerTypeEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, type Live } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, type Field, type Fields, num, obj, REPLACE, REQUIRED, set, str, tags } from "../schema";
import { must } from "./ec2-common";
import { asOneOf, elbTags, liveElbTags, retagElb } from "./elb-common";
import { TargetGroup, TargetGroupAttachment } from "./elb-target-group";

/** Inputs that are attributes of the load balancer (API reference, LoadBalancerAttribute). */
const ATTRIBUTES: { readonly [property: string]: { readonly key: string; readonly field: Field } } = {
  idleTimeout: { key: "idle_timeout.timeout_seconds", field: num({ default: 60 }) },
  clientKeepAlive: { key: "client_keep_alive.seconds", field: num({ default: 3600 }) },
  enableDeletionProtection: { key: "deletion_protection.enabled", field: bool() },
  enableHttp2: { key: "routing.http2.enabled", field: bool({ default: true }) },
  dropInvalidHeaderFields: { key: "routing.http.drop_invalid_header_fields.enabled", field: bool() },
  preserveHostHeader: { key: "routing.http.preserve_host_header.enabled", field: bool() },
  enableXffClientPort: { key: "routing.http.xff_client_port.enabled", field: bool() },
  xffHeaderProcessingMode: { key: "routing.http.xff_header_processing.mode", field: str({ default: "append" }) },
  desyncMitigationMode: { key: "routing.http.desync_mitigation_mode", field: str({ default: "defensive" }) },
  enableWafFailOpen: { key: "waf.fail_open.enabled", field: bool() },
  enableTlsVersionAndCipherSuiteHeaders: {
    key: "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    field: bool(),
  },
  enableCrossZoneLoadBalancing: { key: "load_balancing.cross_zone.enabled", field: bool(COMPUTED) },
};

const LOGS: Fields = { bucket: str(REQUIRED), prefix: str(), enabled: bool() };

function attributesOf(a: Bag): { Key: string; Value: string }[] {
  const plain = Object.entries(ATTRIBUTES).flatMap(([property, { key }]) => {
    const value = a.str(property);
    return value === undefined ? [] : [{ Key: key, Value: value }];
  });
  return [
    ...plain,
    ...logAttributes("access_logs", a.bag("accessLogs")),
    ...logAttributes("connection_logs", a.bag("connectionLogs")),
  ];
}

function logAttributes(kind: string, logs: Bag | undefined): { Key: string; Value: string }[] {
  if (!logs) return [];
  const enabled = logs.bool("enabled") ?? false;
  if (!enabled) return [{ Key: `${kind}.s3.enabled`, Value: "false" }];
  return [
    { Key: `${kind}.s3.enabled`, Value: "true" },
    { Key: `${kind}.s3.bucket`, Value: logs.need("bucket") },
    { Key: `${kind}.s3.prefix`, Value: logs.str("prefix") ?? "" },
  ];
}

function liveAttributes(attributes: Map<string, string>): Live {
  const live: Live = {};
  for (const [property, { key, field }] of Object.entries(ATTRIBUTES)) {
    const value = attributes.get(key);
    if (value !== undefined) {
      live[property] = field.kind === "number" ? Number(value) : field.kind === "boolean" ? value === "true" : value;
    } else if (field.default !== undefined) {
      live[property] = field.default; // an emulator's shorter list: what AWS would say
    }
  }
  for (const [property, kind] of [
    ["accessLogs", "access_logs"],
    ["connectionLogs", "connection_logs"],
  ] as const) {
    if (attributes.get(`${kind}.s3.enabled`) !== "true") continue;
    const [bucket, prefix] = [attributes.get(`${kind}.s3.bucket`), attributes.get(`${kind}.s3.prefix`)];
    live[property] = defined({ enabled: true, bucket, prefix: prefix || undefined });
  }
  return live;
}

async function findBalancer(ctx: Context, arn: string) {
  return (await found(ctx.aws.elb.describeLoadBalancers({ LoadBalancerArns: [arn] })))?.LoadBalancers?.[0];
}

const LB_TYPES: readonly LoadBalancerTypeEnum[] = ["application", "network", "gateway"];

async function putAttributes(ctx: Context, arn: string, a: Bag): Promise<void> {
  await ctx.aws.elb.modifyLoadBalancerAttributes({ LoadBalancerArn: arn, Attributes: attributesOf(a) });
}

const LoadBalancer: ResourceType = {
  inputs: {
    name: str({ autoname: 32, replace: true }),
    loadBalancerType: str({ default: "application", replace: true }),
    internal: bool(REPLACE),
    subnets: set(str(), COMPUTED),
    securityGroups: set(str(), COMPUTED),
    ipAddressType: str(COMPUTED),
    accessLogs: obj(LOGS),
    connectionLogs: obj(LOGS),
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([property, { field }]) => [property, field])),
    tags: tags(),
  },
  outputs: ["arn", "arnSuffix", "dnsName", "vpcId", "zoneId"],
  async create(ctx, a) {
    const made = await ctx.aws.elb.createLoadBalancer({
      Name: a.need("name"),
      Type: asOneOf(LB_TYPES, a.str("loadBalancerType")),
      Scheme: a.bool("internal") ? "internal" : "internet-facing",
      Subnets: a.someStrs("subnets"),
      SecurityGroups: a.someStrs("securityGroups"),
      IpAddressType: asOneOf(["ipv4", "dualstack"], a.str("ipAddressType")),
      Tags: elbTags(a.map("tags")),
    });
    const arn = must(made.LoadBalancers?.[0]?.LoadBalancerArn, "a load balancer ARN");
    ctx.created(arn);
    await putAttributes(ctx, arn, a);
    await ctx.wait(`load balancer ${a.need("name")} to be active`, async () => {
      const state = (await findBalancer(ctx, arn))?.State;
      if (state?.Code === "failed") throw new Error(`load balancer failed: ${state.Reason ?? "no reason given"}`);
      return state?.Code === "active" ? { done: true } : { pending: `state ${state?.Code}` };
    });
    return arn;
  },
  async read(ctx, arn) {
    const balancer = await findBalancer(ctx, arn);
    if (!balancer) return undefined;
    const answer = await ctx.aws.elb.describeLoadBalancerAttributes({ LoadBalancerArn: arn });
    const attributes = new Map((answer.Attributes ?? []).map((one) => [one.Key ?? "", one.Value ?? ""]));
    return {
      name: balancer.LoadBalancerName,
      loadBalancerType: balancer.Type,
      internal: balancer.Scheme === "internal",
      subnets: (balancer.AvailabilityZones ?? []).flatMap((zone): Json[] => (zone.SubnetId ? [zone.SubnetId] : [])),
      securityGroups: balancer.SecurityGroups ?? [],
      ipAddressType: balancer.IpAddressType,
      ...liveAttributes(attributes),
      tags: await liveElbTags(ctx, arn),
      arn,
      arnSuffix: arn.split(":loadbalancer/")[1],
      dnsName: balancer.DNSName,
      vpcId: balancer.VpcId,
      zoneId: balancer.CanonicalHostedZoneId,
    };
  },
  async update(ctx, arn, change) {
    const { news } = change;
    if (change.changed(...Object.keys(ATTRIBUTES), "accessLogs", "connectionLogs")) {
      await putAttributes(ctx, arn, news);
      for (const [property, kind] of [
        ["accessLogs", "access_logs"],
        ["connectionLogs", "connection_logs"],
      ] as const) {
        if (news.has(property) || !change.state.has(property)) continue;
        const Attributes = [{ Key: `${kind}.s3.enabled`, Value: "false" }];
        await ctx.aws.elb.modifyLoadBalancerAttributes({ LoadBalancerArn: arn, Attributes });
      }
    }
    if (change.changed("securityGroups") && news.has("securityGroups")) {
      await ctx.aws.elb.setSecurityGroups({ LoadBalancerArn: arn, SecurityGroups: news.strs("securityGroups") });
    }
    if (change.changed("subnets") && news.has("subnets")) {
      await ctx.aws.elb.setSubnets({ LoadBalancerArn: arn, Subnets: news.strs("subnets") });
    }
    const family = asOneOf(["ipv4", "dualstack"] as const, news.str("ipAddressType"));
    if (change.changed("ipAddressType") && family) {
      await ctx.aws.elb.setIpAddressType({ LoadBalancerArn: arn, IpAddressType: family });
    }
    await retagElb(ctx, arn, change);
  },
  async delete(ctx, arn) {
    await ctx.aws.elb.deleteLoadBalancer({ LoadBalancerArn: arn });
  },
};

/** Load balancers and target groups. */
export const ELB: Registry = {
  "aws:lb/loadBalancer:LoadBalancer": LoadBalancer,
  "aws:lb/targetGroup:TargetGroup": TargetGroup,
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": TargetGroupAttachment,
};
