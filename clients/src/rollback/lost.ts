import { type CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { LostMessages } from "@cutover/domain/rollback/notice";

/** As far back as the slowest trigger's window. */
const MINUTES = 60;
/** A notice is read by a person. */
const LONGEST_LIST = 50;

/**
 * Customers' messages that Python's log reports as failed: those a person may want to look after. Messages that were
 * refused at the door are not among them: nothing in AWS knows their ids.
 */
export async function lostMessages(
  logGroup: string,
  now: number,
  logs: Pick<CloudWatchLogsClient, "send">,
  abortSignal: AbortSignal,
): Promise<LostMessages> {
  const { events = [], nextToken } = await logs.send(
    new FilterLogEventsCommand({
      logGroupName: logGroup,
      startTime: now - MINUTES * 60_000,
      filterPattern: '{ $.event = "message_processed" && $.outcome = "failed" }',
    }),
    { abortSignal },
  );
  const ids = [...new Set(events.flatMap(({ message }) => failedId(message ?? "")))];
  return {
    known: true,
    ids: ids.slice(-LONGEST_LIST),
    more: ids.length > LONGEST_LIST || nextToken !== undefined,
    sinceMinutes: MINUTES,
  };
}

/** Checked again here: a pattern that matches too much must not name messages that are fine. */
function failedId(line: string): string[] {
  try {
    const { event, outcome, synthetic, messageId } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const failed = event === "message_processed" && outcome === "failed" && synthetic !== true;
    return failed && typeof messageId === "string" ? [messageId] : [];
  } catch {
    return [];
  }
}
