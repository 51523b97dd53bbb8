import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { MessageMinute } from "@cutover/domain/front-door-messages";

/** Which target groups of which load balancer customers' messages go to. */
export interface FrontDoorGroups {
  readonly loadBalancerArn: string;
  /** Groups of the weighted rule: Node's and Python's customer group. */
  readonly matchedArns: readonly string[];
  /** The group of messages without the right x-webhook-secret; undefined once Node is removed. */
  readonly unmatchedArn?: string | undefined;
}

/** The number of messages could not be read; the message says what to check. */
export class MessageCountError extends Error {
  override readonly name = "MessageCountError";
}

const MINUTE_MS = 60_000;

/**
 * Customers' messages by the minute, from the load balancer's own RequestCount. Minutes without any are left out; the
 * newest two or three may not be published yet.
 * @throws MessageCountError when CloudWatch can't be asked
 */
export async function readMessages(
  groups: FrontDoorGroups,
  span: { readonly sinceMs: number; readonly untilMs: number },
  aws: AwsPlace,
  cloudwatch: Pick<CloudWatchClient, "send"> = new CloudWatchClient(aws),
): Promise<MessageMinute[]> {
  const queries = queriesFor(groups);
  const minutes = new Map<number, { matched: number; unmatched: number }>();
  let next: string | undefined;
  do {
    const page = await send(cloudwatch, {
      MetricDataQueries: queries,
      StartTime: new Date(Math.floor(span.sinceMs / MINUTE_MS) * MINUTE_MS),
      EndTime: new Date(Math.ceil(span.untilMs / MINUTE_MS) * MINUTE_MS),
      ScanBy: "TimestampAscending",
      ...(next ? { NextToken: next } : {}),
    });
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      const kind = Id === "unmatched" ? "unmatched" : "matched";
      Timestamps.forEach((time, i) => {
        const minute = minutes.get(time.getTime()) ?? { matched: 0, unmatched: 0 };
        minute[kind] += Values[i] ?? 0;
        minutes.set(time.getTime(), minute);
      });
    }
    next = page.NextToken;
  } while (next);
  return [...minutes].map(([atMs, counts]) => ({ atMs, ...counts })).sort((a, b) => a.atMs - b.atMs);
}

async function send(cloudwatch: Pick<CloudWatchClient, "send">, input: GetMetricDataCommand["input"]) {
  try {
    return await cloudwatch.send(new GetMetricDataCommand(input));
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new MessageCountError(
      `Could not read how many messages reach the front door (${why}). Check the AWS credentials and the permission cloudwatch:GetMetricData.`,
    );
  }
}

function queriesFor({ loadBalancerArn, matchedArns, unmatchedArn }: FrontDoorGroups): MetricDataQuery[] {
  const query = (Id: string, targetGroupArn: string): MetricDataQuery => ({
    Id,
    MetricStat: {
      Metric: {
        Namespace: "AWS/ApplicationELB",
        MetricName: "RequestCount",
        Dimensions: [
          { Name: "LoadBalancer", Value: dimensionOf(loadBalancerArn) },
          { Name: "TargetGroup", Value: dimensionOf(targetGroupArn) },
        ],
      },
      Period: 60,
      Stat: "Sum",
    },
  });
  return [
    ...matchedArns.map((arn, i) => query(`matched${i}`, arn)),
    ...(unmatchedArn === undefined ? [] : [query("unmatched", unmatchedArn)]),
  ];
}

/** `app/name/id` and `targetgroup/name/id`: the part of an ARN that the metrics' dimensions are named by. */
function dimensionOf(arn: string): string {
  return (arn.split(":").at(-1) ?? "").replace(/^loadbalancer\//, "");
}
