import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { Read } from "@cutover/domain/evidence/model";
import { RATE_DAYS, type TrafficRate, trafficRate } from "@cutover/domain/evidence/traffic-rate";
import type { Manifest } from "@cutover/domain/stack-record";
import { dimensionOf, readMetrics } from "../metrics/read";
import { attempt } from "./reading";

const HOUR_MS = 3_600_000;

/** Messages an hour of the last days, all groups that customers' messages go to together; undefined before a whole day. */
export function readTrafficRate(
  { loadBalancerArn, targetGroups }: Pick<Manifest, "loadBalancerArn" | "targetGroups">,
  now: number,
  cloudwatch: Pick<CloudWatchClient, "send">,
): Promise<Read<TrafficRate | undefined>> {
  const until = Math.floor(now / HOUR_MS) * HOUR_MS;
  const requests = (targetGroup: string) => ({
    namespace: "AWS/ApplicationELB",
    metricName: "RequestCount",
    dimensions: { LoadBalancer: dimensionOf(loadBalancerArn), TargetGroup: dimensionOf(targetGroup) },
    stat: "Sum",
  });
  const { pythonCustomer, nodeCustomer, nodeUnmatched } = targetGroups;
  return attempt(async () => {
    const groups = [pythonCustomer, nodeCustomer, nodeUnmatched].filter((group) => group !== undefined);
    const found = await readMetrics(
      cloudwatch,
      Object.fromEntries(groups.map((group, i) => [`g${i}`, requests(group)])),
      { since: until - RATE_DAYS * 24 * HOUR_MS, until },
      3600,
    );
    return trafficRate(Object.values(found).flat(), until);
  });
}
