import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { type BalancerEvent, hold, isSynthetic } from "@cutover/domain/inbox";
import type { InboxConfig } from "@cutover/domain/inbox-config";
import { awsReason, type PersistOptions, persist } from "../aws/persist";

/** What the load balancer answers with. */
export interface BalancerAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

export interface InboxParts {
  readonly sqs: Pick<SQSClient, "send">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** A sender waits 10 s at most; what is not stored by then is answered in time to be sent again by those who do. */
const STORE: PersistOptions = { deadlineMs: 5_000, attemptMs: 2_000, baseMs: 50 };

/**
 * One request at the inbox: stored and answered 200, or answered 429, which some senders send again. A probe asks the queue
 * for its attributes and stores nothing. Never throws: a failed function would be a 502.
 */
export async function receive(event: BalancerEvent, config: InboxConfig, parts: InboxParts): Promise<BalancerAnswer> {
  const { sqs } = parts;
  const { queueUrl: QueueUrl } = config;
  try {
    if (isSynthetic(event)) {
      const look = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] });
      await persist("looking at the inbox", (abortSignal) => sqs.send(look, { abortSignal }), STORE);
      return answer(200, { accepted: true, synthetic: true });
    }
    const { body, groupId, dedupId } = hold(event, config.acceptedDigests, parts.now());
    const store = new SendMessageCommand({
      QueueUrl,
      MessageBody: body,
      MessageGroupId: groupId,
      MessageDeduplicationId: dedupId,
    });
    await persist("storing a message", (abortSignal) => sqs.send(store, { abortSignal }), STORE);
    parts.log({ event: "held", group: groupId.slice(0, 12) });
    return answer(200, { accepted: true, held: true });
  } catch (error) {
    parts.log({ event: "hold_failed", reason: awsReason(error), bytes: (event.body ?? "").length });
    return answer(429, { accepted: false, error: "the message could not be stored" });
  }
}

function answer(statusCode: number, body: object): BalancerAnswer {
  return {
    statusCode,
    headers: { "content-type": "application/json", "x-served-by": "inbox" },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}
