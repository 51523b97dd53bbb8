import type { JsonObject } from "../aws/gateway/reality";
import type { Deployment, ServiceController } from "./service-controller";
import type { Task } from "./task";

/** AWS's JSON has times as seconds since the epoch. */
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** A task in the wording of DescribeTasks. */
export function describeTask(task: Task): JsonObject {
  const { service, taskDefinition, container } = task;
  const stopped = task.status === "STOPPED";
  return {
    taskArn: task.arn,
    clusterArn: service.clusterArn,
    taskDefinitionArn: taskDefinition.taskDefinitionArn,
    group: `service:${service.name}`,
    startedBy: task.deploymentId,
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    cpu: taskDefinition.cpu,
    memory: taskDefinition.memory,
    lastStatus: task.status,
    desiredStatus: task.desiredStatus,
    connectivity: "CONNECTED",
    healthStatus: "UNKNOWN",
    createdAt: seconds(task.createdAt),
    startedAt: seconds(task.startedAt),
    stoppedAt: seconds(task.stoppedAt),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    attachments: [
      {
        id: task.id.slice(0, 8),
        type: "ElasticNetworkInterface",
        status: stopped ? "DELETED" : "ATTACHED",
        details: [{ name: "privateIPv4Address", value: task.ip }],
      },
    ],
    containers: [
      {
        name: container.name,
        image: container.image,
        imageDigest: container.image?.split("@")[1],
        taskArn: task.arn,
        lastStatus: stopped ? "STOPPED" : task.status === "RUNNING" ? "RUNNING" : "PENDING",
        exitCode: stopped ? task.exitCode : undefined,
        reason: task.stopCode === "TaskFailedToStart" ? task.stoppedReason : undefined,
        networkInterfaces: [{ attachmentId: task.id.slice(0, 8), privateIpv4Address: task.ip }],
      },
    ],
  };
}

/** What is true of a service, to be laid over the emulator's definition in DescribeServices. */
export function describeService(controller: ServiceController): JsonObject {
  const { definition, live, deployments, events } = controller;
  const [first, ...rest] = deployments;
  const shown = rest.filter(({ id }) => live.some(({ deploymentId }) => deploymentId === id));
  return {
    status: definition.active ? "ACTIVE" : live.length > 0 ? "DRAINING" : "INACTIVE",
    taskDefinition: definition.taskDefinition.taskDefinitionArn,
    desiredCount: definition.active ? definition.desiredCount : 0,
    ...counts(controller, () => true),
    deployments:
      first && definition.active ? [first, ...shown].map((it, at) => describeDeployment(controller, it, at === 0)) : [],
    events: events.map(({ id, createdAt, message }) => ({ id, createdAt: seconds(createdAt), message })),
  };
}

function describeDeployment(controller: ServiceController, deployment: Deployment, primary: boolean): JsonObject {
  return {
    id: deployment.id,
    status: primary ? "PRIMARY" : "ACTIVE",
    taskDefinition: deployment.taskDefinition,
    desiredCount: primary ? controller.definition.desiredCount : 0,
    ...counts(controller, (task) => task.deploymentId === deployment.id),
    failedTasks: deployment.failedTasks,
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    platformFamily: "Linux",
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
    createdAt: seconds(deployment.createdAt),
    updatedAt: seconds(deployment.updatedAt),
  };
}

function counts(controller: ServiceController, which: (task: Task) => boolean) {
  const tasks = controller.live.filter(which);
  const running = tasks.filter(
    ({ status, desiredStatus }) => status === "RUNNING" && desiredStatus === "RUNNING",
  ).length;
  const pending = tasks.filter(
    ({ status, desiredStatus }) => desiredStatus === "RUNNING" && status !== "RUNNING",
  ).length;
  return { runningCount: running, pendingCount: pending };
}
