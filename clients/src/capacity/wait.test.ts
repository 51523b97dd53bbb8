import { DescribeServicesCommand } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { expect, it } from "vitest";
import { CapacityError, waitForCapacity } from "./wait";

const proof = {
  cluster: "c",
  service: "python",
  minimum: 3,
  targetGroupArns: ["customer", "probe"],
  deadlineSeconds: 5,
};

/** Looks in turn: running tasks, healthy targets of each group. */
function clients(...looks: { running: number; customer: number; probe: number }[]) {
  let look = -1;
  const now = () => looks[Math.min(look, looks.length - 1)] ?? { running: 0, customer: 0, probe: 0 };
  const send = async (command: unknown) => {
    if (command instanceof DescribeServicesCommand) {
      look++;
      return { services: [{ runningCount: now().running }] };
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
  await waitForCapacity(proof, world);
  expect(world.looks()).toBe(3);
});

it("says how far the service came", async () => {
  const world = clients({ running: 3, customer: 3, probe: 1 });
  const error = await waitForCapacity({ ...proof, deadlineSeconds: 0.02 }, world).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CapacityError);
  expect(String(error)).toMatch(/python has 3 running tasks and 1 healthy targets after 0.02 s, 3 are needed/);
});
