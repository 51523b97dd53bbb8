import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { SUCCESS_SECONDS } from "@cutover/domain/evidence/criteria";
import type { FaultCount, Read, SlowCount } from "@cutover/domain/evidence/model";
import { metricNamespace } from "@cutover/domain/metrics";
import type { Manifest } from "@cutover/domain/stack-record";
import { SLOW_SECONDS } from "@cutover/domain/triggers/plan";
import { dimensionOf, type Point, readMetrics, type Span } from "../metrics/read";
import { attempt } from "./reading";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Minutes after which the load balancer's metrics are complete: reported each minute, visible one or two later. */
const SETTLED_MINUTES = 3;
/** From so many messages on, no log event at all means that the application writes none. */
const ENOUGH_TO_EXPECT_EVENTS = 20;

/** What CloudWatch says of Python's customers. */
export interface TrafficEvidence {
  readonly errors: Read<FaultCount>;
  readonly acknowledgement: Read<SlowCount>;
  readonly routing: Read<FaultCount>;
  readonly bookingFailures: Read<FaultCount>;
}

/** Where Python's metrics are. */
export type TrafficPlace = Pick<Manifest, "stack" | "loadBalancerArn" | "targetGroups">;

/** The span in whole periods that are complete: minutes for a day, else 5 minutes, which CloudWatch keeps for 63 days. */
export function settledSpan({ since, until }: Span): { readonly span: Span; readonly periodSeconds: number } {
  const periodMs = until - since > DAY_MS ? 5 * MINUTE_MS : MINUTE_MS;
  return {
    // The period in which the image began still holds its predecessor's requests.
    span: {
      since: Math.ceil(since / periodMs) * periodMs,
      until: Math.floor((until - SETTLED_MINUTES * MINUTE_MS) / periodMs) * periodMs,
    },
    periodSeconds: periodMs / 1000,
  };
}

/** Reads errors and response times as the load balancer saw them, and the events Python logged. */
export async function readTrafficEvidence(
  place: TrafficPlace,
  wanted: Span,
  cloudwatch: Pick<CloudWatchClient, "send">,
): Promise<TrafficEvidence> {
  const { span, periodSeconds } = settledSpan(wanted);
  const read = await attempt(() => readMetrics(cloudwatch, metricsOf(place), span, periodSeconds));
  if ("unavailable" in read) {
    return { errors: read, acknowledgement: read, routing: read, bookingFailures: read };
  }
  const { requests, serverErrors, refused, unreached, answers, withinTrigger, withinSuccess, ...events } = read.value;
  const unanswered = neverAnswered(requests, answers, span, periodSeconds * 1000);
  return {
    errors: { value: errorsOf(requests, [...serverErrors, ...refused], unreached, unanswered) },
    acknowledgement: {
      value: {
        n: total(answers),
        overTrigger: slower(answers, withinTrigger),
        overSuccess: slower(answers, withinSuccess),
      },
    },
    routing: expectEvents("agent_routed", faults(events.routings, events.routingFailures), total(requests)),
    bookingFailures: { value: faults(events.bookings, events.bookingFailures) },
  };
}

/** Which metrics: Python's customer group only, and events that are not synthetic. */
function metricsOf({ stack, loadBalancerArn, targetGroups }: TrafficPlace) {
  const dimensions = {
    LoadBalancer: dimensionOf(loadBalancerArn),
    TargetGroup: dimensionOf(targetGroups.pythonCustomer),
  };
  const balancer = (metricName: string, stat: string) => ({
    namespace: "AWS/ApplicationELB",
    metricName,
    dimensions,
    stat,
  });
  const logged = (metricName: string) => ({
    namespace: metricNamespace(stack),
    metricName,
    dimensions: {},
    stat: "Sum",
  });
  return {
    requests: balancer("RequestCount", "Sum"),
    serverErrors: balancer("HTTPCode_Target_5XX_Count", "Sum"),
    refused: balancer("HTTPCode_Target_4XX_Count", "Sum"),
    unreached: balancer("TargetConnectionErrorCount", "Sum"),
    answers: balancer("TargetResponseTime", "SampleCount"),
    withinTrigger: balancer("TargetResponseTime", `PR(:${SLOW_SECONDS})`),
    withinSuccess: balancer("TargetResponseTime", `PR(:${SUCCESS_SECONDS})`),
    routings: logged("PythonRoutings"),
    routingFailures: logged("PythonRoutingFailures"),
    bookings: logged("PythonBookings"),
    bookingFailures: logged("PythonBookingFailures"),
  };
}

/**
 * Answers with 4xx or 5xx, and requests without an answer: not reached, or cut off at the load balancer's idle timeout, which
 * its metrics of the target group count as a request and as nothing else. A target that was tried twice is one request.
 * Only requests with the right secret come here, and a workflow sends nothing again: what Python calls the sender's fault
 * (a secret that it does not know yet, a body that it does not understand) is a lost message like any other.
 */
function errorsOf(
  requests: readonly Point[],
  answeredWithError: readonly Point[],
  unreached: readonly Point[],
  unanswered: number,
): FaultCount {
  const n = total(requests);
  return { n, bad: Math.min(n, total(answeredWithError) + Math.max(total(unreached), unanswered)) };
}

/**
 * Requests less answers. At the end of a period some requests may be on their way, at the ends of five hardly the same
 * number: the least difference is that of the requests nobody will answer.
 */
function neverAnswered(requests: readonly Point[], answers: readonly Point[], span: Span, periodMs: number): number {
  const ends = Array.from({ length: 5 }, (_, i) => span.until - i * periodMs).filter((end) => end > span.since);
  const before = (points: readonly Point[], end: number) => total(points.filter(({ at }) => at < end));
  const open = ends.map((end) => before(requests, end) - before(answers, end));
  return open.length === 0 ? 0 : Math.max(0, Math.min(...open));
}

/** Metrics of the same minutes may be published a moment apart: more faults than messages are as many as there are. */
function faults(all: readonly Point[], bad: readonly Point[]): FaultCount {
  const n = total(all);
  return { n, bad: Math.min(n, total(bad)) };
}

/** Messages without a single event are no routing without a fault. */
function expectEvents(event: string, count: FaultCount, messages: number): Read<FaultCount> {
  if (count.n > 0 || messages < ENOUGH_TO_EXPECT_EVENTS) return { value: count };
  return {
    unavailable: `no event ${event} in Python's log for ${messages} messages: the application must write it (docs/app-contract.md, level 1)`,
  };
}

function total(points: readonly Point[]): number {
  return Math.round(points.reduce((sum, { value }) => sum + value, 0));
}

/** Answers above a limit: of each period those that its percentile rank leaves out. Ranks can't be added, counts can. */
function slower(answers: readonly Point[], ranks: readonly Point[]): number {
  const rankAt = new Map(ranks.map(({ at, value }) => [at, value]));
  // A period without a rank has told nothing good.
  return total(answers.map(({ at, value }) => ({ at, value: Math.round(value * (1 - (rankAt.get(at) ?? 0) / 100)) })));
}
