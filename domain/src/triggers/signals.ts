import type { AlarmDefinition, MetricQuery, MetricStat } from "../cloudwatch/definition";
import { type Engine, metricNamespace } from "../metrics";
import { countedMetric } from "./filters";
import { PLAN, SLOW_SECONDS } from "./plan";
import { lookingBack, type RateAlarm, type RateContext } from "./rates";
import { windowHolding } from "./windows";

/** An alarm on one metric, before it has its name. */
type Signal = Omit<AlarmDefinition, "name" | "description" | "queries"> & { readonly metric: MetricStat };

function alarm(stack: string, key: string, means: string, { metric, ...rest }: Signal): RateAlarm {
  return {
    key,
    means,
    definition: {
      name: `cutover-${stack}-${key}`,
      description: means,
      queries: [{ id: "m", metric, returnData: true }],
      ...rest,
    },
  };
}

/**
 * Every probe of 20 s failed, four times in a row. Probes go out every 15 s, so each 20 s hold at least one, and it
 * takes five or six failed probes: one in a hundred may fail in health. A silent prober is no failed probe
 * (`prober-silent`).
 */
export function probeAlarm(stack: string, engine: Engine): RateAlarm {
  const what = engine === "python" ? "Python" : "Node, the standby,";
  return alarm(stack, `${engine}-probes`, `${what} failed every probe for more than a minute.`, {
    metric: {
      namespace: metricNamespace(stack),
      metricName: "ProbeFailed",
      dimensions: { Engine: engine },
      period: 20,
      stat: "Minimum",
    },
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    evaluationPeriods: 4,
    datapointsToAlarm: 4,
    treatMissingData: "notBreaching",
  });
}

/**
 * No task of Python passes its health check. The load balancer reports this metric each minute as long as the target
 * group is attached, at share 0 too; so no data is as bad as 0. Only while Python is being built (share 0) is it not.
 */
export function hostAlarm(context: RateContext, share: number): RateAlarm {
  return alarm(context.stack, "python-hosts", "No task of Python is healthy.", {
    metric: customers(context, "HealthyHostCount", 60, "Minimum"),
    comparison: "LessThanThreshold",
    threshold: 1,
    evaluationPeriods: 2,
    datapointsToAlarm: 2,
    treatMissingData: share > 0 ? "breaching" : "notBreaching",
  });
}

/** The load balancer could not open connections to Python's tasks: in health there are none. */
export function connectionAlarm(context: RateContext): RateAlarm {
  const minutes = lookingBack(context, windowHolding(4, context.perHour));
  const means = `The load balancer could not connect to Python for 3 messages within ${minutes} min.`;
  return alarm(context.stack, "python-connections", means, {
    metric: customers(context, "TargetConnectionErrorCount", minutes * 60, "Sum"),
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: 3,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
  });
}

/** What is watched, but is no reason to roll back by itself. */
export function watchAlarms(context: RateContext, unmatched: string | undefined): RateAlarm[] {
  const { stack } = context;
  const quiet = { evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: "notBreaching" } as const;
  const own = (metricName: string, period: number, stat: string): MetricStat => ({
    namespace: metricNamespace(stack),
    metricName,
    dimensions: { Engine: "python" },
    period,
    stat,
  });
  return [
    alarm(stack, "elb-5xx", "The load balancer answered a message with 5xx itself; it does not say for which engine.", {
      metric: {
        namespace: "AWS/ApplicationELB",
        metricName: "HTTPCode_ELB_5XX_Count",
        dimensions: { LoadBalancer: context.loadBalancer },
        period: 60,
        stat: "Sum",
      },
      comparison: "GreaterThanThreshold",
      threshold: 0,
      ...quiet,
    }),
    ...(unmatched === undefined ? [] : [withoutSecret({ ...context, targetGroup: unmatched })]),
    alarm(stack, "prober-silent", "The prober has reported nothing for 3 minutes: probes can't roll back now.", {
      metric: own("ProbeFailed", 60, "SampleCount"),
      comparison: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods: 3,
      datapointsToAlarm: 3,
      treatMissingData: "breaching",
    }),
    rollbackSilent(stack),
    alarm(stack, "unfinished", "A message that Python accepted is unfinished after 10 minutes.", {
      metric: own("OldestUnfinishedSeconds", 60, "Maximum"),
      comparison: "GreaterThanThreshold",
      threshold: 600,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      treatMissingData: "notBreaching",
    }),
    alarm(stack, "inbox", "A message has waited in the inbox for more than 5 minutes: no engine takes it.", {
      metric: { ...own("InboxOldestSeconds", 60, "Maximum"), dimensions: {} },
      comparison: "GreaterThanThreshold",
      threshold: 300,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      treatMissingData: "notBreaching",
    }),
    slowEndToEnd(context),
  ];
}

/** Its own target group counts them. */
function withoutSecret(context: RateContext): RateAlarm {
  return alarm(context.stack, "unmatched", "Messages came without the right x-webhook-secret; they went to Node.", {
    metric: customers(context, "RequestCount", 300, "Sum"),
    comparison: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
  });
}

/**
 * The rollback function is called each minute. Without a run that ended well nothing else would say so: its own alarms go
 * to the very function that is broken. AWS reports neither metric in a minute without a call.
 */
function rollbackSilent(stack: string): RateAlarm {
  const key = "rollback-silent";
  const means = "The rollback function has ended no run well for 3 minutes: nothing rolls back by itself now.";
  const runs = (id: string, metricName: "Invocations" | "Errors"): MetricQuery => ({
    id,
    metric: {
      namespace: "AWS/Lambda",
      metricName,
      dimensions: { FunctionName: `cutover-${stack}-rollback` },
      period: 60,
      stat: "Sum",
    },
  });
  return {
    key,
    means,
    definition: {
      name: `cutover-${stack}-${key}`,
      description: means,
      queries: [
        runs("runs", "Invocations"),
        runs("failed", "Errors"),
        { id: "well", expression: "runs - FILL(failed, 0)", returnData: true },
      ],
      comparison: "LessThanThreshold",
      threshold: 1,
      // The newest minute may not be published yet, so three that are known and this one.
      evaluationPeriods: 4,
      datapointsToAlarm: 4,
      treatMissingData: "breaching",
    },
  };
}

/**
 * The load balancer sees the acknowledgement only; this is the time until a message was finished. A model that thinks
 * takes longer than 3 s in health, so it is watched and judged by people, not rolled back.
 */
function slowEndToEnd({ stack, perHour }: RateContext): RateAlarm {
  const period = windowHolding(60, perHour) * 60;
  const counted = (metric: "SlowMessages" | "Messages"): MetricStat => ({
    namespace: metricNamespace(stack),
    metricName: countedMetric("python", metric),
    dimensions: {},
    period,
    stat: "Sum",
  });
  const means = `More than ${PLAN.slow.percent} % of the messages took Python longer than ${SLOW_SECONDS} s from acceptance to the end.`;
  return {
    key: "python-slow-end-to-end",
    means,
    definition: {
      name: `cutover-${stack}-python-slow-end-to-end`,
      description: means,
      queries: [
        { id: "messages", metric: counted("Messages") },
        { id: "slow", metric: counted("SlowMessages") },
        {
          id: "share",
          expression: "IF(FILL(slow, 0) >= 6, 100 * FILL(slow, 0) / FILL(messages, 0), 0)",
          returnData: true,
        },
      ],
      comparison: "GreaterThanThreshold",
      threshold: PLAN.slow.percent,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      treatMissingData: "notBreaching",
    },
  };
}

function customers(context: RateContext, metricName: string, period: number, stat: string): MetricStat {
  return {
    namespace: "AWS/ApplicationELB",
    metricName,
    dimensions: { LoadBalancer: context.loadBalancer, TargetGroup: context.targetGroup },
    period,
    stat,
  };
}
