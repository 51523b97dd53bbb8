import type { Notice } from "./rollback/notice";

/** A notice is read by a person. */
const LONGEST_LIST = 50;

/** Held messages that no engine takes: a person has to look at them. `refused`: key and reason of each. */
export function refusedNotice(stack: string, refused: readonly string[], queueUrl: string): Notice {
  const many = refused.length === 1 ? "a held message was refused" : `${refused.length} held messages were refused`;
  return {
    subject: `[cutover ${stack}] ${many}`.slice(0, 100),
    text: [
      `From the inbox of ${stack}, ${many}. They are kept for 14 days and go to no engine by themselves:`,
      ...refused.slice(0, LONGEST_LIST).map((line) => `  ${line}`),
      ...(refused.length > LONGEST_LIST ? [`  and ${refused.length - LONGEST_LIST} more`] : []),
      "",
      `To look at them (docs/runbook.md, "Messages in the inbox"):`,
      `  aws sqs receive-message --queue-url ${queueUrl} --max-number-of-messages 10 --message-attribute-names All`,
    ].join("\n"),
  };
}
