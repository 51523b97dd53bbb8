import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { AlarmState } from "@cutover/domain/cloudwatch/definition";

/** An alarm as CloudWatch shows it. */
export interface AlarmNow {
  readonly name: string;
  readonly state: AlarmState;
  /** When it last changed its state, ms since the epoch; undefined where CloudWatch does not say. */
  readonly changedAt?: number;
  /** Whether its actions are switched on. */
  readonly actionsEnabled: boolean;
}

/** Names that DescribeAlarms takes in one call. */
const AT_ONCE = 100;

/** Metric and composite alarms of these names; one that does not exist is not in the answer. Every failure is thrown. */
export async function readAlarmStates(
  names: readonly string[],
  aws: AwsPlace,
  cloudwatch: Pick<CloudWatchClient, "send"> = new CloudWatchClient(aws),
): Promise<AlarmNow[]> {
  const found: AlarmNow[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const { MetricAlarms = [], CompositeAlarms = [] } = await cloudwatch.send(
      new DescribeAlarmsCommand({
        AlarmNames: names.slice(at, at + AT_ONCE),
        AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
        MaxRecords: AT_ONCE,
      }),
    );
    for (const alarm of [...MetricAlarms, ...CompositeAlarms]) {
      if (alarm.AlarmName === undefined) continue;
      found.push({
        name: alarm.AlarmName,
        state: alarm.StateValue ?? "INSUFFICIENT_DATA",
        ...(alarm.StateUpdatedTimestamp ? { changedAt: alarm.StateUpdatedTimestamp.getTime() } : {}),
        actionsEnabled: alarm.ActionsEnabled ?? true,
      });
    }
  }
  return found;
}
