import {
  type CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
import type { LostMessages } from "@cutover/domain/rollback/notice";
import { awsReason, type PersistOptions, persist } from "../aws/persist";

/** As far back as the slowest trigger's window. */
const MINUTES = 60;
/** A notice is read by a person. */
const LONGEST_LIST = 50;

/**
 * Customers' messages that Python's log reports as failed: those a person may want to look after. Messages that were
 * refused at the door are not among them: nothing in AWS knows their ids. CloudWatch Logs may answer with empty pages
 * before the one that matters, so every page is read; where time runs out before the last, "none" is never said.
 *
 * @param now milliseconds since the epoch, by the clock of the log's stamps
 * @throws the error of the first page where that can't be read
 */
export async function lostMessages(
  logGroup: string,
  now: number,
  logs: Pick<CloudWatchLogsClient, "send">,
  within: PersistOptions,
): Promise<LostMessages> {
  const giveUpAt = Date.now() + within.deadlineMs;
  const found = new Set<string>();
  let cut: string | undefined;
  let nextToken: string | undefined;
  do {
    const page = await nextPage(logGroup, now, nextToken, logs, { ...within, deadlineMs: giveUpAt - Date.now() });
    if ("failed" in page) {
      if (nextToken === undefined) throw page.failed;
      cut = awsReason(page.failed);
      break;
    }
    for (const { message = "" } of page.events ?? []) for (const id of failedId(message)) found.add(id);
    const before = nextToken;
    nextToken = page.nextToken || undefined;
    if (nextToken === undefined) break;
    if (nextToken === before) cut = "CloudWatch Logs gave the same page again";
    else if (Date.now() >= giveUpAt) cut = `there is more than ${within.deadlineMs / 1000} s let read`;
  } while (cut === undefined);
  if (cut !== undefined && found.size === 0)
    return { known: false, why: `Python's log was not read to its end: ${cut}` };
  const ids = [...found];
  return {
    known: true,
    ids: ids.slice(-LONGEST_LIST),
    more: ids.length > LONGEST_LIST || cut !== undefined,
    sinceMinutes: MINUTES,
  };
}

async function nextPage(
  logGroupName: string,
  now: number,
  nextToken: string | undefined,
  logs: Pick<CloudWatchLogsClient, "send">,
  within: PersistOptions,
): Promise<FilterLogEventsCommandOutput | { readonly failed: unknown }> {
  const command = new FilterLogEventsCommand({
    logGroupName,
    startTime: now - MINUTES * 60_000,
    filterPattern: '{ $.event = "message_processed" && $.outcome = "failed" }',
    ...(nextToken === undefined ? {} : { nextToken }),
  });
  try {
    return await persist("reading Python's log", (abortSignal) => logs.send(command, { abortSignal }), within);
  } catch (failed) {
    return { failed };
  }
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
