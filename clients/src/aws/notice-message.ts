import type { PublishCommandInput } from "@aws-sdk/client-sns";
import { AUDIENCE, type Notice } from "@cutover/domain/rollback/notice";

/** A notice as the people's topic takes it: stakeholders' subscriptions let pass only what says that it is for everyone. */
export function messageOf({ subject, text, audience }: Notice): PublishCommandInput {
  return {
    Subject: subject,
    Message: text,
    ...(audience ? { MessageAttributes: { [AUDIENCE]: { DataType: "String", StringValue: audience } } } : {}),
  };
}
