import { afterAll, beforeAll, expect, it } from "vitest";
import { addToProof } from "../../rehearsal/proof/report";
import { timeRollbacks } from "./rollback-bench";
import { FUNCTION, RollbackWorld } from "./rollback-world";

/** Goal: from the decision to the proof, 95 % of all rollbacks; emulated. */
const GOAL_MS = 2_000;
const ROLLBACKS = 50;

let world: RollbackWorld;
beforeAll(async () => {
  world = await RollbackWorld.start();
});
afterAll(async () => {
  await world?.stop();
});

it(`${ROLLBACKS} rollbacks: from the decision to the proof at most ${GOAL_MS} ms, 95 % of them`, async () => {
  const times = await timeRollbacks(world, ROLLBACKS);
  process.stderr.write(`  rollbacks, emulated: ${JSON.stringify(times)}\n`);
  addToProof("rollbacks", { ...times, goalP95Ms: GOAL_MS, reached: times.p95Ms <= GOAL_MS });
  expect(times.p95Ms).toBeGreaterThan(0);
  expect(times.p95Ms).toBeLessThanOrEqual(GOAL_MS);
});

it("a slow load balancer would be seen", async () => {
  const end = world.aws.aws.gateway.inject({
    service: "elasticloadbalancing",
    action: "ModifyRule",
    accessKeyId: `FUNCTION.${FUNCTION}`,
    respond: "pass",
    delayMs: GOAL_MS,
  });
  expect((await timeRollbacks(world, 1)).p95Ms).toBeGreaterThan(GOAL_MS);
  end();
});
