import type { CompositeAlarm } from "@aws-sdk/client-cloudwatch";
import { paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { waitFor } from "../support/wait";
import type { Seen } from "./checks";
import type { Stage } from "./stage";

/** Real ms from the record to the last line of the run that an alarm began. */
const DEADLINE_MS = 15_000;

/**
 * Did the alarm itself call the rollback function? The reconciler looks each minute, which is each second here, and would roll
 * back too where the way from alarm to topic to function is cut; so the function's own log is asked what called it.
 */
export async function calledByAlarm({ aws, signal }: Pick<Stage, "aws" | "signal">, rollback: string): Promise<Seen> {
  const functions = await functionsBehind(aws, await compositeAlarms(aws));
  let seen: string[] = [];
  await waitFor(
    async () => {
      const lines = await Promise.all(functions.map((arn) => logLines(aws, arn)));
      seen = sources(lines.flat(), rollback);
      return seen.includes("alarm");
    },
    {
      what: `a run of the function for ${rollback} that an alarm began`,
      deadlineMs: DEADLINE_MS,
      everyMs: 250,
      signal,
    },
  ).catch((error: Error) => {
    signal.throwIfAborted();
    throw new Error(`${error.message}; called by: ${seen.join(", ") || "nobody"}`);
  });
  return { ok: true, seen: `called by ${[...new Set(seen)].join(" and ")}` };
}

/** What called the function, by its reports of this rollback: "alarm", "reconcile", "manual". */
export function sources(lines: readonly string[], rollback: string): string[] {
  return lines.flatMap((line) => {
    const at = line.indexOf("{");
    if (at < 0 || !line.includes("rollback_report")) return [];
    try {
      const { source, id } = JSON.parse(line.slice(at)) as { readonly source?: string; readonly id?: string };
      return id === rollback && source !== undefined ? [source] : [];
    } catch {
      return []; // a line that was cut
    }
  });
}

/** The alarms that roll back. */
export async function compositeAlarms(aws: Stage["aws"]): Promise<readonly CompositeAlarm[]> {
  const { CompositeAlarms = [] } = await aws.cloudwatch.describeAlarms({ AlarmTypes: ["CompositeAlarm"] });
  return CompositeAlarms;
}

/** ARNs of the functions that these alarms' topics call. */
export async function functionsBehind(aws: Stage["aws"], alarms: readonly CompositeAlarm[]): Promise<string[]> {
  const topics = [...new Set(alarms.flatMap((alarm) => alarm.AlarmActions ?? []))];
  const found = await Promise.all(topics.map((TopicArn) => aws.sns.listSubscriptionsByTopic({ TopicArn })));
  return found
    .flatMap(({ Subscriptions = [] }) => Subscriptions)
    .flatMap(({ Protocol, Endpoint = "" }) => (Protocol === "lambda" ? [Endpoint] : []));
}

async function logLines(aws: Stage["aws"], functionArn: string): Promise<string[]> {
  const lines: string[] = [];
  const logGroupName = `/aws/lambda/${functionArn.split(":").at(-1)}`;
  for await (const { events = [] } of paginateFilterLogEvents({ client: aws.logs }, { logGroupName })) {
    lines.push(...events.map(({ message = "" }) => message));
  }
  return lines;
}
