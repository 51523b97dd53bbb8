import type { AwsCall } from "./call";
import type { AwsError } from "./errors";
import type { Handler, HandlerContext, Handlers } from "./handlers";
import type { EcsReality, JsonObject } from "./reality";
import { refuseLooseTargetGroup } from "./refusals";
import { lookUp, ownHeaders } from "./upstream";

const bodyOf = (call: AwsCall): JsonObject => JSON.parse(call.body?.toString("utf8") || "{}") as JsonObject;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** ECS: what runs is what the task runner runs; the emulator only keeps the definitions. */
export const ecsHandlers: Handlers = {
  "ecs:CreateService": { refuse: refuseService, correct: oneService("create") },
  "ecs:UpdateService": { correct: oneService("update") },
  "ecs:DeleteService": { correct: oneService("read") },
  "ecs:DescribeServices": {
    correct: async (_call, answer, context) => {
      await realityOf(context).settled();
      const body = JSON.parse(answer.toString("utf8")) as { services?: JsonObject[] };
      return json({ ...body, services: (body.services ?? []).map((service) => asItIs(service, context)) });
    },
  },
  "ecs:ListServices": {
    // AWS lists deleted services no longer; the emulator goes on.
    correct: (_call, answer, context) => {
      const body = JSON.parse(answer.toString("utf8")) as { serviceArns?: string[] };
      const isThere = (arn: string) => realityOf(context).describeService(arn)?.status !== "INACTIVE";
      return json({ ...body, serviceArns: (body.serviceArns ?? []).filter(isThere) });
    },
  },
  "ecs:DescribeClusters": {
    correct: (_call, answer, context) => {
      const body = JSON.parse(answer.toString("utf8")) as { clusters?: JsonObject[] };
      return json({
        ...body,
        clusters: (body.clusters ?? []).map((cluster) => withCounts(cluster, realityOf(context))),
      });
    },
  },
  "ecs:ListTasks": { answer: listTasks },
  "ecs:DescribeTasks": { answer: describeTasks },
  "ecs:StopTask": {
    answer: (call, context) => {
      const { cluster = "default", task, reason } = bodyOf(call);
      const stopped = realityOf(context).stopTask(
        String(cluster),
        String(task),
        String(reason ?? "Task stopped by user"),
      );
      return stopped ? json({ task: stopped }) : invalid("The referenced task was not found.");
    },
  },
  "ecs:RunTask": {
    answer: () => invalid("RunTask is not part of the rehearsal: its task runner keeps services only"),
  },
};

function realityOf({ ecs }: HandlerContext): EcsReality {
  if (!ecs) throw new Error("the gateway has no task runner to ask");
  return ecs;
}

const invalid = (message: string): AwsError => ({ status: 400, code: "InvalidParameterException", message });

/** Corrects an answer that holds one service and remembers what the emulator forgets. */
function oneService(kind: "create" | "update" | "read"): NonNullable<Handler["correct"]> {
  return async (call, answer, context) => {
    const body = JSON.parse(answer.toString("utf8")) as { service: JsonObject };
    const arn = String(body.service.serviceArn);
    if (kind === "create") context.extras.create(arn, bodyOf(call));
    if (kind === "update") context.extras.update(arn, bodyOf(call));
    return json({ service: asItIs(body.service, context) });
  };
}

/** The emulator's service with counts, deployments and task definition as they really are. */
function asItIs(service: JsonObject, context: HandlerContext): JsonObject {
  const arn = String(service.serviceArn);
  const merged = { ...service, ...context.extras.of(arn) };
  const seen = realityOf(context).describeService(arn);
  if (seen) return { ...merged, ...seen };
  // Just created: nothing runs yet.
  return { ...merged, runningCount: 0, pendingCount: 0, events: [] };
}

function withCounts(cluster: JsonObject, reality: EcsReality): JsonObject {
  const tasks = reality.describeTasks(String(cluster.clusterArn));
  const count = (status: string) => tasks.filter((task) => task.lastStatus === status).length;
  return {
    ...cluster,
    runningTasksCount: count("RUNNING"),
    pendingTasksCount: count("PENDING") + count("PROVISIONING"),
  };
}

async function refuseService(call: AwsCall, context: HandlerContext): Promise<AwsError | undefined> {
  const { cluster = "default", serviceName, loadBalancers } = bodyOf(call);
  await context.balancer?.settled();
  for (const { targetGroupArn } of (loadBalancers ?? []) as { targetGroupArn?: string }[]) {
    if (targetGroupArn && context.balancer?.loadBalancersOf(targetGroupArn).length === 0) {
      return refuseLooseTargetGroup(targetGroupArn);
    }
  }
  const described = await lookUp(context.upstreams.moto, {
    headers: ownHeaders("ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices"),
    body: JSON.stringify({ cluster, services: [serviceName] }),
  });
  const found = JSON.parse(described.body.toString("utf8")) as { services?: { status?: string }[] };
  if (found.services?.some(({ status }) => status === "ACTIVE")) {
    return invalid("Creation of service was not idempotent.");
  }
  return undefined;
}

/** Running tasks unless `desiredStatus` asks for stopped ones, as AWS does. */
async function listTasks(call: AwsCall, context: HandlerContext): Promise<Buffer> {
  const reality = realityOf(context);
  await reality.settled();
  const { cluster = "default", serviceName, family, desiredStatus = "RUNNING" } = bodyOf(call);
  const wanted = reality
    .describeTasks(String(cluster))
    .filter(
      (task) =>
        task.desiredStatus === desiredStatus &&
        (!serviceName || task.group === `service:${String(serviceName).split("/").at(-1)}`) &&
        (!family || String(task.taskDefinitionArn).includes(`:task-definition/${family}:`)),
    );
  return json({ taskArns: wanted.map(({ taskArn }) => taskArn) });
}

async function describeTasks(call: AwsCall, context: HandlerContext): Promise<Buffer> {
  const reality = realityOf(context);
  await reality.settled();
  const { cluster = "default", tasks } = bodyOf(call);
  const known = reality.describeTasks(String(cluster));
  const asked = strings(tasks).map((name) => ({
    name,
    task: known.find(({ taskArn }) => taskArn === name || String(taskArn).endsWith(`/${name}`)),
  }));
  return json({
    tasks: asked.flatMap(({ task }) => task ?? []),
    failures: asked.filter(({ task }) => !task).map(({ name }) => ({ arn: name, reason: "MISSING" })),
  });
}
