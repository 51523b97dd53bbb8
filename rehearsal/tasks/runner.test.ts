import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BalancerReality } from "../aws/gateway/reality";
import { readAll } from "../aws/gateway/upstream";
import { RehearsalClock } from "../clock";
import type { TargetHealth } from "../loadbalancer/health";
import { waitFor } from "../support/wait";
import type { ServiceDefinition } from "./definitions";
import { TaskNetwork } from "./network";
import { TaskRunner } from "./runner";

/** Listens on PORT; writes its environment to ENV_FILE; HANG_ON_TERM = ignores SIGTERM. */
const PROGRAM = `
const fs = require("node:fs");
if (process.env.ENV_FILE) fs.writeFileSync(process.env.ENV_FILE, JSON.stringify(process.env));
if (process.env.EXIT) { console.log("bad configuration"); process.exit(Number(process.env.EXIT)); }
process.on("SIGTERM", () => { if (!process.env.HANG_ON_TERM) process.exit(0); });
require("node:http").createServer((q, s) => s.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
`;

let folder: string;
let gateway: Server;
let gatewayUrl = "";
const calls: URLSearchParams[] = [];
const health = new Map<string, TargetHealth>();
let draining: Promise<void> = Promise.resolve();
let runner: TaskRunner | undefined;
let definitions: ServiceDefinition[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cutover-tasks-"));
  writeFileSync(join(folder, "app.cjs"), PROGRAM);
  gateway = createServer(async (request, response) => {
    const params = new URLSearchParams((await readAll(request)).toString("utf8"));
    calls.push(params);
    const key = `${params.get("TargetGroupArn")} ${params.get("Targets.member.1.Id")}`;
    if (params.get("Action") === "RegisterTargets") health.set(key, { state: "healthy" });
    else {
      health.set(key, { state: "draining" });
      void draining.then(() => health.delete(key));
    }
    response.setHeader("content-type", "text/xml");
    response.end("<Response><Result/></Response>");
  });
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  gatewayUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await runner?.stop();
  calls.length = 0;
  health.clear();
  draining = Promise.resolve();
});
afterAll(() => {
  gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const balancer: BalancerReality = {
  settled: async () => undefined,
  describeTargetHealth: () => [],
  targetHealth: (arn, { id }) => health.get(`${arn} ${id}`) ?? { state: "unused", reason: "Target.NotRegistered" },
  loadBalancersOf: () => ["arn:lb"],
  notify: () => undefined,
};

function service(environment: Record<string, string> = {}, more: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    arn: "arn:aws:ecs:us-east-1:123456789012:service/main/app",
    name: "app",
    clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/main",
    active: true,
    desiredCount: 1,
    nonce: "1",
    loadBalancers: [
      { targetGroupArn: "arn:customer", containerName: "app", containerPort: 8080 },
      { targetGroupArn: "arn:probe", containerName: "app", containerPort: 8080 },
    ],
    capacity: undefined,
    rollout: {
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      circuitBreaker: false,
      rollback: false,
      graceSeconds: 0,
    },
    taskDefinition: {
      taskDefinitionArn: "arn:td:1",
      family: "app",
      cpu: "512",
      containerDefinitions: [
        {
          name: "app",
          image: "cutover/app@sha256:1",
          stopTimeout: 1,
          environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
        },
      ],
    },
    ...more,
  };
}

async function run(...services: ServiceDefinition[]): Promise<TaskRunner> {
  definitions = services;
  const made = new TaskRunner({
    clock: new RehearsalClock(),
    source: async () => definitions,
    balancer,
    network: new TaskNetwork(),
    gatewayUrl,
    region: "us-east-1",
    images: { "cutover/app": { command: process.execPath, args: [join(folder, "app.cjs")], cwd: folder } },
    runFolder: folder,
    maxConcurrent: (cpu) => cpu / 8,
  });
  runner = made;
  await made.start();
  return made;
}

const state = (of: TaskRunner, wanted: string, count = 1) =>
  waitFor(
    () =>
      of.list().filter((task) => task.state === wanted).length === count &&
      of.list().filter((task) => task.state === wanted),
    {
      what: `${count} task(s) ${wanted}`,
      deadlineMs: 5000,
      everyMs: 10,
    },
  );

const actions = (name: string) => calls.filter((call) => call.get("Action") === name);
const gone = (pid: number | undefined) => {
  try {
    process.kill(pid ?? 0, 0);
    return false;
  } catch {
    return true;
  }
};

describe("a task", () => {
  it("gets its own variables and nothing of this process's environment", async () => {
    const file = join(folder, "env.json");
    await state(await run(service({ ENV_FILE: file, MODE: "live" })), "RUNNING");
    const env = JSON.parse(readFileSync(file, "utf8"));
    expect(Object.keys(env).sort()).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_DEFAULT_REGION",
      "AWS_ENDPOINT_URL",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "CUTOVER_CLOCK",
      "ENV_FILE",
      "MODE",
      "PATH",
      "PORT",
      "REHEARSAL_MAX_CONCURRENT",
    ]);
    expect(env).toMatchObject({ MODE: "live", REHEARSAL_MAX_CONCURRENT: "64" });
  });

  it("is registered in every target group of its service under a private address", async () => {
    const made = await run(service());
    const [task] = await state(made, "RUNNING");
    expect(
      actions("RegisterTargets")
        .map((call) => [call.get("TargetGroupArn"), call.get("Targets.member.1.Id"), call.get("Targets.member.1.Port")])
        .sort(),
    ).toEqual([
      ["arn:customer", task?.ip, "8080"],
      ["arn:probe", task?.ip, "8080"],
    ]);
    expect(task?.ip).toMatch(/^10\./);
  });

  it("leaves the target groups, drains, and only then gets SIGTERM", async () => {
    let drained = () => {};
    draining = new Promise((resolve) => {
      drained = resolve;
    });
    const made = await run(service());
    const [task] = await state(made, "RUNNING");
    definitions = [service({}, { desiredCount: 0 })];
    await made.refresh();
    await waitFor(() => actions("DeregisterTargets").length === 2, {
      what: "deregistration",
      deadlineMs: 2000,
      everyMs: 5,
    });
    expect(made.list()[0]?.state).toBe("DEACTIVATING");
    expect(gone(task?.pid)).toBe(false);
    drained();
    await state(made, "STOPPED");
    expect(gone(task?.pid)).toBe(true);
  });

  it("is killed when it ignores SIGTERM for its stop timeout", async () => {
    const made = await run(service({ HANG_ON_TERM: "1" }));
    const [task] = await state(made, "RUNNING");
    definitions = [service({ HANG_ON_TERM: "1" }, { desiredCount: 0 })];
    const asked = Date.now();
    await made.refresh();
    await state(made, "STOPPED");
    expect(gone(task?.pid)).toBe(true);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1000);
  });

  it("that dies is out of the target groups and replaced by another", async () => {
    const made = await run(service());
    const [task] = await state(made, "RUNNING");
    made.killTask(task?.id ?? "");
    await waitFor(() => made.list().some(({ state: now, id }) => now === "RUNNING" && id !== task?.id), {
      what: "another task",
      deadlineMs: 5000,
      everyMs: 10,
    });
    expect(actions("DeregisterTargets").map((call) => call.get("Targets.member.1.Id"))).toEqual([task?.ip, task?.ip]);
    const [stopped] = made.describeTasks("main").filter(({ lastStatus }) => lastStatus === "STOPPED");
    expect(stopped).toMatchObject({
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
    });
  });

  it("that the load balancer calls unhealthy is stopped and replaced", async () => {
    const made = await run(service());
    const [task] = await state(made, "RUNNING");
    health.set(`arn:probe ${task?.ip}`, { state: "unhealthy", reason: "Target.Timeout" });
    made.healthChanged();
    const [stopped] = await state(made, "STOPPED");
    expect(stopped?.stoppedReason).toBe("Task failed ELB health checks in (target-group arn:probe)");
    await state(made, "RUNNING");
  });

  it.each([
    ["exits", { EXIT: "3" }, {}, "Essential container in task exited"],
    ["has an unknown image", {}, { image: "nowhere/else:1" }, "CannotPullContainerError"],
  ])("that %s while starting is shown with the reason", async (_name, environment, container, reason) => {
    const definition = service(environment);
    const [given] = definition.taskDefinition.containerDefinitions ?? [];
    const made = await run({
      ...definition,
      taskDefinition: { ...definition.taskDefinition, containerDefinitions: [{ ...given, ...container }] },
    });
    const [stopped] = await state(made, "STOPPED");
    expect(stopped?.stoppedReason).toContain(reason);
    expect(made.describeService(definition.arn)).toMatchObject({
      runningCount: 0,
      deployments: [{ rolloutState: "IN_PROGRESS", failedTasks: 1 }],
      events: [{ message: expect.stringContaining(reason) }],
    });
  });
});

describe("the runner", () => {
  it("ends every process on stop and keeps their logs", async () => {
    const made = await run(service({}, { desiredCount: 2 }));
    const tasks = await state(made, "RUNNING", 2);
    await made.stop();
    for (const { pid, logFile } of tasks) {
      expect(gone(pid)).toBe(true);
      expect(existsSync(logFile)).toBe(true);
    }
  });

  it("names the tasks there are when asked for another", async () => {
    const made = await run(service());
    const [task] = await state(made, "RUNNING");
    expect(() => made.killTask("nobody")).toThrow(`there is no task nobody; tasks: ${task?.id}`);
  });
});
