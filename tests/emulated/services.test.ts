import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RegisterScalableTargetCommand } from "@aws-sdk/client-application-auto-scaling";
import { GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteServiceCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { CreateSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dimensionOf } from "../../rehearsal/loadbalancer/publisher";
import { waitFor } from "../../rehearsal/support/wait";
import { LOG_GROUP, TestWorld } from "./world";

let world: TestWorld;
beforeAll(async () => {
  world = await TestWorld.start();
});
afterAll(async () => {
  await world?.stop();
});

interface Answer {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function answerOf(path: string): Promise<Answer> {
  const answer = await fetch(`${world.front}${path}`);
  return (await answer.json()) as Answer;
}

function targetGroupDimensions(name: string) {
  const arn = world.aws.loadBalancer.config.targetGroups.find((group) => group.name === name)?.arn ?? "";
  const [owner = ""] = world.aws.loadBalancer.loadBalancersOf(arn);
  return [
    { Name: "TargetGroup", Value: dimensionOf(arn) },
    { Name: "LoadBalancer", Value: dimensionOf(owner) },
  ];
}

async function runningTasks(serviceName: string) {
  const { taskArns = [] } = await world.ecs.send(new ListTasksCommand({ cluster: "main", serviceName }));
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await world.ecs.send(new DescribeTasksCommand({ cluster: "main", tasks: taskArns }));
  return tasks.filter(({ lastStatus }) => lastStatus === "RUNNING");
}

describe("a service on the emulated AWS", () => {
  it("runs its tasks with their environment and answers through the load balancer", async () => {
    const secret = await world.secrets.send(
      new CreateSecretCommand({ Name: "app", SecretString: JSON.stringify({ KEY: "first" }) }),
    );
    await world.secrets.send(
      new PutSecretValueCommand({ SecretId: "app", SecretString: JSON.stringify({ KEY: "second" }) }),
    );
    const group = await world.targetGroup("alpha", { path: "/alpha/*", priority: 10 });
    const definition = await world.taskDefinition("alpha", {
      environment: { NAME: "alpha" },
      secrets: { SECRET: `${secret.ARN}:KEY::${secret.VersionId}` },
    });
    await world.service("alpha", definition, [group]);
    const service = await world.steady("alpha");
    expect(service.taskDefinition).toBe(definition);
    expect(await world.healthStates(group)).toEqual(["healthy", "healthy"]);
    const answer = await answerOf("/alpha/x");
    expect(answer).toMatchObject({ name: "alpha", secret: "first", limit: "4" });
    expect(answer.headers["x-forwarded-proto"]).toBe("http");
    expect((await fetch(`${world.front}/other`)).status).toBe(404);
  });

  it("reports its requests to CloudWatch in rehearsal minutes and its output to CloudWatch Logs", async () => {
    const answer = await waitFor(
      async () => {
        const { Datapoints = [] } = await world.cloudwatch.send(
          new GetMetricStatisticsCommand({
            Namespace: "AWS/ApplicationELB",
            MetricName: "RequestCount",
            Dimensions: targetGroupDimensions("alpha"),
            StartTime: new Date(world.aws.clock.originMs - 60_000),
            EndTime: new Date(world.aws.clock.now() + 60_000),
            Period: 60,
            Statistics: ["Sum"],
          }),
        );
        return Datapoints.some(({ Sum = 0 }) => Sum > 0) && Datapoints;
      },
      { what: "a minute with requests in CloudWatch", deadlineMs: 10_000 },
    );
    expect(answer.reduce((sum, { Sum = 0 }) => sum + Sum, 0)).toBe(
      world.aws.loadBalancer.requestCounts().alpha?.RequestCount,
    );
    const { events = [] } = await world.logs.send(new FilterLogEventsCommand({ logGroupName: LOG_GROUP }));
    const [task] = world.aws.tasks.list("alpha");
    expect(events.find(({ logStreamName }) => logStreamName === `app/app/${task?.id}`)?.message).toBe(
      JSON.stringify({ event: "listening", name: "alpha" }),
    );
  });

  it("shows a killed task in target health, tasks and counts, and replaces it", async () => {
    const group = await world.targetGroup("beta", { path: "/beta/*", priority: 20 });
    const hold = join(world.folder, "hold-beta");
    await world.service("beta", await world.taskDefinition("beta", { environment: { HOLD_FILE: hold } }), [group]);
    await world.steady("beta");
    const before = await runningTasks("beta");
    expect(before).toHaveLength(2);
    const victim = before[0]?.taskArn ?? "";
    writeFileSync(hold, "");
    world.aws.tasks.killTask(victim);
    await waitFor(
      async () => {
        const { runningCount, pendingCount } = await world.describe("beta");
        return runningCount === 1 && pendingCount === 1;
      },
      { what: "one task running and its peer's successor pending", deadlineMs: 5000 },
    );
    expect((await world.healthStates(group)).filter((state) => state === "healthy")).toHaveLength(1);
    const { tasks } = await world.ecs.send(new DescribeTasksCommand({ cluster: "main", tasks: [victim] }));
    expect(tasks?.[0]).toMatchObject({ desiredStatus: "STOPPED", stopCode: "EssentialContainerExited" });
    rmSync(hold);
    await world.steady("beta");
    expect((await runningTasks("beta")).map(({ taskArn }) => taskArn)).not.toContain(victim);
    // A task counts as running before its first health check.
    await waitFor(async () => (await world.healthStates(group)).every((state) => state === "healthy"), {
      what: "both targets to be healthy",
      deadlineMs: 5000,
    });
  });

  it("replaces all tasks on a new task definition without failing a request", async () => {
    const group = await world.targetGroup("gamma", { path: "/*", priority: 90 });
    const first = await world.taskDefinition("gamma", { environment: { NAME: "one" } });
    await world.service("gamma", first, [group]);
    await world.steady("gamma");
    const names = new Map<string, number>();
    const statuses = new Set<number>();
    let going = true;
    const load = Array.from({ length: 5 }, async () => {
      while (going) {
        const answer = await fetch(`${world.front}/slow?ms=20`);
        statuses.add(answer.status);
        const { name } = (await answer.json()) as { name: string };
        names.set(name, (names.get(name) ?? 0) + 1);
      }
    });
    const second = await world.taskDefinition("gamma", { environment: { NAME: "two" } });
    await world.ecs.send(new UpdateServiceCommand({ cluster: "main", service: "gamma", taskDefinition: second }));
    const during = await world.describe("gamma");
    expect(during.deployments?.[0]).toMatchObject({
      taskDefinition: second,
      rolloutState: "IN_PROGRESS",
      status: "PRIMARY",
    });
    await world.steady("gamma");
    going = false;
    await Promise.all(load);
    expect([...statuses]).toEqual([200]);
    expect([...names.keys()].sort()).toEqual(["one", "two"]);
    expect((await answerOf("/slow?ms=1")).name).toBe("two");
    expect((await runningTasks("gamma")).map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual([second, second]);
  });

  it("says why an image can't start, gives up by the circuit breaker and goes back", async () => {
    const group = await world.targetGroup("delta", { path: "/delta/*", priority: 30 });
    const good = await world.taskDefinition("delta");
    await world.service("delta", good, [group], {
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    });
    await world.steady("delta");
    const bad = await world.taskDefinition("delta", { image: "nowhere/else:1" });
    await world.ecs.send(new UpdateServiceCommand({ cluster: "main", service: "delta", taskDefinition: bad }));
    const after = await waitFor(
      async () => {
        const seen = await world.describe("delta");
        return seen.taskDefinition === good && seen.deployments?.[0]?.rolloutState === "COMPLETED" && seen;
      },
      { what: "the circuit breaker to go back", deadlineMs: 15_000 },
    );
    const messages = (after.events ?? []).map(({ message }) => message).join("\n");
    expect(messages).toContain("CannotPullContainerError");
    expect(messages).toContain("deployment failed: tasks failed to start");
    expect(after.runningCount).toBe(2);
  });

  it("is raised to the minimum capacity that auto scaling was given", async () => {
    await world.scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: "ecs",
        ResourceId: "service/main/alpha",
        ScalableDimension: "ecs:service:DesiredCount",
        MinCapacity: 3,
        MaxCapacity: 4,
      }),
    );
    await world.steady("alpha", 3);
    expect(world.aws.gateway.journal({ accessKeyId: "ECSAUTOSCALING", action: "UpdateService" })).toHaveLength(1);
  });

  it("drains and ends when it is deleted", async () => {
    const pids = world.aws.tasks.list("beta").flatMap(({ pid, state }) => (state === "RUNNING" && pid ? [pid] : []));
    expect(pids).toHaveLength(2);
    await world.ecs.send(new DeleteServiceCommand({ cluster: "main", service: "beta", force: true }));
    await waitFor(async () => (await world.describe("beta")).status === "INACTIVE", {
      what: "an inactive service",
      deadlineMs: 10_000,
    });
    const { serviceArns = [] } = await world.ecs.send(new ListServicesCommand({ cluster: "main" }));
    expect(serviceArns.map((arn) => arn.split("/").at(-1))).toEqual(["alpha", "delta", "gamma"]);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it("meets no problem of the rehearsal's own", () => {
    expect(world.problems).toEqual([]);
  });
});

describe("an image whose machines die", () => {
  it("has no running task until it is mended, and then its services come back by themselves", async () => {
    const group = await world.targetGroup("omega", { path: "/omega/*", priority: 95 });
    await world.service("omega", await world.taskDefinition("omega"), [group]);
    await world.steady("omega");
    const mend = world.aws.breakImage("cutover/answering");
    expect(() => world.aws.breakImage("cutover/answering")).toThrow("nothing to break");
    const failed = () => world.aws.tasks.list("omega").filter((it) => it.stoppedReason?.includes("CannotPull"));
    await waitFor(() => failed().length > 0, { what: "a task that can't start", deadlineMs: 10_000 });
    expect((await world.describe("omega")).runningCount).toBe(0);
    expect((await fetch(`${world.front}/omega/x`)).status).toBeGreaterThanOrEqual(502);
    mend();
    await world.steady("omega");
    expect((await fetch(`${world.front}/omega/x`)).status).toBe(200);
  });
});
