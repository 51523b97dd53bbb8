import type { Invocation } from "./schedule";
import type { MetricValues } from "./store";

/**
 * What AWS publishes of a function's run by its schedule, in the minute for which it was called. Runs that an alarm's topic
 * begins happen inside the emulator and are not counted: there are fewer invocations here than on AWS, never more.
 */
export function functionData({ functionName, minute, error }: Invocation): MetricValues[] {
  const data = (metricName: string, value: number): MetricValues => ({
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: functionName },
    at: minute,
    samples: [{ value, count: 1 }],
  });
  return [data("Invocations", 1), data("Errors", error === undefined ? 0 : 1)];
}
