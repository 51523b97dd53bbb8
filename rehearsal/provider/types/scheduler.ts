import type { CreateScheduleCommandInput } from "@aws-sdk/client-scheduler";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, parseJson } from "../json";
import type { Registry, ResourceType } from "../resource-type";
import { COMPUTED, num, obj, REQUIRED, str } from "../schema";
import { must } from "./ec2-common";
import { asOneOf } from "./elb-common";

const DEFAULT_GROUP = "default";

function scheduleOf(a: Bag): CreateScheduleCommandInput {
  const [window, target] = [a.bag("flexibleTimeWindow"), must(a.bag("target"), "a target")];
  const [retry, dead] = [target.bag("retryPolicy"), target.bag("deadLetterConfig")];
  const [start, end] = [a.str("startDate"), a.str("endDate")];
  return {
    Name: a.need("name"),
    GroupName: a.str("groupName"),
    Description: a.str("description"),
    ScheduleExpression: a.need("scheduleExpression"),
    ScheduleExpressionTimezone: a.str("scheduleExpressionTimezone"),
    State: asOneOf(["ENABLED", "DISABLED"], a.str("state")),
    ActionAfterCompletion: asOneOf(["NONE", "DELETE"], a.str("actionAfterCompletion")),
    ...(start ? { StartDate: new Date(start) } : {}),
    ...(end ? { EndDate: new Date(end) } : {}),
    FlexibleTimeWindow: {
      Mode: asOneOf(["OFF", "FLEXIBLE"], window?.need("mode")),
      MaximumWindowInMinutes: window?.num("maximumWindowInMinutes"),
    },
    Target: {
      Arn: target.need("arn"),
      RoleArn: target.need("roleArn"),
      Input: target.str("input"),
      ...(dead ? { DeadLetterConfig: { Arn: dead.need("arn") } } : {}),
      ...(retry
        ? {
            RetryPolicy: {
              MaximumEventAgeInSeconds: retry.num("maximumEventAgeInSeconds"),
              MaximumRetryAttempts: retry.num("maximumRetryAttempts"),
            },
          }
        : {}),
    },
  };
}

const Schedule: ResourceType = {
  inputs: {
    name: str({ autoname: 64, replace: true }),
    groupName: str({ default: DEFAULT_GROUP, replace: true }),
    description: str(),
    scheduleExpression: str(REQUIRED),
    scheduleExpressionTimezone: str({ default: "UTC" }),
    startDate: str(COMPUTED),
    endDate: str(COMPUTED),
    state: str({ default: "ENABLED" }),
    actionAfterCompletion: str({ default: "NONE" }),
    flexibleTimeWindow: obj({ mode: str(REQUIRED), maximumWindowInMinutes: num() }, REQUIRED),
    target: obj(
      {
        arn: str(REQUIRED),
        roleArn: str(REQUIRED),
        input: str({ document: true, canonical: (value): Json => parseJson(String(value)) ?? value }),
        retryPolicy: obj({ maximumEventAgeInSeconds: num(COMPUTED), maximumRetryAttempts: num(COMPUTED) }, COMPUTED),
        deadLetterConfig: obj({ arn: str(REQUIRED) }),
      },
      REQUIRED,
    ),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    await ctx.aws.scheduler.createSchedule(scheduleOf(a));
    return `${a.str("groupName") ?? DEFAULT_GROUP}/${a.need("name")}`;
  },
  async read(ctx, id) {
    const [GroupName = DEFAULT_GROUP, Name = ""] = id.split("/");
    const schedule = await found(ctx.aws.scheduler.getSchedule({ Name, GroupName }));
    if (!schedule) return undefined;
    const [target, window] = [schedule.Target, schedule.FlexibleTimeWindow];
    const retry = target?.RetryPolicy;
    return {
      name: schedule.Name,
      groupName: schedule.GroupName ?? DEFAULT_GROUP,
      description: schedule.Description,
      scheduleExpression: schedule.ScheduleExpression,
      scheduleExpressionTimezone: schedule.ScheduleExpressionTimezone ?? "UTC",
      startDate: schedule.StartDate?.toISOString(),
      endDate: schedule.EndDate?.toISOString(),
      state: schedule.State ?? "ENABLED",
      actionAfterCompletion: schedule.ActionAfterCompletion ?? "NONE",
      flexibleTimeWindow: defined({ mode: window?.Mode, maximumWindowInMinutes: window?.MaximumWindowInMinutes }),
      target: defined({
        arn: target?.Arn,
        roleArn: target?.RoleArn,
        input: target?.Input,
        retryPolicy: retry
          ? defined({
              maximumEventAgeInSeconds: retry.MaximumEventAgeInSeconds,
              maximumRetryAttempts: retry.MaximumRetryAttempts,
            })
          : undefined,
        deadLetterConfig: target?.DeadLetterConfig?.Arn ? { arn: target.DeadLetterConfig.Arn } : undefined,
      }),
      arn: schedule.Arn,
    };
  },
  async update(ctx, _id, { news }) {
    await ctx.aws.scheduler.updateSchedule(scheduleOf(news));
  },
  async delete(ctx, id) {
    const [GroupName = DEFAULT_GROUP, Name = ""] = id.split("/");
    await ctx.aws.scheduler.deleteSchedule({ Name, GroupName });
  },
};

/** EventBridge Scheduler. */
export const SCHEDULER: Registry = { "aws:scheduler/schedule:Schedule": Schedule };
