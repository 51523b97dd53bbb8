import type { Cluster as AwsCluster, TaskDefinition as AwsTaskDefinition, Volume } from "@aws-sdk/client-ecs";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, type Live, parseJson } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, FIXED, KEY, LOCAL, num, obj, REPLACE, REQUIRED, set, str, tags } from "../schema";
import { must } from "./ec2-common";
import { ecsTagMap, ecsTags, retagEcs } from "./ecs-common";
import { canonicalContainers } from "./ecs-containers";
import { asOneOf } from "./elb-common";

const LOGGING = ["DEFAULT", "NONE", "OVERRIDE"] as const;

const CLUSTER_CONFIGURATION = obj({
  executeCommandConfiguration: obj({
    kmsKeyId: str(),
    logging: str({ default: "DEFAULT" }),
    logConfiguration: obj({ cloudWatchLogGroupName: str(), cloudWatchEncryptionEnabled: bool() }),
  }),
});

function clusterSettings(a: Bag) {
  const execute = a.bag("configuration")?.bag("executeCommandConfiguration");
  const log = execute?.bag("logConfiguration");
  return {
    settings: a
      .bags("settings")
      .map((one) => ({ name: asOneOf(["containerInsights"], one.need("name")), value: one.need("value") })),
    ...(execute
      ? {
          configuration: {
            executeCommandConfiguration: {
              kmsKeyId: execute.str("kmsKeyId"),
              logging: asOneOf(LOGGING, execute.str("logging")),
              ...(log
                ? {
                    logConfiguration: {
                      cloudWatchLogGroupName: log.str("cloudWatchLogGroupName"),
                      cloudWatchEncryptionEnabled: log.bool("cloudWatchEncryptionEnabled"),
                    },
                  }
                : {}),
            },
          },
        }
      : {}),
  };
}

function liveConfiguration(cluster: AwsCluster): Json | undefined {
  const execute = cluster.configuration?.executeCommandConfiguration;
  if (!execute) return undefined;
  const log = execute.logConfiguration;
  return {
    executeCommandConfiguration: defined({
      kmsKeyId: execute.kmsKeyId,
      logging: execute.logging,
      logConfiguration: log
        ? defined({
            cloudWatchLogGroupName: log.cloudWatchLogGroupName,
            cloudWatchEncryptionEnabled: log.cloudWatchEncryptionEnabled,
          })
        : undefined,
    }),
  };
}

const Cluster: ResourceType = {
  inputs: {
    name: str({ autoname: 255, replace: true }),
    settings: set(obj({ name: str(REQUIRED), value: str(REQUIRED) }), COMPUTED),
    configuration: CLUSTER_CONFIGURATION,
    tags: tags(),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    const made = await ctx.aws.ecs.createCluster({
      clusterName: a.need("name"),
      ...clusterSettings(a),
      tags: ecsTags(a.map("tags")),
    });
    return must(made.cluster?.clusterArn, "a cluster ARN");
  },
  async read(ctx, id) {
    const answer = await found(
      ctx.aws.ecs.describeClusters({ clusters: [id], include: ["SETTINGS", "CONFIGURATIONS", "TAGS"] }),
    );
    const cluster = answer?.clusters?.[0];
    if (!cluster || cluster.status === "INACTIVE") return undefined;
    return {
      name: cluster.clusterName,
      settings: (cluster.settings ?? []).map((one): Json => ({ name: one.name ?? "", value: one.value ?? "" })),
      configuration: liveConfiguration(cluster),
      tags: ecsTagMap(cluster.tags),
      arn: cluster.clusterArn,
    };
  },
  async update(ctx, id, change) {
    if (change.changed("settings", "configuration")) {
      await ctx.aws.ecs.updateCluster({ cluster: id, ...clusterSettings(change.news) });
    }
    await retagEcs(ctx, id, change);
  },
  async delete(ctx, id) {
    await ctx.aws.ecs.deleteCluster({ cluster: id });
  },
};

const VOLUME = obj({
  name: str(REQUIRED),
  hostPath: str(),
  efsVolumeConfiguration: obj({
    fileSystemId: str(REQUIRED),
    rootDirectory: str({ default: "/" }),
    transitEncryption: str(),
  }),
});

function volumesOf(a: Bag): Volume[] {
  return a.bags("volumes").map((volume) => {
    const efs = volume.bag("efsVolumeConfiguration");
    const host = volume.str("hostPath");
    return {
      name: volume.need("name"),
      ...(host ? { host: { sourcePath: host } } : {}),
      ...(efs
        ? {
            efsVolumeConfiguration: {
              fileSystemId: efs.need("fileSystemId"),
              rootDirectory: efs.str("rootDirectory"),
              transitEncryption: asOneOf(["ENABLED", "DISABLED"], efs.str("transitEncryption")),
            },
          }
        : {}),
    };
  });
}

function liveVolumes(definition: AwsTaskDefinition): Json[] {
  return (definition.volumes ?? []).map((volume) => {
    const efs = volume.efsVolumeConfiguration;
    return defined({
      name: volume.name,
      hostPath: volume.host?.sourcePath,
      efsVolumeConfiguration: efs
        ? defined({
            fileSystemId: efs.fileSystemId,
            rootDirectory: efs.rootDirectory,
            transitEncryption: efs.transitEncryption,
          })
        : undefined,
    });
  });
}

/** JSON text of container definitions as the API takes them. */
function containersOf(a: Bag) {
  const parsed = parseJson(a.need("containerDefinitions"));
  if (!Array.isArray(parsed)) throw new Error("containerDefinitions is not a JSON list");
  return parsed.map((container) => container as object);
}

const COMPATIBILITIES = ["EC2", "FARGATE"] as const;
const ARCHITECTURES = ["X86_64", "ARM64"] as const;

const TaskDefinition: ResourceType = {
  inputs: {
    family: str(KEY),
    containerDefinitions: str({ ...KEY, canonical: canonicalContainers }),
    cpu: str(REPLACE),
    memory: str(REPLACE),
    networkMode: str(FIXED),
    requiresCompatibilities: set(str(), REPLACE),
    executionRoleArn: str(REPLACE),
    taskRoleArn: str(REPLACE),
    runtimePlatform: obj({ cpuArchitecture: str(COMPUTED), operatingSystemFamily: str(COMPUTED) }, REPLACE),
    ephemeralStorage: obj({ sizeInGib: num(REQUIRED) }, REPLACE),
    volumes: set(VOLUME, REPLACE),
    skipDestroy: bool(LOCAL),
    trackLatest: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn", "arnWithoutRevision", "revision"],
  validate(a) {
    const text = a.str("containerDefinitions");
    return text === undefined || Array.isArray(parseJson(text)) ? [] : ["containerDefinitions is not a JSON list"];
  },
  async create(ctx, a) {
    const platform = a.bag("runtimePlatform");
    const storage = a.bag("ephemeralStorage")?.num("sizeInGib");
    const made = await ctx.aws.ecs.registerTaskDefinition({
      family: a.need("family"),
      containerDefinitions: containersOf(a),
      cpu: a.str("cpu"),
      memory: a.str("memory"),
      networkMode: asOneOf(["awsvpc", "bridge", "host", "none"], a.str("networkMode")),
      requiresCompatibilities: a
        .strs("requiresCompatibilities")
        .map((one) => must(asOneOf(COMPATIBILITIES, one), "one")),
      executionRoleArn: a.str("executionRoleArn"),
      taskRoleArn: a.str("taskRoleArn"),
      ...(platform
        ? {
            runtimePlatform: {
              cpuArchitecture: asOneOf(ARCHITECTURES, platform.str("cpuArchitecture")),
              operatingSystemFamily: asOneOf(["LINUX"], platform.str("operatingSystemFamily")),
            },
          }
        : {}),
      ...(storage ? { ephemeralStorage: { sizeInGiB: storage } } : {}),
      volumes: volumesOf(a),
      tags: ecsTags(a.map("tags")),
    });
    revisions.set(ctx, must(made.taskDefinition?.taskDefinitionArn, "a task definition ARN"));
    return a.need("family");
  },
  async read(ctx, id, known) {
    // The id is the family; the revision is in the state or, right after creation, what creation answered.
    const taskDefinition = revisions.get(ctx) ?? known.str("arn") ?? id;
    const answer = await found(ctx.aws.ecs.describeTaskDefinition({ taskDefinition, include: ["TAGS"] }));
    const definition = answer?.taskDefinition;
    if (!definition || definition.status === "INACTIVE") return undefined;
    return { ...liveDefinition(definition), tags: ecsTagMap(answer?.tags) };
  },
  async update(ctx, _id, change) {
    await retagEcs(ctx, change.state.need("arn"), change);
  },
  async delete(ctx, _id, state) {
    if (state.bool("skipDestroy")) return;
    await ctx.aws.ecs.deregisterTaskDefinition({ taskDefinition: state.need("arn") });
  },
};

/** The revision that a create registered, until the same call has read it back. */
const revisions = new WeakMap<Context, string>();

function liveDefinition(definition: AwsTaskDefinition): Live {
  const platform = definition.runtimePlatform;
  const storage = definition.ephemeralStorage?.sizeInGiB;
  const arn = definition.taskDefinitionArn ?? "";
  return {
    family: definition.family,
    containerDefinitions: JSON.stringify(definition.containerDefinitions ?? []),
    cpu: definition.cpu,
    memory: definition.memory,
    networkMode: definition.networkMode,
    requiresCompatibilities: definition.requiresCompatibilities ?? [],
    executionRoleArn: definition.executionRoleArn,
    taskRoleArn: definition.taskRoleArn,
    runtimePlatform: platform
      ? defined({
          cpuArchitecture: platform.cpuArchitecture,
          operatingSystemFamily: platform.operatingSystemFamily,
        })
      : undefined,
    ephemeralStorage: storage === undefined ? undefined : { sizeInGib: storage },
    volumes: liveVolumes(definition),
    arn,
    arnWithoutRevision: arn.replace(/:\d+$/, ""),
    revision: definition.revision,
  };
}

/** Clusters and task definitions. */
export const ECS: Registry = {
  "aws:ecs/cluster:Cluster": Cluster,
  "aws:ecs/taskDefinition:TaskDefinition": TaskDefinition,
};
