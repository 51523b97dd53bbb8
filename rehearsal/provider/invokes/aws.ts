import { createHash } from "node:crypto";
import type { Bag } from "../bag";
import { defined, type Props } from "../json";
import type { Context, Invoke } from "../resource-type";
import { plainName } from "../types/route53";
import { renderPolicyDocument } from "./policy-document";

async function getRegion(ctx: Context): Promise<Props> {
  const { region } = ctx;
  return { id: region, name: region, region, description: region, endpoint: `ec2.${region}.amazonaws.com` };
}

async function getPartition(): Promise<Props> {
  return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com", reverseDnsPrefix: "com.amazonaws" };
}

async function getCallerIdentity(ctx: Context): Promise<Props> {
  const identity = await ctx.aws.sts.getCallerIdentity({});
  const accountId = identity.Account ?? "";
  return { id: accountId, accountId, arn: identity.Arn ?? "", userId: identity.UserId ?? "" };
}

async function getAvailabilityZones(ctx: Context, args: Bag): Promise<Props> {
  const filters = args.bags("filters").map((one) => ({ Name: one.need("name"), Values: one.strs("values") }));
  const state = args.str("state");
  const answer = await ctx.aws.ec2.describeAvailabilityZones({
    Filters: [...filters, ...(state ? [{ Name: "state", Values: [state] }] : [])],
    AllAvailabilityZones: args.bool("allAvailabilityZones"),
  });
  const [excludedNames, excludedIds] = [args.strs("excludeNames"), args.strs("excludeZoneIds")];
  const zones = (answer.AvailabilityZones ?? [])
    .filter((zone) => !excludedNames.includes(zone.ZoneName ?? "") && !excludedIds.includes(zone.ZoneId ?? ""))
    .sort((a, b) => (a.ZoneName ?? "").localeCompare(b.ZoneName ?? ""));
  return {
    id: ctx.region,
    names: zones.map((zone) => zone.ZoneName ?? ""),
    zoneIds: zones.map((zone) => zone.ZoneId ?? ""),
    groupNames: [...new Set(zones.map((zone) => zone.GroupName ?? ctx.region))],
    region: ctx.region,
    ...(state ? { state } : {}),
  };
}

async function getZone(ctx: Context, args: Bag): Promise<Props> {
  const zones = (await ctx.aws.route53.listHostedZones({})).HostedZones ?? [];
  const [zoneId, name] = [args.str("zoneId"), args.str("name")];
  const isPrivate = args.bool("privateZone") ?? false;
  const matching = zones.filter((zone) =>
    zoneId
      ? zone.Id?.replace("/hostedzone/", "") === zoneId
      : plainName(zone.Name ?? "") === plainName(name ?? "") && (zone.Config?.PrivateZone ?? false) === isPrivate,
  );
  const zone = matching[0];
  if (!zone || matching.length > 1) {
    throw new Error(`${matching.length} hosted zones match ${zoneId ?? name ?? "no name"}; expected one`);
  }
  const id = zone.Id?.replace("/hostedzone/", "") ?? "";
  const details = await ctx.aws.route53.getHostedZone({ Id: id });
  return {
    id,
    zoneId: id,
    arn: `arn:aws:route53:::hostedzone/${id}`,
    name: plainName(zone.Name ?? ""),
    privateZone: zone.Config?.PrivateZone ?? false,
    comment: zone.Config?.Comment ?? "",
    callerReference: zone.CallerReference ?? "",
    resourceRecordSetCount: zone.ResourceRecordSetCount ?? 0,
    nameServers: details.DelegationSet?.NameServers ?? [],
    primaryNameServer: details.DelegationSet?.NameServers?.[0] ?? "",
    enableAcceleratedRecovery: false,
    linkedServiceDescription: "",
    linkedServicePrincipal: "",
    tags: {},
    vpcId: "",
  };
}

async function getPolicyDocument(_ctx: Context, args: Bag): Promise<Props> {
  const json = renderPolicyDocument(args);
  const minifiedJson = JSON.stringify(JSON.parse(json));
  const id = String(createHash("sha1").update(json).digest().readUInt32BE(0));
  return { ...args.props, id, json, minifiedJson };
}

async function getParametersByPath(ctx: Context, args: Bag): Promise<Props> {
  const path = args.need("path");
  const [recursive, withDecryption] = [args.bool("recursive") ?? false, args.bool("withDecryption") ?? true];
  const all = [];
  let NextToken: string | undefined;
  do {
    const request = { Path: path, Recursive: recursive, WithDecryption: withDecryption, NextToken };
    const page = await ctx.aws.ssm.getParametersByPath(request);
    all.push(...(page.Parameters ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return {
    id: path,
    path,
    recursive,
    withDecryption,
    region: ctx.region,
    arns: all.map((one) => one.ARN ?? ""),
    names: all.map((one) => one.Name ?? ""),
    types: all.map((one) => one.Type ?? ""),
    values: all.map((one) => one.Value ?? ""),
  };
}

async function getParameter(ctx: Context, args: Bag): Promise<Props> {
  const WithDecryption = args.bool("withDecryption") ?? true;
  const { Parameter } = await ctx.aws.ssm.getParameter({ Name: args.need("name"), WithDecryption });
  const secret = Parameter?.Type === "SecureString";
  return defined({
    id: Parameter?.Name,
    name: Parameter?.Name,
    arn: Parameter?.ARN,
    type: Parameter?.Type,
    value: Parameter?.Value,
    insecureValue: secret ? undefined : Parameter?.Value,
    version: Parameter?.Version,
    withDecryption: WithDecryption,
    region: ctx.region,
  });
}

/** The functions of the aws package that are served, by token. */
export const AWS_INVOKES: { readonly [token: string]: Invoke } = {
  "aws:index/getRegion:getRegion": getRegion,
  "aws:index/getPartition:getPartition": getPartition,
  "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
  "aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
  "aws:route53/getZone:getZone": getZone,
  "aws:iam/getPolicyDocument:getPolicyDocument": getPolicyDocument,
  "aws:ssm/getParametersByPath:getParametersByPath": getParametersByPath,
  "aws:ssm/getParameter:getParameter": getParameter,
};
