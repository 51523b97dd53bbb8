import { STACK_TAG } from "@cutover/domain/stack-record";
import { AWS_REGION } from "../aws/account";
import type { Stage } from "../story/stage";

/** ARNs that carry the stack's tag and that its state knows nothing of, sorted. */
export async function orphansByTag(
  stage: Pick<Stage, "gateway" | "engine" | "stack" | "aws">,
): Promise<readonly string[]> {
  const known = JSON.stringify(await stage.engine.exportState());
  const arns = (await taggedArns(stage.gateway.url, stage.stack)).filter((arn) => !known.includes(`"${arn}"`));
  const gone = await Promise.all(arns.map((arn) => isInactive(stage.aws.ecs, arn)));
  return arns.filter((_, i) => !gone[i]).sort();
}

/** Deleted services and task definitions of ECS stay for a while as INACTIVE, with their tags, at AWS too. */
async function isInactive(ecs: Stage["aws"]["ecs"], arn: string): Promise<boolean> {
  const [, kind, cluster] = /:ecs:[^:]*:[^:]*:(service|task-definition)\/([^/]+)/.exec(arn) ?? [];
  if (kind === "service") {
    const { services = [] } = await ecs.describeServices({ cluster: cluster ?? "", services: [arn] });
    return services.every(({ status }) => status === "INACTIVE");
  }
  if (kind !== "task-definition") return false;
  const { taskDefinition } = await ecs.describeTaskDefinition({ taskDefinition: arn });
  return taskDefinition?.status === "INACTIVE";
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
