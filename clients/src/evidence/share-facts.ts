import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { liveShare } from "@cutover/domain/affinity";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Read } from "@cutover/domain/evidence/model";
import { PROBES_COUNTED, type ProbeTally, type ShareFacts } from "@cutover/domain/evidence/share-proof";
import { killSwitchState, switchTargets } from "@cutover/domain/kill-switch";
import { type Engine, metricNamespace } from "@cutover/domain/metrics";
import type { Manifest } from "@cutover/domain/stack-record";
import { readRule } from "../loadbalancer/rules";
import { dimensionOf, type Point, readMetrics } from "../metrics/read";
import { attempt } from "./reading";
import { settledSpan } from "./traffic";

const SECOND_MS = 1000;
/** Probes that are looked at: the last minutes', long enough for a function that starts anew. */
const PROBES_MS = 5 * 60 * SECOND_MS;
const PROBE_PERIOD_SECONDS = 10;

/** What the proof reads with; tests give their own. */
export interface ShareClients {
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
}

/**
 * Reads the five things a share is proved by, each for itself.
 * @param shareSince when the declared share came into force, milliseconds since the epoch; undefined: not known
 */
export async function readShareFacts(
  manifest: Manifest,
  declared: number,
  shareSince: number | undefined,
  now: number,
  aws: AwsPlace,
  { cloudwatch, elb }: ShareClients,
): Promise<ShareFacts> {
  const { nodeCustomer, pythonCustomer } = manifest.targetGroups;
  const rule = attempt(async () => {
    const live = await readRule(manifest.trafficRuleArn, aws, elb);
    if (!live) throw new Error("the weighted rule is gone");
    const { contactRuleArn } = manifest;
    const contact = contactRuleArn ? await readRule(contactRuleArn, aws, elb) : undefined;
    if (contactRuleArn && !contact) throw new Error("the rule for contacts is gone");
    const share = liveShare(live, contact, pythonCustomer);
    if (share === undefined) throw new Error("the rule for contacts is none of ours: somebody edited it");
    return share;
  });
  const killSwitch = attempt(async () => {
    if (!manifest.killSwitchRuleArn) return "none" as const;
    const live = await readRule(manifest.killSwitchRuleArn, aws, elb);
    return live ? (killSwitchState(live, switchTargets(manifest.targetGroups)) ?? "unclear") : ("unclear" as const);
  });
  const healthy = attempt(async () => ({
    python: await healthyTargets(pythonCustomer, elb),
    ...(nodeCustomer ? { node: await healthyTargets(nodeCustomer, elb) } : {}),
  }));
  const probes = attempt(() => readProbes(manifest, now, cloudwatch));
  return {
    declared,
    rule: await rule,
    killSwitch: await killSwitch,
    healthy: await healthy,
    probes: await probes,
    requests:
      shareSince === undefined
        ? { unavailable: "since when this share is in force is not known" }
        : await readSplit(manifest, shareSince, now, cloudwatch),
  };
}

async function healthyTargets(arn: string, elb: ShareClients["elb"]): Promise<number> {
  const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }));
  return TargetHealthDescriptions.filter((target) => target.TargetHealth?.State === "healthy").length;
}

async function readProbes(
  { stack, targetGroups }: Manifest,
  now: number,
  cloudwatch: ShareClients["cloudwatch"],
): Promise<Partial<Record<Engine, ProbeTally>>> {
  const of = (engine: Engine, stat: string) => ({
    namespace: metricNamespace(stack),
    metricName: "ProbeFailed",
    dimensions: { Engine: engine },
    stat,
  });
  const found = await readMetrics(
    cloudwatch,
    {
      pythonFailed: of("python", "Sum"),
      pythonTotal: of("python", "SampleCount"),
      nodeFailed: of("node", "Sum"),
      nodeTotal: of("node", "SampleCount"),
    },
    { since: now - PROBES_MS, until: now },
    PROBE_PERIOD_SECONDS,
  );
  return {
    python: tally(found.pythonTotal, found.pythonFailed, now),
    ...(targetGroups.nodeCustomer ? { node: tally(found.nodeTotal, found.nodeFailed, now) } : {}),
  };
}

function tally(totals: readonly Point[], failures: readonly Point[], now: number): ProbeTally {
  const failedAt = new Map(failures.map(({ at, value }) => [at, value]));
  const good = totals.filter(({ at, value }) => value > (failedAt.get(at) ?? 0)).map(({ at }) => at);
  // The period's end: a probe within it is at least as new as its begin.
  const lastOk = good.length === 0 ? undefined : Math.max(...good);
  const newestFirst = totals.filter(({ value }) => value > 0).sort((a, b) => b.at - a.at);
  const counted = newestFirst.filter((_, i) => sum(newestFirst.slice(0, i)) < PROBES_COUNTED);
  const failedOf = ({ at }: Point) => failedAt.get(at) ?? 0;
  return {
    total: sum(counted),
    failed: counted.reduce((all, point) => all + failedOf(point), 0),
    newestFailed: counted[0] !== undefined && failedOf(counted[0]) > 0,
    ...(lastOk === undefined ? {} : { secondsSinceOk: Math.max(0, (now - lastOk) / SECOND_MS) }),
  };
}

/** Customers' requests by backend since the share is in force; messages without the secret are in neither count. */
async function readSplit(
  { loadBalancerArn, targetGroups }: Manifest,
  shareSince: number,
  now: number,
  cloudwatch: ShareClients["cloudwatch"],
): Promise<Read<Record<Engine, number>>> {
  const of = (arn: string) => ({
    namespace: "AWS/ApplicationELB",
    metricName: "RequestCount",
    dimensions: { LoadBalancer: dimensionOf(loadBalancerArn), TargetGroup: dimensionOf(arn) },
    stat: "Sum",
  });
  const { span, periodSeconds } = settledSpan({ since: shareSince, until: now });
  return attempt(async () => {
    const { python, node } = await readMetrics(
      cloudwatch,
      { python: of(targetGroups.pythonCustomer), node: of(targetGroups.nodeCustomer ?? targetGroups.pythonCustomer) },
      span,
      periodSeconds,
    );
    return { python: Math.round(sum(python)), node: targetGroups.nodeCustomer ? Math.round(sum(node)) : 0 };
  });
}

function sum(points: readonly Point[]): number {
  return points.reduce((total, { value }) => total + value, 0);
}
