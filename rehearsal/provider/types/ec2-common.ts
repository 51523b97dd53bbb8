import type { ResourceType as Ec2ResourceType, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import type { Props } from "../json";
import type { Change, Context } from "../resource-type";

/** Tags to be set together with the creation of a thing. */
export function tagSpecifications(kind: Ec2ResourceType, tags: Record<string, string>): TagSpecification[] | undefined {
  const entries = Object.entries(tags);
  if (entries.length === 0) return undefined;
  return [{ ResourceType: kind, Tags: entries.map(([Key, Value]) => ({ Key, Value })) }];
}

/** AWS's list of tags as a map. */
export function tagMap(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Props {
  return Object.fromEntries((tags ?? []).map((tag: Tag) => [tag.Key ?? "", tag.Value ?? ""]));
}

/** Brings the tags of an EC2 thing in line. */
export async function retag(ctx: Context, id: string, change: Change): Promise<void> {
  const { set, remove } = change.tags;
  if (remove.length > 0) await ctx.aws.ec2.deleteTags({ Resources: [id], Tags: remove.map((Key) => ({ Key })) });
  const added = Object.entries(set).map(([Key, Value]) => ({ Key, Value }));
  if (added.length > 0) await ctx.aws.ec2.createTags({ Resources: [id], Tags: added });
}

/** ARN of an EC2 thing: `arn:aws:ec2:<region>:<owner>:<kind>/<id>`. */
export function ec2Arn(ctx: Context, owner: string | undefined, kind: string, id: string): string {
  return `arn:aws:ec2:${ctx.region}:${owner ?? ""}:${kind}/${id}`;
}

/** A value AWS must have answered. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`AWS answered without ${what}`);
  return value;
}
