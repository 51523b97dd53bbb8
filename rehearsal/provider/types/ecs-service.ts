import type { Service as AwsService, Deployment } from "@aws-sdk/client-ecs";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json } from "../json";
import type { Context, Look, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, FIXED, LOCAL, map, num, obj, REQUIRED, set, str, tags } from "../schema";
import { must } from "./ec2-common";
import { ecsTagMap, ecsTags, retagEcs } from "./ecs-common";
import { asOneOf } from "./elb-common";

const INPUTS = {
  name: str({ autoname: 255, replace: true }),
  cluster: str(FIXED),
  taskDefinition: str(),
  desiredCount: num({ default: 0 }),
  launchType: str(FIXED),
  platformVersion: str(COMPUTED),
  schedulingStrategy: str({ default: "REPLICA", replace: true }),
  capacityProviderStrategies: set(
    obj({ capacityProvider: str(REQUIRED), weight: num({ default: 0 }), base: num({ default: 0 }) }),
  ),
  deploymentController: obj({ type: str({ default: "ECS" }) }, { computed: true, replace: true }),
  deploymentMaximumPercent: num({ default: 200 }),
  deploymentMinimumHealthyPercent: num({ default: 100 }),
  deploymentCircuitBreaker: obj({ enable: bool(REQUIRED), rollback: bool(REQUIRED) }),
  alarms: obj({ alarmNames: set(str(), REQUIRED), enable: bool(REQUIRED), rollback: bool(REQUIRED) }),
  availabilityZoneRebalancing: str(COMPUTED),
  enableEcsManagedTags: bool(),
  enableExecuteCommand: bool(),
  healthCheckGracePeriodSeconds: num({ default: 0 }),
  propagateTags: str({ default: "NONE" }),
  networkConfiguration: obj({
    subnets: set(str(), REQUIRED),
    securityGroups: set(str(), COMPUTED),
    assignPublicIp: bool(),
  }),
  loadBalancers: set(obj({ targetGroupArn: str(), containerName: str(REQUIRED), containerPort: num(REQUIRED) })),
  forceDelete: bool(LOCAL),
  forceNewDeployment: bool(LOCAL),
  triggers: map(LOCAL),
  waitForSteadyState: bool(LOCAL),
  tags: tags(),
} as const;

/** Inputs that UpdateService takes. */
const UPDATABLE = Object.entries(INPUTS)
  .filter(([name, field]) => !("replace" in field) && !["tags", "forceDelete", "waitForSteadyState"].includes(name))
  .map(([name]) => name);

/** The part of the request that create and update share. */
function settingsOf(a: Bag) {
  const network = a.bag("networkConfiguration");
  const [breaker, alarms] = [a.bag("deploymentCircuitBreaker"), a.bag("alarms")];
  const balancers = a.bags("loadBalancers");
  return {
    taskDefinition: a.str("taskDefinition"),
    desiredCount: a.num("desiredCount"),
    platformVersion: a.str("platformVersion"),
    capacityProviderStrategy: strategiesOf(a),
    deploymentConfiguration: {
      maximumPercent: a.num("deploymentMaximumPercent"),
      minimumHealthyPercent: a.num("deploymentMinimumHealthyPercent"),
      deploymentCircuitBreaker: {
        enable: breaker?.bool("enable") ?? false,
        rollback: breaker?.bool("rollback") ?? false,
      },
      ...(alarms
        ? {
            alarms: {
              alarmNames: alarms.strs("alarmNames"),
              enable: alarms.bool("enable") ?? false,
              rollback: alarms.bool("rollback") ?? false,
            },
          }
        : {}),
    },
    availabilityZoneRebalancing: asOneOf(["ENABLED", "DISABLED"], a.str("availabilityZoneRebalancing")),
    enableECSManagedTags: a.bool("enableEcsManagedTags"),
    enableExecuteCommand: a.bool("enableExecuteCommand"),
    healthCheckGracePeriodSeconds: balancers.length > 0 ? a.num("healthCheckGracePeriodSeconds") : undefined,
    propagateTags: asOneOf(["NONE", "SERVICE", "TASK_DEFINITION"], a.str("propagateTags")),
    ...(network
      ? {
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: network.strs("subnets"),
              securityGroups: network.strs("securityGroups"),
              assignPublicIp: asOneOf(["ENABLED", "DISABLED"], network.bool("assignPublicIp") ? "ENABLED" : "DISABLED"),
            },
          },
        }
      : {}),
    loadBalancers: balancers.map((one) => ({
      targetGroupArn: one.str("targetGroupArn"),
      containerName: one.need("containerName"),
      containerPort: one.num("containerPort"),
    })),
  };
}

function strategiesOf(a: Bag) {
  const strategies = a.bags("capacityProviderStrategies");
  if (strategies.length === 0) return undefined;
  return strategies.map((one) => ({
    capacityProvider: one.need("capacityProvider"),
    weight: one.num("weight"),
    base: one.num("base"),
  }));
}

async function findService(ctx: Context, cluster: string | undefined, arn: string): Promise<AwsService | undefined> {
  const answer = await found(ctx.aws.ecs.describeServices({ cluster, services: [arn], include: ["TAGS"] }));
  const service = answer?.services?.[0];
  return service && service.status !== "INACTIVE" ? service : undefined;
}

/**
 * One look of the wait for a steady service. Throws when the deployment can't succeed any more: its circuit breaker says
 * FAILED, or ECS went back to another task definition.
 */
export function steadiness(service: AwsService | undefined, taskDefinition: string | undefined): Look<true> {
  if (!service) throw new Error("the service is gone");
  const deployments = service.deployments ?? [];
  const ours = deployments.find((one) => matches(one, taskDefinition));
  const failed = deployments.find((one) => one.rolloutState === "FAILED" && matches(one, taskDefinition));
  if (failed)
    throw new Error(`deployment failed: ${failed.rolloutStateReason ?? "no reason given"}${lastEvent(service)}`);
  const primary = deployments.find((one) => one.status === "PRIMARY");
  if (primary && !matches(primary, taskDefinition) && !ours) {
    const other = primary.taskDefinition ?? "another task definition";
    throw new Error(`deployment rolled back to ${other}: ${primary.rolloutStateReason ?? ""}${lastEvent(service)}`);
  }
  const { runningCount = 0, desiredCount = 0 } = service;
  const rollout = primary?.rolloutState ?? "COMPLETED";
  const steady = runningCount === desiredCount && rollout === "COMPLETED" && deployments.length <= 1;
  if (steady) return { done: true };
  const count = `${runningCount} of ${desiredCount} tasks running, rollout ${rollout}, ${deployments.length} deployments`;
  return { pending: `${count}${lastEvent(service)}` };
}

/** `family:3` and the whole ARN name the same revision. */
function matches(deployment: Deployment, taskDefinition: string | undefined): boolean {
  const [theirs, ours] = [deployment.taskDefinition?.split("/").pop(), taskDefinition?.split("/").pop()];
  return ours === undefined || theirs === undefined || theirs === ours || theirs.startsWith(`${ours}:`);
}

function lastEvent(service: AwsService): string {
  const message = service.events?.[0]?.message;
  return message ? `; last event: ${message}` : "";
}

async function waitSteady(ctx: Context, cluster: string | undefined, arn: string, taskDefinition: string | undefined) {
  const what = `ECS service ${arn.split("/").pop()} to be steady`;
  await ctx.wait(what, async () => steadiness(await findService(ctx, cluster, arn), taskDefinition));
}

function liveNetwork(service: AwsService): Json | undefined {
  const network = service.networkConfiguration?.awsvpcConfiguration;
  if (!network) return undefined;
  return {
    subnets: network.subnets ?? [],
    securityGroups: network.securityGroups ?? [],
    assignPublicIp: network.assignPublicIp === "ENABLED",
  };
}

function liveDeployment(service: AwsService, known: Bag): { [key: string]: Json | undefined } {
  const configuration = service.deploymentConfiguration;
  const [breaker, alarms] = [configuration?.deploymentCircuitBreaker, configuration?.alarms];
  return {
    deploymentMaximumPercent: configuration?.maximumPercent ?? 200,
    deploymentMinimumHealthyPercent: configuration?.minimumHealthyPercent ?? 100,
    // AWS always answers with it; moto alone forgets it.
    deploymentCircuitBreaker: breaker
      ? { enable: breaker.enable ?? false, rollback: breaker.rollback ?? false }
      : known.json("deploymentCircuitBreaker"),
    alarms: alarms?.enable
      ? { alarmNames: alarms.alarmNames ?? [], enable: true, rollback: alarms.rollback ?? false }
      : undefined,
    deploymentController: service.deploymentController?.type ? { type: service.deploymentController.type } : undefined,
  };
}

const Service: ResourceType = {
  inputs: INPUTS,
  outputs: ["arn"],
  async create(ctx, a) {
    const controller = a.bag("deploymentController")?.str("type");
    const made = await ctx.aws.ecs.createService({
      serviceName: a.need("name"),
      cluster: a.str("cluster"),
      launchType: asOneOf(["FARGATE", "EC2"], a.str("launchType")),
      schedulingStrategy: asOneOf(["REPLICA", "DAEMON"], a.str("schedulingStrategy")),
      ...(controller ? { deploymentController: { type: asOneOf(["ECS"], controller) } } : {}),
      ...settingsOf(a),
      tags: ecsTags(a.map("tags")),
    });
    const arn = must(made.service?.serviceArn, "a service ARN");
    ctx.created(arn);
    if (a.bool("waitForSteadyState")) await waitSteady(ctx, a.str("cluster"), arn, a.str("taskDefinition"));
    return arn;
  },
  async importedId(ctx, id, known) {
    const service = await findService(ctx, known.str("cluster"), id.split("/").at(-1) ?? id);
    return service?.serviceArn;
  },
  async read(ctx, arn, known) {
    const service = await findService(ctx, known.str("cluster"), arn);
    if (!service) return undefined;
    return {
      name: service.serviceName,
      cluster: sameTarget(service.clusterArn, known.str("cluster")),
      taskDefinition: sameTarget(service.taskDefinition, known.str("taskDefinition")),
      desiredCount: service.desiredCount,
      launchType: service.launchType,
      platformVersion: service.platformVersion,
      schedulingStrategy: service.schedulingStrategy ?? "REPLICA",
      capacityProviderStrategies: (service.capacityProviderStrategy ?? []).map((one) =>
        defined({ capacityProvider: one.capacityProvider, weight: one.weight, base: one.base }),
      ),
      availabilityZoneRebalancing: service.availabilityZoneRebalancing,
      ...liveDeployment(service, known),
      enableEcsManagedTags: service.enableECSManagedTags,
      enableExecuteCommand: service.enableExecuteCommand,
      healthCheckGracePeriodSeconds:
        service.healthCheckGracePeriodSeconds ?? known.num("healthCheckGracePeriodSeconds"),
      propagateTags: service.propagateTags,
      networkConfiguration: liveNetwork(service),
      loadBalancers: (service.loadBalancers ?? []).map((one) =>
        defined({
          targetGroupArn: one.targetGroupArn,
          containerName: one.containerName,
          containerPort: one.containerPort,
        }),
      ),
      tags: ecsTagMap(service.tags),
      arn: service.serviceArn,
    };
  },
  async update(ctx, arn, change) {
    const { news } = change;
    const cluster = news.str("cluster");
    if (change.changed(...UPDATABLE)) {
      // A count that autoscaling owns (ignoreChanges) must not be set back by an update of something else.
      const { desiredCount, ...settings } = settingsOf(news);
      const count = change.changed("desiredCount") ? { desiredCount } : {};
      const forceNewDeployment =
        (news.bool("forceNewDeployment") ?? false) && change.changed("forceNewDeployment", "triggers");
      await ctx.aws.ecs.updateService({ cluster, service: arn, forceNewDeployment, ...settings, ...count });
    }
    await retagEcs(ctx, arn, change);
    if (news.bool("waitForSteadyState")) await waitSteady(ctx, cluster, arn, news.str("taskDefinition"));
  },
  async delete(ctx, arn, state) {
    const cluster = state.str("cluster");
    await ctx.aws.ecs.updateService({ cluster, service: arn, desiredCount: 0 });
    await ctx.aws.ecs.deleteService({ cluster, service: arn, force: state.bool("forceDelete") ?? false });
    await ctx.wait(`ECS service ${arn.split("/").pop()} to be gone`, async () => {
      const service = await findService(ctx, cluster, arn);
      const running = service?.runningCount ?? 0;
      return service ? { pending: `status ${service.status}, ${running} tasks running` } : { done: true };
    });
  },
};

/** AWS answers with ARNs where a short name may have been declared: then the short name stays. */
function sameTarget(arn: string | undefined, declared: string | undefined): string | undefined {
  if (!arn || !declared || declared.startsWith("arn:")) return arn;
  const short = arn.split("/").pop() ?? "";
  return short === declared || short.replace(/:\d+$/, "") === declared ? declared : arn;
}

/** ECS services. */
export const ECS_SERVICE: Registry = { "aws:ecs/service:Service": Service };
