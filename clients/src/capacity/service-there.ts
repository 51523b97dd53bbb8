import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import type { AwsPlace } from "@cutover/domain/aws-place";

/**
 * Whether ECS still runs a service or is ending it. A service that was never there, or whose deletion is complete
 * (`INACTIVE`), is not. Every failure but "no such service" and "no such cluster" is thrown.
 *
 * Source: Amazon ECS API, DescribeServices, `Service.status` and `failures`.
 */
export async function serviceThere(
  cluster: string,
  service: string,
  aws: AwsPlace,
  ecs: Pick<ECSClient, "send"> = new ECSClient(aws),
): Promise<boolean> {
  try {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    return services.some(({ status }) => status === "ACTIVE" || status === "DRAINING");
  } catch (error) {
    if (error instanceof Error && /^ClusterNotFound/.test(error.name)) return false;
    throw error;
  }
}
