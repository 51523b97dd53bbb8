import { dashboardBody } from "@cutover/domain/dashboard";
import type { Desired } from "@cutover/domain/decide";
import type { TriggerDimensions } from "@cutover/domain/triggers";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import { physicalName } from "./naming";

export interface DashboardArgs {
  readonly stack: string;
  readonly region: string;
  readonly desired: Desired;
  readonly dimensions: pulumi.Output<TriggerDimensions>;
  readonly rollbackAlarmArns: pulumi.Output<string[]>;
}

/** One page in CloudWatch: who serves, whether it is healthy, whether the rollback is armed. */
export function dashboard(name: string, args: DashboardArgs, opts: pulumi.CustomResourceOptions): cloudwatch.Dashboard {
  const { stack, region, desired } = args;
  const { phase, pythonShare } = desired;
  return new cloudwatch.Dashboard(
    name,
    {
      dashboardName: physicalName(stack, ""),
      dashboardBody: pulumi.all([args.dimensions, args.rollbackAlarmArns]).apply(([dimensions, rollbackAlarmArns]) =>
        dashboardBody({
          stack,
          region,
          phase: phase.name,
          means: phase.means,
          pythonShare,
          rollbackAlarmArns,
          ...dimensions,
        }),
      ),
    },
    opts,
  );
}
