import type { MetricValues } from "../metrics/store";
import type { LoadBalancer } from "./balancer";
import type { HostCounts, LoadBalancerMetric, Span, TargetGroupMetric } from "./metrics";

export const ALB_NAMESPACE = "AWS/ApplicationELB";

const MINUTE_MS = 60_000;

/** Counts of a target group that AWS reports for minutes in which they are not 0; RequestCount is reported always. */
const GROUP_COUNTS: readonly TargetGroupMetric[] = [
  "HTTPCode_Target_2XX_Count",
  "HTTPCode_Target_3XX_Count",
  "HTTPCode_Target_4XX_Count",
  "HTTPCode_Target_5XX_Count",
  "TargetConnectionErrorCount",
];
const BALANCER_COUNTS: readonly LoadBalancerMetric[] = [
  "HTTPCode_ELB_4XX_Count",
  "HTTPCode_ELB_5XX_Count",
  "HTTPCode_ELB_502_Count",
  "HTTPCode_ELB_503_Count",
  "HTTPCode_ELB_504_Count",
  "HTTP_Redirect_Count",
  "HTTP_Fixed_Response_Count",
];

/** `app/name/id` or `targetgroup/name/id`: how dimensions name a load balancer and a target group. */
export const dimensionOf = (arn: string): string => (arn.split(":").at(-1) ?? "").replace(/^loadbalancer\//, "");

/**
 * What AWS reports about the events of the rehearsal minute that begins at `minute` (rehearsal ms), for each load
 * balancer and for each target group that is on one. Counts consist of ones, as AWS's do.
 */
export function minuteData(balancer: LoadBalancer, minute: number): MetricValues[] {
  const span: Span = { since: minute, until: minute + MINUTE_MS };
  const { metrics, config } = balancer;
  const data: MetricValues[] = [];
  const add = (arn: string, dimensions: Record<string, string>, metricName: TargetGroupMetric | LoadBalancerMetric) => {
    const count = metrics.count(arn, metricName, span);
    const samples = count > 0 ? [{ value: 1, count }] : [{ value: 0, count: 1 }];
    if (count > 0 || metricName === "RequestCount") {
      data.push({ namespace: ALB_NAMESPACE, metricName, dimensions, at: minute, samples });
    }
  };
  for (const { arn } of config.loadBalancers) {
    const dimensions = { LoadBalancer: dimensionOf(arn) };
    for (const name of ["RequestCount", ...BALANCER_COUNTS] as const) add(arn, dimensions, name);
  }
  for (const { arn } of config.targetGroups) {
    for (const dimensions of dimensionsOf(balancer, arn)) {
      for (const name of ["RequestCount", ...GROUP_COUNTS] as const) add(arn, dimensions, name);
      const samples = metrics.responseTimes(arn, span).map((value) => ({ value, count: 1 }));
      if (samples.length === 0) continue;
      data.push({ namespace: ALB_NAMESPACE, metricName: "TargetResponseTime", dimensions, at: minute, samples });
    }
  }
  return data;
}

/** Host counts as they are now, `at` (rehearsal ms); AWS reports none for a group without registered targets. */
export function hostData(balancer: LoadBalancer, at: number): MetricValues[] {
  return balancer.config.targetGroups.flatMap(({ arn }) => {
    if (!balancer.describeTargetHealth(arn)?.length) return [];
    const counts: HostCounts = balancer.hostCounts(arn);
    return dimensionsOf(balancer, arn).flatMap((dimensions) =>
      Object.entries(counts).map(([metricName, value]) => ({
        namespace: ALB_NAMESPACE,
        metricName,
        dimensions,
        at,
        samples: [{ value, count: 1 }],
      })),
    );
  });
}

function dimensionsOf(balancer: LoadBalancer, groupArn: string): { TargetGroup: string; LoadBalancer: string }[] {
  return balancer
    .loadBalancersOf(groupArn)
    .map((owner) => ({ TargetGroup: dimensionOf(groupArn), LoadBalancer: dimensionOf(owner) }));
}
