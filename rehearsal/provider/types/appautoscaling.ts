import type {
  PutScalingPolicyCommandInput,
  ScalableDimension,
  ServiceNamespace,
  TargetTrackingScalingPolicyConfiguration,
} from "@aws-sdk/client-application-auto-scaling";
import type { Bag } from "../bag";
import { defined, type Json } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, KEY, list, map, num, obj, REQUIRED, set, str } from "../schema";
import { must } from "./ec2-common";
import { asOneOf } from "./elb-common";

/** What this stack scales: the number of tasks of an ECS service. */
function targetOf(a: Bag): {
  ServiceNamespace: ServiceNamespace;
  ScalableDimension: ScalableDimension;
  ResourceId: string;
} {
  return {
    ServiceNamespace: must(asOneOf(["ecs"] as const, a.need("serviceNamespace")), "a namespace"),
    ScalableDimension: must(asOneOf(["ecs:service:DesiredCount"] as const, a.need("scalableDimension")), "a dimension"),
    ResourceId: a.need("resourceId"),
  };
}

async function register(ctx: Context, a: Bag): Promise<void> {
  const suspended = a.bag("suspendedState");
  await ctx.aws.autoScaling.registerScalableTarget({
    ...targetOf(a),
    MinCapacity: a.num("minCapacity"),
    MaxCapacity: a.num("maxCapacity"),
    RoleARN: a.str("roleArn"),
    ...(a.has("tags") ? { Tags: a.map("tags") } : {}),
    ...(suspended
      ? {
          SuspendedState: {
            DynamicScalingInSuspended: suspended.bool("dynamicScalingInSuspended"),
            DynamicScalingOutSuspended: suspended.bool("dynamicScalingOutSuspended"),
            ScheduledScalingSuspended: suspended.bool("scheduledScalingSuspended"),
          },
        }
      : {}),
  });
}

const Target: ResourceType = {
  inputs: {
    serviceNamespace: str(KEY),
    scalableDimension: str(KEY),
    resourceId: str(KEY),
    minCapacity: num(REQUIRED),
    maxCapacity: num(REQUIRED),
    roleArn: str({ computed: true, replace: true }),
    suspendedState: obj(
      {
        dynamicScalingInSuspended: bool(),
        dynamicScalingOutSuspended: bool(),
        scheduledScalingSuspended: bool(),
      },
      COMPUTED,
    ),
    // moto has no tags for application auto scaling: what is declared is sent and taken for granted.
    tags: map({ local: true }),
  },
  outputs: ["arn"],
  deleteBeforeReplace: true,
  async create(ctx, a) {
    await register(ctx, a);
    return a.need("resourceId");
  },
  async read(ctx, id, known) {
    const target = await findTarget(ctx, known);
    if (!target) return undefined;
    const suspended = target.SuspendedState;
    return {
      serviceNamespace: target.ServiceNamespace,
      scalableDimension: target.ScalableDimension,
      resourceId: target.ResourceId ?? id,
      minCapacity: target.MinCapacity,
      maxCapacity: target.MaxCapacity,
      roleArn: target.RoleARN,
      suspendedState: suspended
        ? {
            dynamicScalingInSuspended: suspended.DynamicScalingInSuspended ?? false,
            dynamicScalingOutSuspended: suspended.DynamicScalingOutSuspended ?? false,
            scheduledScalingSuspended: suspended.ScheduledScalingSuspended ?? false,
          }
        : undefined,
      arn: target.ScalableTargetARN,
    };
  },
  async update(ctx, _id, change) {
    await register(ctx, change.news);
  },
  async delete(ctx, _id, state) {
    await ctx.aws.autoScaling.deregisterScalableTarget(targetOf(state));
  },
};

async function findTarget(ctx: Context, a: Bag) {
  const { ServiceNamespace, ScalableDimension, ResourceId } = targetOf(a);
  const request = { ServiceNamespace, ScalableDimension, ResourceIds: [ResourceId] };
  return (await ctx.aws.autoScaling.describeScalableTargets(request)).ScalableTargets?.[0];
}

const CUSTOM_METRIC = obj({
  metricName: str(REQUIRED),
  namespace: str(REQUIRED),
  statistic: str(REQUIRED),
  unit: str(),
  dimensions: set(obj({ name: str(REQUIRED), value: str(REQUIRED) })),
});

const TRACKING = obj({
  targetValue: num(REQUIRED),
  disableScaleIn: bool(),
  scaleInCooldown: num(COMPUTED),
  scaleOutCooldown: num(COMPUTED),
  predefinedMetricSpecification: obj({ predefinedMetricType: str(REQUIRED), resourceLabel: str() }),
  customizedMetricSpecification: CUSTOM_METRIC,
});

const STEPS = obj({
  adjustmentType: str(),
  cooldown: num(),
  metricAggregationType: str(COMPUTED),
  minAdjustmentMagnitude: num(),
  stepAdjustments: list(
    obj({ scalingAdjustment: num(REQUIRED), metricIntervalLowerBound: str(), metricIntervalUpperBound: str() }),
  ),
});

const PREDEFINED = [
  "ECSServiceAverageCPUUtilization",
  "ECSServiceAverageMemoryUtilization",
  "ALBRequestCountPerTarget",
] as const;
const STATISTICS = ["Average", "Minimum", "Maximum", "SampleCount", "Sum"] as const;

function trackingOf(a: Bag): TargetTrackingScalingPolicyConfiguration {
  const [predefined, custom] = [a.bag("predefinedMetricSpecification"), a.bag("customizedMetricSpecification")];
  return {
    TargetValue: a.num("targetValue"),
    DisableScaleIn: a.bool("disableScaleIn"),
    ScaleInCooldown: a.num("scaleInCooldown"),
    ScaleOutCooldown: a.num("scaleOutCooldown"),
    ...(predefined
      ? {
          PredefinedMetricSpecification: {
            PredefinedMetricType: asOneOf(PREDEFINED, predefined.need("predefinedMetricType")),
            ResourceLabel: predefined.str("resourceLabel"),
          },
        }
      : {}),
    ...(custom
      ? {
          CustomizedMetricSpecification: {
            MetricName: custom.need("metricName"),
            Namespace: custom.need("namespace"),
            Statistic: asOneOf(STATISTICS, custom.need("statistic")),
            Unit: custom.str("unit"),
            Dimensions: custom.bags("dimensions").map((one) => ({ Name: one.need("name"), Value: one.need("value") })),
          },
        }
      : {}),
  };
}

function liveTracking(tracking: TargetTrackingScalingPolicyConfiguration | undefined): Json | undefined {
  if (!tracking) return undefined;
  const [predefined, custom] = [tracking.PredefinedMetricSpecification, tracking.CustomizedMetricSpecification];
  return defined({
    targetValue: tracking.TargetValue,
    disableScaleIn: tracking.DisableScaleIn,
    scaleInCooldown: tracking.ScaleInCooldown,
    scaleOutCooldown: tracking.ScaleOutCooldown,
    predefinedMetricSpecification: predefined
      ? defined({ predefinedMetricType: predefined.PredefinedMetricType, resourceLabel: predefined.ResourceLabel })
      : undefined,
    customizedMetricSpecification: custom
      ? defined({
          metricName: custom.MetricName,
          namespace: custom.Namespace,
          statistic: custom.Statistic,
          unit: custom.Unit,
          dimensions: (custom.Dimensions ?? []).map((one) => ({ name: one.Name ?? "", value: one.Value ?? "" })),
        })
      : undefined,
  });
}

function stepsOf(a: Bag): PutScalingPolicyCommandInput["StepScalingPolicyConfiguration"] {
  return {
    AdjustmentType: asOneOf(["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"], a.str("adjustmentType")),
    Cooldown: a.num("cooldown"),
    MetricAggregationType: asOneOf(["Average", "Minimum", "Maximum"], a.str("metricAggregationType")),
    MinAdjustmentMagnitude: a.num("minAdjustmentMagnitude"),
    StepAdjustments: a.bags("stepAdjustments").map((one) => ({
      ScalingAdjustment: one.num("scalingAdjustment"),
      MetricIntervalLowerBound: one.num("metricIntervalLowerBound"),
      MetricIntervalUpperBound: one.num("metricIntervalUpperBound"),
    })),
  };
}

async function putPolicy(ctx: Context, a: Bag): Promise<void> {
  const [tracking, steps] = [
    a.bag("targetTrackingScalingPolicyConfiguration"),
    a.bag("stepScalingPolicyConfiguration"),
  ];
  await ctx.aws.autoScaling.putScalingPolicy({
    PolicyName: a.need("name"),
    PolicyType: asOneOf(["TargetTrackingScaling", "StepScaling"], a.need("policyType")),
    ...targetOf(a),
    ...(tracking ? { TargetTrackingScalingPolicyConfiguration: trackingOf(tracking) } : {}),
    ...(steps ? { StepScalingPolicyConfiguration: stepsOf(steps) } : {}),
  });
}

const Policy: ResourceType = {
  inputs: {
    name: str({ autoname: 255, replace: true }),
    policyType: str({ default: "StepScaling" }),
    serviceNamespace: str(KEY),
    scalableDimension: str(KEY),
    resourceId: str(KEY),
    targetTrackingScalingPolicyConfiguration: TRACKING,
    stepScalingPolicyConfiguration: STEPS,
  },
  outputs: ["arn", "alarmArns"],
  async create(ctx, a) {
    await putPolicy(ctx, a);
    return a.need("name");
  },
  async read(ctx, id, known) {
    const { ServiceNamespace, ScalableDimension, ResourceId } = targetOf(known);
    const answer = await ctx.aws.autoScaling.describeScalingPolicies({
      ServiceNamespace,
      ScalableDimension,
      ResourceId,
    });
    const policy = answer.ScalingPolicies?.find((one) => one.PolicyName === id);
    if (!policy) return undefined;
    const steps = policy.StepScalingPolicyConfiguration;
    return {
      name: policy.PolicyName,
      policyType: policy.PolicyType,
      serviceNamespace: policy.ServiceNamespace,
      scalableDimension: policy.ScalableDimension,
      resourceId: policy.ResourceId,
      targetTrackingScalingPolicyConfiguration: liveTracking(policy.TargetTrackingScalingPolicyConfiguration),
      stepScalingPolicyConfiguration: steps
        ? defined({
            adjustmentType: steps.AdjustmentType,
            cooldown: steps.Cooldown,
            metricAggregationType: steps.MetricAggregationType,
            minAdjustmentMagnitude: steps.MinAdjustmentMagnitude,
            stepAdjustments: (steps.StepAdjustments ?? []).map((one) =>
              defined({
                scalingAdjustment: one.ScalingAdjustment,
                metricIntervalLowerBound: one.MetricIntervalLowerBound?.toString(),
                metricIntervalUpperBound: one.MetricIntervalUpperBound?.toString(),
              }),
            ),
          })
        : undefined,
      arn: policy.PolicyARN,
      alarmArns: (policy.Alarms ?? []).map((alarm) => alarm.AlarmARN ?? ""),
    };
  },
  async update(ctx, _id, change) {
    await putPolicy(ctx, change.news);
  },
  async delete(ctx, id, state) {
    await ctx.aws.autoScaling.deleteScalingPolicy({ PolicyName: id, ...targetOf(state) });
  },
};

/** Automatic scaling of ECS services. */
export const APP_AUTOSCALING: Registry = {
  "aws:appautoscaling/target:Target": Target,
  "aws:appautoscaling/policy:Policy": Policy,
};
