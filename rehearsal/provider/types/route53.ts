import type { ChangeAction, ResourceRecordSet, RRType } from "@aws-sdk/client-route-53";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, list, num, obj, REPLACE, REQUIRED, set, str } from "../schema";
import { asOneOf } from "./elb-common";

const TYPES = ["A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV"] as const;

/** Lower case, no trailing dot, and the wildcard written as `*`. */
export function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/^\\052\./, "*.");
}

async function zoneName(ctx: Context, zoneId: string): Promise<string | undefined> {
  return (await found(ctx.aws.route53.getHostedZone({ Id: zoneId })))?.HostedZone?.Name;
}

/** A name within the zone may be given without the zone's own. */
function fullName(name: string, zone: string): string {
  const [plain, suffix] = [plainName(name), plainName(zone)];
  return plain === suffix || plain.endsWith(`.${suffix}`) ? plain : plain === "" ? suffix : `${plain}.${suffix}`;
}

async function recordSet(ctx: Context, a: Bag): Promise<ResourceRecordSet> {
  const zone = (await zoneName(ctx, a.need("zoneId"))) ?? "";
  const [alias] = a.bags("aliases");
  const weight = a.bags("weightedRoutingPolicies")[0]?.num("weight");
  return {
    Name: fullName(a.need("name"), zone),
    Type: asOneOf(TYPES, a.need("type")),
    SetIdentifier: a.str("setIdentifier"),
    ...(weight === undefined ? {} : { Weight: weight }),
    ...(alias
      ? {
          AliasTarget: {
            DNSName: alias.need("name"),
            HostedZoneId: alias.need("zoneId"),
            EvaluateTargetHealth: alias.bool("evaluateTargetHealth") ?? false,
          },
        }
      : {
          TTL: a.num("ttl"),
          ResourceRecords: a.strs("records").map((Value) => ({ Value: quoted(a.need("type"), Value) })),
        }),
  };
}

/** TXT values travel in quotes. */
function quoted(type: string, value: string): string {
  return type === "TXT" && !value.startsWith('"') ? `"${value}"` : value;
}

async function change(ctx: Context, zoneId: string, Action: ChangeAction, set: ResourceRecordSet): Promise<void> {
  const ChangeBatch = { Changes: [{ Action, ResourceRecordSet: set }] };
  const answer = await ctx.aws.route53.changeResourceRecordSets({ HostedZoneId: zoneId, ChangeBatch });
  const Id = answer.ChangeInfo?.Id;
  if (!Id || answer.ChangeInfo?.Status === "INSYNC") return;
  await ctx.wait(`DNS change ${Id} to be in sync`, async () => {
    const status = (await ctx.aws.route53.getChange({ Id })).ChangeInfo?.Status;
    return status === "INSYNC" ? { done: true } : { pending: `status ${status}` };
  });
}

async function findRecord(ctx: Context, known: Bag): Promise<ResourceRecordSet | undefined> {
  const zoneId = known.need("zoneId");
  const zone = await zoneName(ctx, zoneId);
  if (zone === undefined) return undefined;
  const name = fullName(known.need("name"), zone);
  const StartRecordType: RRType | undefined = asOneOf(TYPES, known.need("type"));
  const answer = await ctx.aws.route53.listResourceRecordSets({
    HostedZoneId: zoneId,
    StartRecordName: name,
    StartRecordType,
  });
  return answer.ResourceRecordSets?.find(
    (one) =>
      plainName(one.Name ?? "") === name &&
      one.Type === StartRecordType &&
      (one.SetIdentifier ?? "") === (known.str("setIdentifier") ?? ""),
  );
}

function liveAlias(record: ResourceRecordSet): Json[] {
  const alias = record.AliasTarget;
  if (!alias) return [];
  return [
    defined({
      name: plainName(alias.DNSName ?? ""),
      zoneId: alias.HostedZoneId,
      evaluateTargetHealth: alias.EvaluateTargetHealth,
    }),
  ];
}

const canonicalName = (value: Json): Json => plainName(String(value));

const Record: ResourceType = {
  inputs: {
    zoneId: str(KEY),
    name: str({ ...KEY, canonical: canonicalName }),
    type: str(KEY),
    ttl: num(),
    records: set(str()),
    aliases: list(
      obj({
        name: str({ required: true, canonical: (value) => plainName(String(value)).replace(/^dualstack\./, "") }),
        zoneId: str(REQUIRED),
        evaluateTargetHealth: bool(REQUIRED),
      }),
    ),
    setIdentifier: str(REPLACE),
    weightedRoutingPolicies: list(obj({ weight: num(REQUIRED) })),
    allowOverwrite: bool({ local: true, ...COMPUTED }),
  },
  outputs: ["fqdn"],
  async create(ctx, a) {
    const zoneId = a.need("zoneId");
    const record = await recordSet(ctx, a);
    await change(ctx, zoneId, a.bool("allowOverwrite") ? "UPSERT" : "CREATE", record);
    const parts = [zoneId, record.Name ?? "", a.need("type"), ...(record.SetIdentifier ? [record.SetIdentifier] : [])];
    return parts.join("_");
  },
  async read(ctx, _id, known) {
    const record = await findRecord(ctx, known);
    if (!record) return undefined;
    const fqdn = plainName(record.Name ?? "");
    const declared = known.str("name") ?? fqdn;
    const txt = record.Type === "TXT";
    return {
      zoneId: known.need("zoneId"),
      name: fqdn === plainName(declared) || fqdn.startsWith(`${plainName(declared)}.`) ? declared : fqdn,
      type: record.Type,
      ttl: record.AliasTarget ? undefined : record.TTL,
      records: (record.ResourceRecords ?? []).map((one) =>
        txt ? (one.Value ?? "").replace(/^"|"$/g, "") : (one.Value ?? ""),
      ),
      aliases: liveAlias(record),
      setIdentifier: record.SetIdentifier,
      weightedRoutingPolicies: record.Weight === undefined ? undefined : [{ weight: record.Weight }],
      fqdn,
    };
  },
  async update(ctx, _id, { news }) {
    await change(ctx, news.need("zoneId"), "UPSERT", await recordSet(ctx, news));
  },
  async delete(ctx, _id, state) {
    const record = await findRecord(ctx, state);
    if (record) await change(ctx, state.need("zoneId"), "DELETE", record);
  },
};

/** DNS. */
export const ROUTE53: Registry = { "aws:route53/record:Record": Record };
