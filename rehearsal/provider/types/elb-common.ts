import type { ActionTypeEnum, ProtocolEnum, TargetTypeEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../json";
import type { Change, Context } from "../resource-type";
import { tagMap } from "./ec2-common";

/** Tags for a create call; undefined when there are none (AWS refuses an empty list). */
export function elbTags(tags: Record<string, string>): { Key: string; Value: string }[] | undefined {
  const entries = Object.entries(tags);
  return entries.length > 0 ? entries.map(([Key, Value]) => ({ Key, Value })) : undefined;
}

export async function liveElbTags(ctx: Context, arn: string): Promise<Props> {
  const answer = await ctx.aws.elb.describeTags({ ResourceArns: [arn] });
  return tagMap(answer.TagDescriptions?.[0]?.Tags);
}

export async function retagElb(ctx: Context, arn: string, change: Change): Promise<void> {
  const { set, remove } = change.tags;
  if (remove.length > 0) await ctx.aws.elb.removeTags({ ResourceArns: [arn], TagKeys: remove });
  const Tags = elbTags(set);
  if (Tags) await ctx.aws.elb.addTags({ ResourceArns: [arn], Tags });
}

/** A text as one of AWS's constants; undefined stays so, anything else is an error that names what is allowed. */
export function asOneOf<T extends string>(allowed: readonly T[], value: string | undefined): T | undefined {
  if (value === undefined) return undefined;
  const match = allowed.find((one) => one === value);
  if (match === undefined) throw new Error(`"${value}" is not one of ${allowed.join(", ")}`);
  return match;
}

// Written out instead of imported: the client is loaded when it is first used.
export const PROTOCOLS = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"] as const satisfies readonly ProtocolEnum[];
export const TARGET_TYPES = ["instance", "ip", "lambda", "alb"] as const satisfies readonly TargetTypeEnum[];
export const ACTION_TYPES = ["forward", "redirect", "fixed-response"] as const satisfies readonly ActionTypeEnum[];
export const REDIRECT_CODES = ["HTTP_301", "HTTP_302"] as const;
