import type { AwsCall } from "./call";
import type { AwsError } from "./errors";
import { type Handler, type HandlerContext, type Handlers, jsonBuffer, jsonOf } from "./handlers";
import { type CloudWatchReality, type JsonObject, NotRehearsed } from "./reality";

/**
 * CloudWatch: metrics are the rehearsal's own, which keeps raw samples in rehearsal time; alarms, their states and
 * actions are the emulator's, but it may not evaluate them: it would ignore dimensions, periods and missing data.
 */
export const cloudwatchHandlers: Handlers = {
  "monitoring:ListDashboards": { correct: async (_call, answer) => withEpochSeconds(answer) },
  "monitoring:PutMetricData": fromStore((store, request) => {
    store.putMetricData(request);
    return {};
  }),
  "monitoring:GetMetricData": fromStore((store, request) => store.getMetricData(request)),
  "monitoring:GetMetricStatistics": fromStore((store, request) => store.getMetricStatistics(request)),
  "monitoring:ListMetrics": fromStore((store, request) => store.listMetrics(request)),
  "monitoring:PutMetricAlarm": {
    // Without a metric the emulator keeps the alarm and leaves its state alone.
    rewrite: (call, { memory }) => {
      memory.alarmPut(jsonOf(call));
      return jsonBuffer({ ...jsonOf(call), MetricName: undefined, Namespace: undefined });
    },
  },
  "monitoring:DescribeAlarms": {
    correct: (_call, answer, { memory }) => {
      const body = JSON.parse(answer.toString("utf8")) as Record<string, JsonObject[] | undefined>;
      const corrected = Object.entries(body).map(([kind, alarms]) => [
        kind,
        kind.endsWith("Alarms") ? alarms?.map((it) => memory.alarm(it)) : alarms,
      ]);
      return jsonBuffer(Object.fromEntries(corrected));
    },
  },
  "monitoring:SetAlarmState": {
    correct: (_call, answer, { memory }) => {
      memory.stateSet(Date.now());
      return answer;
    },
  },
  "logs:PutLogEvents": {
    correct: (call, answer, { cloudwatch }) => {
      const { logGroupName, logStreamName, logEvents } = jsonOf(call);
      const events = (logEvents ?? []) as readonly JsonObject[];
      cloudwatch?.logEvents(String(logGroupName), String(logStreamName), events);
      return answer;
    },
  },
  "logs:FilterLogEvents": {
    // The emulator takes every event for a match of a JSON pattern.
    answer: (call, { cloudwatch }) => {
      const found = refusing(() => cloudwatch?.filterLogEvents(jsonOf(call)));
      return found === undefined || isError(found) ? found : jsonBuffer(found);
    },
  },
};

function fromStore(answer: (store: CloudWatchReality, request: JsonObject) => JsonObject): Handler {
  return {
    answer: (call: AwsCall, { cloudwatch }: HandlerContext): Buffer | AwsError | undefined => {
      if (!cloudwatch) return undefined;
      if (call.protocol !== "json") return invalid(`the rehearsal's CloudWatch speaks JSON, not ${call.protocol}`);
      const found = refusing(() => answer(cloudwatch, jsonOf(call)));
      return isError(found) ? found : jsonBuffer(found);
    },
  };
}

function refusing<T>(work: () => T): T | AwsError {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotRehearsed) return invalid(error.message);
    throw error;
  }
}

const isError = (value: JsonObject | AwsError | undefined): value is AwsError =>
  typeof value?.status === "number" && typeof value.code === "string";

const invalid = (message: string): AwsError => ({ status: 400, code: "InvalidParameterValue", message });

/** The emulator gives a dashboard's time as text, where this protocol has seconds. */
function withEpochSeconds(answer: Buffer): Buffer {
  const body = JSON.parse(answer.toString("utf8")) as { DashboardEntries?: { LastModified?: unknown }[] };
  for (const entry of body.DashboardEntries ?? []) {
    if (typeof entry.LastModified === "string") entry.LastModified = Date.parse(entry.LastModified) / 1000;
  }
  return Buffer.from(JSON.stringify(body));
}
