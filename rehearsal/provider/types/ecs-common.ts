import type { Props } from "../json";
import type { Change, Context } from "../resource-type";

/** Tags for a create call; undefined when there are none. */
export function ecsTags(tags: Record<string, string>): { key: string; value: string }[] | undefined {
  const entries = Object.entries(tags);
  return entries.length > 0 ? entries.map(([key, value]) => ({ key, value })) : undefined;
}

/** AWS's list of tags as a map. */
export function ecsTagMap(
  tags: readonly { key?: string | undefined; value?: string | undefined }[] | undefined,
): Props {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.key ?? "", tag.value ?? ""]));
}

export async function retagEcs(ctx: Context, resourceArn: string, change: Change): Promise<void> {
  const { set, remove } = change.tags;
  if (remove.length > 0) await ctx.aws.ecs.untagResource({ resourceArn, tagKeys: remove });
  const tags = ecsTags(set);
  if (tags) await ctx.aws.ecs.tagResource({ resourceArn, tags });
}
