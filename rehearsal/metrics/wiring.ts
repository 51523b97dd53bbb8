import { type CloudWatchClient, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import { GetPolicyCommand, type LambdaClient, ResourceNotFoundException } from "@aws-sdk/client-lambda";
import {
  GetTopicAttributesCommand,
  NotFoundException,
  paginateListSubscriptionsByTopic,
  type SNSClient,
} from "@aws-sdk/client-sns";
import { allowsService } from "./resource-policy";

export interface WiringClients {
  readonly cloudwatch: CloudWatchClient;
  readonly sns: SNSClient;
  readonly lambda: LambdaClient;
}

/**
 * Why an alarm's action would not arrive on AWS, one sentence each: the emulator delivers without asking topics' and
 * functions' policies, and knows nothing of encryption.
 */
export async function wiringProblems({ cloudwatch, sns, lambda }: WiringClients): Promise<string[]> {
  const alarmsOf = new Map<string, string[]>();
  const query = { AlarmTypes: ["MetricAlarm" as const, "CompositeAlarm" as const] };
  for await (const page of paginateDescribeAlarms({ client: cloudwatch }, query)) {
    for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
      const actions = [...(alarm.AlarmActions ?? []), ...(alarm.OKActions ?? [])];
      for (const topic of actions.filter((arn) => arn.includes(":sns:"))) {
        alarmsOf.set(topic, [...(alarmsOf.get(topic) ?? []), alarm.AlarmArn ?? ""]);
      }
    }
  }
  const problems: string[] = [];
  for (const [topic, alarms] of alarmsOf) {
    problems.push(...(await topicProblems(topic, alarms, sns)));
    problems.push(...(await subscriptionProblems(topic, sns, lambda)));
  }
  return problems;
}

async function topicProblems(TopicArn: string, alarms: readonly string[], sns: SNSClient): Promise<string[]> {
  try {
    const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    const closed = alarms.filter((arn) => !allowsService(Attributes.Policy ?? "{}", "cloudwatch.amazonaws.com", arn));
    return [
      ...closed.map((arn) => `${arn} may not publish to ${TopicArn}: the topic's policy does not allow it`),
      ...(Attributes.KmsMasterKeyId === "alias/aws/sns"
        ? [`alarms can't publish to ${TopicArn}: CloudWatch may not use the key alias/aws/sns`]
        : []),
    ];
  } catch (error) {
    if (error instanceof NotFoundException)
      return [`${alarms.join(", ")} would publish to ${TopicArn}, which is not there`];
    throw error;
  }
}

async function subscriptionProblems(TopicArn: string, client: SNSClient, lambda: LambdaClient): Promise<string[]> {
  const problems: string[] = [];
  for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn })) {
    for (const { Protocol, Endpoint = "" } of page.Subscriptions ?? []) {
      if (Protocol !== "lambda") continue;
      if (allowsService(await policyOf(Endpoint, lambda), "sns.amazonaws.com", TopicArn)) continue;
      problems.push(`${TopicArn} may not call ${Endpoint}: declare an aws:lambda:Permission for sns.amazonaws.com`);
    }
  }
  return problems;
}

/** A function's own policy; without one nobody may call it. */
export async function policyOf(FunctionName: string, lambda: LambdaClient): Promise<string> {
  try {
    return (await lambda.send(new GetPolicyCommand({ FunctionName }))).Policy ?? "{}";
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return "{}";
    throw error;
  }
}
