import type { Target } from "@aws-sdk/client-eventbridge";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, parseJson } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, map, num, obj, REQUIRED, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { asOneOf, elbTags } from "./elb-common";

const DEFAULT_BUS = "default";

async function putRule(ctx: Context, a: Bag): Promise<string> {
  const made = await ctx.aws.events.putRule({
    Name: a.need("name"),
    EventBusName: a.str("eventBusName"),
    Description: a.str("description"),
    EventPattern: a.str("eventPattern"),
    ScheduleExpression: a.str("scheduleExpression"),
    RoleArn: a.str("roleArn"),
    State: asOneOf(["ENABLED", "DISABLED"], a.str("state")),
  });
  return must(made.RuleArn, "a rule ARN");
}

const EventRule: ResourceType = {
  inputs: {
    name: str({ autoname: 64, replace: true }),
    eventBusName: str({ default: DEFAULT_BUS, replace: true }),
    description: str(),
    eventPattern: str({ document: true, canonical: (value): Json => parseJson(String(value)) ?? value }),
    scheduleExpression: str(),
    roleArn: str(),
    state: str({ default: "ENABLED" }),
    forceDestroy: bool({ local: true }),
    tags: tags(),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    const ResourceARN = await putRule(ctx, a);
    ctx.created(a.need("name"));
    const Tags = elbTags(a.map("tags"));
    if (Tags) await ctx.aws.events.tagResource({ ResourceARN, Tags });
    return a.need("name");
  },
  async read(ctx, Name, known) {
    const EventBusName = known.str("eventBusName");
    const rule = await found(ctx.aws.events.describeRule({ Name, EventBusName }));
    if (!rule?.Arn) return undefined;
    const { Tags } = await ctx.aws.events.listTagsForResource({ ResourceARN: rule.Arn });
    return {
      name: rule.Name,
      eventBusName: rule.EventBusName ?? DEFAULT_BUS,
      description: rule.Description,
      eventPattern: rule.EventPattern,
      scheduleExpression: rule.ScheduleExpression,
      roleArn: rule.RoleArn,
      state: rule.State,
      tags: tagMap(Tags),
      arn: rule.Arn,
    };
  },
  async update(ctx, _id, change) {
    await putRule(ctx, change.news);
    const ResourceARN = change.state.need("arn");
    const { set, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.events.untagResource({ ResourceARN, TagKeys: remove });
    const Tags = elbTags(set);
    if (Tags) await ctx.aws.events.tagResource({ ResourceARN, Tags });
  },
  async delete(ctx, Name, state) {
    const EventBusName = state.str("eventBusName");
    if (state.bool("forceDestroy")) {
      const { Targets } = await ctx.aws.events.listTargetsByRule({ Rule: Name, EventBusName });
      const Ids = (Targets ?? []).flatMap((target) => target.Id ?? []);
      if (Ids.length > 0) await ctx.aws.events.removeTargets({ Rule: Name, EventBusName, Ids });
    }
    await ctx.aws.events.deleteRule({ Name, EventBusName });
  },
};

function targetOf(a: Bag): Target {
  const [dead, retry, transformer] = [a.bag("deadLetterConfig"), a.bag("retryPolicy"), a.bag("inputTransformer")];
  return {
    Id: a.need("targetId"),
    Arn: a.need("arn"),
    RoleArn: a.str("roleArn"),
    Input: a.str("input"),
    InputPath: a.str("inputPath"),
    ...(dead ? { DeadLetterConfig: { Arn: dead.str("arn") } } : {}),
    ...(retry
      ? {
          RetryPolicy: {
            MaximumEventAgeInSeconds: retry.num("maximumEventAgeInSeconds"),
            MaximumRetryAttempts: retry.num("maximumRetryAttempts"),
          },
        }
      : {}),
    ...(transformer
      ? {
          InputTransformer: {
            InputPathsMap: transformer.map("inputPaths"),
            InputTemplate: transformer.need("inputTemplate"),
          },
        }
      : {}),
  };
}

async function putTarget(ctx: Context, a: Bag): Promise<void> {
  const [Rule, EventBusName] = [a.need("rule"), a.str("eventBusName")];
  const answer = await ctx.aws.events.putTargets({ Rule, EventBusName, Targets: [targetOf(a)] });
  const [failed] = answer.FailedEntries ?? [];
  if (failed) throw new Error(`${failed.ErrorCode}: ${failed.ErrorMessage}`);
}

const EventTarget: ResourceType = {
  inputs: {
    rule: str(KEY),
    arn: str(REQUIRED),
    targetId: str({ autoname: 64, replace: true }),
    eventBusName: str({ default: DEFAULT_BUS, replace: true }),
    roleArn: str(),
    input: str({ document: true, canonical: (value): Json => parseJson(String(value)) ?? value }),
    inputPath: str(),
    inputTransformer: obj({ inputPaths: map(), inputTemplate: str(REQUIRED) }),
    deadLetterConfig: obj({ arn: str() }),
    retryPolicy: obj({ maximumEventAgeInSeconds: num(COMPUTED), maximumRetryAttempts: num(COMPUTED) }, COMPUTED),
    forceDestroy: bool({ local: true }),
  },
  async create(ctx, a) {
    await putTarget(ctx, a);
    return `${a.need("rule")}-${a.need("targetId")}`;
  },
  async read(ctx, _id, known) {
    const [Rule, EventBusName] = [known.need("rule"), known.str("eventBusName")];
    const answer = await found(ctx.aws.events.listTargetsByRule({ Rule, EventBusName }));
    const target = answer?.Targets?.find((one) => one.Id === known.need("targetId"));
    if (!target) return undefined;
    const [retry, transformer] = [target.RetryPolicy, target.InputTransformer];
    return {
      rule: Rule,
      arn: target.Arn,
      targetId: target.Id,
      eventBusName: EventBusName ?? DEFAULT_BUS,
      roleArn: target.RoleArn,
      input: target.Input,
      inputPath: target.InputPath,
      inputTransformer: transformer
        ? defined({ inputPaths: { ...transformer.InputPathsMap }, inputTemplate: transformer.InputTemplate })
        : undefined,
      deadLetterConfig: target.DeadLetterConfig?.Arn ? { arn: target.DeadLetterConfig.Arn } : undefined,
      retryPolicy: retry
        ? defined({
            maximumEventAgeInSeconds: retry.MaximumEventAgeInSeconds,
            maximumRetryAttempts: retry.MaximumRetryAttempts,
          })
        : undefined,
    };
  },
  async update(ctx, _id, { news }) {
    await putTarget(ctx, news);
  },
  async delete(ctx, _id, state) {
    const [Rule, EventBusName] = [state.need("rule"), state.str("eventBusName")];
    await ctx.aws.events.removeTargets({ Rule, EventBusName, Ids: [state.need("targetId")] });
  },
};

/** EventBridge rules and their targets. */
export const EVENTS: Registry = {
  "aws:cloudwatch/eventRule:EventRule": EventRule,
  "aws:cloudwatch/eventTarget:EventTarget": EventTarget,
};
