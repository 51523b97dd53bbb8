import { STACK_TAG } from "@cutover/domain/stack-record";
import { AWS_REGION } from "../aws/account";
import type { Stage } from "../story/stage";

/** ARNs that carry the stack's tag and that its state knows nothing of, sorted. */
export async function orphansByTag(stage: Pick<Stage, "gateway" | "engine" | "stack">): Promise<readonly string[]> {
  const known = JSON.stringify(await stage.engine.exportState());
  const arns = await taggedArns(stage.gateway.url, stage.stack);
  return arns.filter((arn) => !known.includes(`"${arn}"`)).sort();
}

/** `aws resourcegroupstaggingapi get-resources --tag-filters Key=cutover:stack,Values=<stack>`, without a client for one call. */
async function taggedArns(endpoint: string, stack: string): Promise<readonly string[]> {
  const scope = `rehearsal/20260101/${AWS_REGION}/tagging/aws4_request`;
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources",
    },
    body: JSON.stringify({ TagFilters: [{ Key: STACK_TAG, Values: [stack] }] }),
  });
  if (!response.ok)
    throw new Error(`the list of tagged resources answered ${response.status}: ${await response.text()}`);
  const { ResourceTagMappingList: list = [] } = (await response.json()) as {
    ResourceTagMappingList?: readonly { readonly ResourceARN: string }[];
  };
  return list.map(({ ResourceARN }) => ResourceARN);
}
