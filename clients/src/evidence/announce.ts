import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { overrideNotice } from "@cutover/domain/evidence/announcement";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";

/** Where people hear of an override. */
export interface AnnounceTarget {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly peopleTopicArn?: string;
}

/**
 * Tells people of an override; nothing to do for an entry without one.
 * @throws Error where it can't be told: an override that nobody hears of is none
 */
export async function announceOverride(
  { stack, aws, peopleTopicArn }: AnnounceTarget,
  entry: LedgerEntry,
  sns: Pick<SNSClient, "send"> = new SNSClient(aws),
): Promise<void> {
  const notice = overrideNotice(stack, entry);
  if (!notice || peopleTopicArn === undefined) return;
  try {
    await sns.send(new PublishCommand({ TopicArn: peopleTopicArn, Subject: notice.subject, Message: notice.text }));
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Error(
      `The override could not be announced on ${peopleTopicArn} (${why}). The weight has moved; allow sns:Publish on the topic and run pulumi up again.`,
    );
  }
}
