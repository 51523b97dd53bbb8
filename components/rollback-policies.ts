import * as pulumi from "@pulumi/pulumi";

/** Where a resource of ours is, read off its ARN: no call to AWS is needed to know the account. */
export interface ArnParts {
  readonly partition: pulumi.Output<string>;
  readonly region: pulumi.Output<string>;
  readonly account: pulumi.Output<string>;
}

/** Partition, region and account of any regional resource of the stack. */
export function arnParts(arn: pulumi.Input<string>): ArnParts {
  const part = (at: number) => pulumi.output(arn).apply((text) => text.split(":")[at] ?? "");
  return { partition: part(1), region: part(3), account: part(4) };
}

/** Alarms of this stack, and nobody else, may publish to the topic. */
export function alarmPublishing(stack: string, topicArn: pulumi.Input<string>, parts: ArnParts) {
  const { partition, region, account } = parts;
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "AlarmsOfThisStack",
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topicArn,
        Condition: {
          ArnLike: {
            "aws:SourceArn": pulumi.interpolate`arn:${partition}:cloudwatch:${region}:${account}:alarm:cutover-${stack}-*`,
          },
          StringEquals: { "aws:SourceAccount": account },
        },
      },
    ],
  };
}

export interface RollbackRightsArgs {
  readonly stack: string;
  readonly parts: ArnParts;
  /** The one rule the function may change. */
  readonly killSwitchRuleArn: pulumi.Input<string>;
  /** Looked at, to know when it is empty; undefined: there is no inbox. */
  readonly inboxQueueArn: pulumi.Input<string> | undefined;
  readonly secretArns: readonly pulumi.Input<string>[];
  readonly peopleTopicArn: pulumi.Input<string>;
  readonly ownLogGroupArn: pulumi.Input<string>;
  readonly pythonLogGroupArn: pulumi.Input<string>;
}

/** All that the rollback function may do. Calls that know no resource (Describe…) read only. */
export function rollbackRights(args: RollbackRightsArgs) {
  const { partition, region, account } = args.parts;
  const parameters = pulumi.interpolate`arn:${partition}:ssm:${region}:${account}:parameter/cutover/${args.stack}`;
  return {
    Version: "2012-10-17",
    Statement: [
      allow("elasticloadbalancing:ModifyRule", args.killSwitchRuleArn),
      ...(args.inboxQueueArn === undefined ? [] : [allow("sqs:GetQueueAttributes", args.inboxQueueArn)]),
      allow(["elasticloadbalancing:DescribeRules", "cloudwatch:DescribeAlarms"], "*"),
      allow("ssm:GetParameter", [
        pulumi.interpolate`${parameters}/applied`,
        pulumi.interpolate`${parameters}/rollback/*`,
      ]),
      allow("ssm:GetParametersByPath", pulumi.interpolate`${parameters}/rollback`),
      allow("ssm:PutParameter", pulumi.interpolate`${parameters}/rollback/*`),
      allow("secretsmanager:GetSecretValue", [...args.secretArns]),
      allow("sns:Publish", args.peopleTopicArn),
      allow("logs:FilterLogEvents", pulumi.interpolate`${args.pythonLogGroupArn}:*`),
      allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.interpolate`${args.ownLogGroupArn}:*`),
    ],
  };
}

function allow(Action: string | string[], Resource: pulumi.Input<string> | pulumi.Input<string>[]) {
  return { Effect: "Allow", Action, Resource };
}
