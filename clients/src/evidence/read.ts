import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Applied } from "@cutover/domain/decide";
import { BOOKING_RATE, type BusinessMetric } from "@cutover/domain/evidence/criteria";
import type { Evidence, Read } from "@cutover/domain/evidence/model";
import type { ServingSince } from "@cutover/domain/evidence/serving";
import type { Manifest } from "@cutover/domain/stack-record";
import { readMessageEvidence } from "./messages";
import { mapRead } from "./reading";
import { readTrafficEvidence } from "./traffic";

/** What is read, and for which image. */
export interface EvidenceRequest {
  readonly aws: AwsPlace;
  readonly manifest: Pick<Manifest, "stack" | "loadBalancerArn" | "targetGroups" | "expectedMessagesPerHour">;
  readonly applied: Applied;
  readonly since: ServingSince;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Messages an hour that reach Python, as counted since its share is in force; default: what the configuration expects. */
  readonly measuredPerHour?: number;
  /** URL of the read-only role; why there is none otherwise. */
  readonly databaseUrl: Read<string>;
  /** Further business metrics; the booking rate is built in. */
  readonly business?: readonly BusinessMetric[];
}

/**
 * Reads everything the verdict on an image rests on. Never throws: what could not be read carries its reason, and is
 * judged as NOT ENOUGH EVIDENCE.
 */
export async function readEvidence(
  request: EvidenceRequest,
  cloudwatch: Pick<CloudWatchClient, "send"> = new CloudWatchClient(request.aws),
): Promise<Evidence> {
  const { applied, since, now, manifest } = request;
  const span = { since: since.image, until: now };
  const [traffic, { messages, watched }] = await Promise.all([
    readTrafficEvidence(manifest, span, cloudwatch),
    readMessageEvidence(request.databaseUrl, span, [BOOKING_RATE, ...(request.business ?? [])]),
  ]);
  const messagesPerHour = request.measuredPerHour ?? (manifest.expectedMessagesPerHour * applied.pythonShare) / 100;
  return {
    digest: applied.pythonDigest,
    since: since.image,
    until: now,
    ...(messagesPerHour > 0 ? { messagesPerHour } : {}),
    ...traffic,
    processing: mapRead(messages, ({ processing }) => processing),
    watched,
  };
}
