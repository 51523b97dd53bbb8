import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { overrideNotice } from "@cutover/domain/evidence/announcement";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { startNotice } from "@cutover/domain/notice-texts";
import { isStart } from "@cutover/domain/notices";
import type { Notice } from "@cutover/domain/rollback/notice";
import { messageOf } from "../aws/notice-message";

/** Where people hear of a step. */
export interface AnnounceTarget {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly peopleTopicArn?: string;
}

/**
 * Tells people of a step: everybody of the first messages for Python, those on call of an override; nothing to do for others.
 * @throws Error where it can't be told: an override that nobody hears of is none, and alarms go the same way as notices
 */
export async function announceStep(
  { stack, aws, peopleTopicArn }: AnnounceTarget,
  entry: LedgerEntry,
  sns: Pick<SNSClient, "send"> = new SNSClient(aws),
): Promise<void> {
  if (peopleTopicArn === undefined) return;
  const override = overrideNotice(stack, entry);
  if (override) await tell("override", override, peopleTopicArn, sns);
  if (isStart(entry)) await tell("start", startNotice(stack, entry), peopleTopicArn, sns);
}

async function tell(what: string, notice: Notice, peopleTopicArn: string, sns: Pick<SNSClient, "send">): Promise<void> {
  try {
    await sns.send(new PublishCommand({ TopicArn: peopleTopicArn, ...messageOf(notice) }));
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Error(
      `The ${what} could not be announced on ${peopleTopicArn} (${why}). The weight has moved; allow sns:Publish on the topic and run pulumi up again.`,
    );
  }
}
