import { DATED_NOTICES, type NoticeDates, onceAt } from "@cutover/domain/notices";
import * as iam from "@pulumi/aws/iam";
import * as scheduler from "@pulumi/aws/scheduler";
import * as pulumi from "@pulumi/pulumi";
import { arnParts } from "./rollback-policies";

/** How long a notice may come late when the function can't be called. Seconds. */
const LATE_SECONDS = 3600;

export interface NoticesArgs {
  readonly stack: string;
  /** The rollback function, which knows at that moment what is true. */
  readonly functionArn: pulumi.Input<string>;
  /** At least one. */
  readonly dates: NoticeDates;
}

/**
 * A one-time schedule of EventBridge for each notice with a date. It calls the rollback function with the notice's name only: the
 * function tells people what is true by then, or drops it. A schedule whose date has passed stays as it is (`NONE`), so that time
 * alone changes nothing; AWS refuses to write a past date, so nothing else of it may ever differ but the date itself.
 */
export class Notices extends pulumi.ComponentResource {
  constructor(name: string, args: NoticesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Notices", name, { stack: args.stack }, opts);
    const { stack, functionArn, dates } = args;
    const { role, policy } = this.role(name, args);
    for (const notice of DATED_NOTICES) {
      const date = dates[notice];
      if (date === undefined) continue;
      new scheduler.Schedule(
        `${name}-${notice}`,
        {
          name: `cutover-${stack}-${notice}`,
          scheduleExpression: onceAt(date),
          scheduleExpressionTimezone: "UTC",
          actionAfterCompletion: "NONE",
          flexibleTimeWindow: { mode: "OFF" },
          target: {
            arn: functionArn,
            roleArn: role.arn,
            input: JSON.stringify({ source: "notice", notice }),
            retryPolicy: { maximumEventAgeInSeconds: LATE_SECONDS, maximumRetryAttempts: 10 },
          },
        },
        { parent: this, dependsOn: [policy] },
      );
    }
    this.registerOutputs({});
  }

  /** The scheduler may call that one function, for this account's schedules only. */
  private role(name: string, { stack, functionArn }: NoticesArgs): { role: iam.Role; policy: iam.RolePolicy } {
    const role = new iam.Role(
      `${name}-role`,
      {
        name: `cutover-${stack}-notices`,
        assumeRolePolicy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "scheduler.amazonaws.com" },
              Action: "sts:AssumeRole",
              Condition: { StringEquals: { "aws:SourceAccount": arnParts(functionArn).account } },
            },
          ],
        }),
      },
      { parent: this },
    );
    const policy = new iam.RolePolicy(
      `${name}-role`,
      {
        name: "notices",
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArn }],
        }),
      },
      { parent: this },
    );
    return { role, policy };
  }
}
