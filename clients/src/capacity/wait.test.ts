import { DescribeServicesCommand } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { expect, it } from "vitest";
import { CapacityError, waitForCapacity } from "./wait";

const AWS = { region: "eu-central-1" };
const proof = {
  cluster: "c",
  service: "python",
  taskDefinition: "task:2",
  minimum: 3,
  targetGroupArns: ["customer", "probe"],
  deadlineSeconds: 5,
};

/** Looks in turn: running tasks, healthy targets of each group. */
function clients(...looks: { running: number; customer: number; probe: number; task?: string }[]) {
  let look = -1;
  const now = () => looks[Math.min(look, looks.length - 1)] ?? { running: 0, customer: 0, probe: 0, task: undefined };
  const send = async (command: unknown) => {
    if (command instanceof DescribeServicesCommand) {
      look++;
      const deployments = [{ status: "PRIMARY", taskDefinition: now().task ?? "task:2" }];
      return { services: [{ runningCount: now().running, deployments }] };
    }
    if (command instanceof DescribeTargetHealthCommand) {
      const healthy = now()[command.input.TargetGroupArn as "customer" | "probe"];
      const states = [...Array<string>(healthy).fill("healthy"), "initial", "draining"];
      return { TargetHealthDescriptions: states.map((State) => ({ TargetHealth: { State } })) };
    }
    throw new Error("unexpected call");
  };
  return { ecs: { send: send as never }, elb: { send: send as never }, pauseMs: 1, looks: () => look + 1 };
}

it("waits until tasks run and every group sees them healthy", async () => {
  const world = clients(
    { running: 1, customer: 0, probe: 0 },
    { running: 3, customer: 2, probe: 3 },
    { running: 3, customer: 3, probe: 3 },
  );
  await waitForCapacity(proof, AWS, world);
  expect(world.looks()).toBe(3);
});

it("says how far the service came", async () => {
  const world = clients({ running: 3, customer: 3, probe: 1 });
  const error = await waitForCapacity({ ...proof, deadlineSeconds: 0.02 }, AWS, world).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CapacityError);
  expect(String(error)).toMatch(/python has 3 running tasks and 1 healthy targets after 0.02 s, 3 are needed/);
});

it("is not content with the old tasks, however healthy: ECS may have rolled the new ones back", async () => {
  const world = clients({ running: 3, customer: 3, probe: 3, task: "task:1" });
  await expect(waitForCapacity({ ...proof, deadlineSeconds: 0.02 }, AWS, world)).rejects.toThrow(
    /runs task:1 and not task:2, which this update declares: ECS went back/,
  );
});
