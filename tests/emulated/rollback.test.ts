import { PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { setKillSwitch } from "@cutover/clients/loadbalancer/kill-switch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../rehearsal/support/wait";
import { ByHand, runbookBlock } from "./by-hand";
import { FUNCTION, HARD, NODE_URL, RollbackWorld } from "./rollback-world";

let world: RollbackWorld;
beforeAll(async () => {
  world = await RollbackWorld.start();
});
afterAll(async () => {
  await world?.stop();
});

describe("the rollback function on the emulated AWS, with the rights that the stack gives it", () => {
  it("has nothing to do at first, and customers reach both engines", async () => {
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "nothing" } });
    expect(await world.answeredBy()).toEqual(new Set(["node", "python"]));
  });

  it("rolls back when an alarm goes off: switch, record, webhook, notice", async () => {
    await world.aws.cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: HARD,
        Namespace: "Cutover/test",
        MetricName: "Nothing",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        TreatMissingData: "ignore",
        AlarmActions: [world.topics.rollback],
      }),
    );
    await world.aws.cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName: HARD, StateValue: "ALARM", StateReason: "probes of Python failed" }),
    );
    const record = await waitFor(
      async () => {
        const [found] = await world.records();
        return found?.steps.notice?.state === "done" && found;
      },
      { what: "the rollback to be done", deadlineMs: 20_000 },
    );
    expect(record).toMatchObject({
      id: "rb-0001",
      trigger: { kind: "hard", alarm: HARD, text: "probes of Python failed" },
      phase: "ramp-50",
      share: 50,
      steps: {
        switch: { state: "done" },
        verify: { state: "done" },
        // Nothing answers at Node's own URL in this world, so GoHighLevel gets the front door that is pinned to Node.
        webhook: {
          state: "done",
          detail: expect.stringContaining(`since nothing answers at Node's own URL ${NODE_URL}`),
        },
      },
    });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    expect(world.ghl.named("Cutover Webhook URL")?.value).toMatch(/^https:\/\/messages\.example\.com\/.*backend=node/);
    expect(await world.notices()).toEqual(["[cutover test] Rolled back to Node (rb-0001)"]);
  });

  it("does nothing more for the same alarm, nor in the next minutes", async () => {
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "nothing" } });
    expect(await world.manual()).toMatchObject({ report: { outcome: "joined", id: "rb-0001" } });
    expect(await world.notices()).toEqual([]);
  });

  it("is released by its id once the alarm is quiet", async () => {
    await expect(world.release("rb-0001")).rejects.toThrow(/went into ALARM/);
    await world.aws.cloudwatch.send(new SetAlarmStateCommand({ AlarmName: HARD, StateValue: "OK", StateReason: "x" }));
    await expect(world.release("rb-0009")).rejects.toThrow(/newest rollback is rb-0001/);
    await world.release("rb-0001");
    expect(await world.answeredBy()).toEqual(new Set(["node", "python"]));
  });

  it("tells everybody once that it is over, and a notice whose date has come", async () => {
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0001" } });
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "nothing" } });
    expect(await world.invoke({ source: "notice", notice: "progress" })).toMatchObject({
      report: { outcome: "completed" },
    });
    expect(await world.notices()).toEqual([
      "[cutover test] rb-0001 is over: the new service gets 50 % of the messages again",
      "[cutover test] After 8 hours: the new service answers 50 % of the messages",
    ]);
  });

  it("lives through a throttled ELB", async () => {
    const ends = ["ModifyRule", "DescribeRules"].map((action) =>
      world.aws.aws.gateway.inject({
        service: "elasticloadbalancing",
        action,
        accessKeyId: `FUNCTION.${FUNCTION}`,
        respond: "throttle",
        times: 3,
      }),
    );
    expect(await world.manual()).toMatchObject({ report: { outcome: "rolled-back", id: "rb-0002" } });
    for (const end of ends) end();
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    await world.release("rb-0002");
  });

  it("moves traffic while SSM is down, and writes the record when it is back", async () => {
    const end = world.aws.aws.gateway.inject({
      service: "ssm",
      accessKeyId: `FUNCTION.${FUNCTION}`,
      respond: "unavailable",
    });
    expect(await world.manual()).toMatchObject({ report: { outcome: "rolled-back" } });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    end();
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0003" } });
    await world.release("rb-0003");
  });

  it("says that it could not move, and the reconciler moves once ELB lets it", async () => {
    const end = world.aws.aws.gateway.inject({
      service: "elasticloadbalancing",
      action: "ModifyRule",
      accessKeyId: `FUNCTION.${FUNCTION}`,
      respond: "deny",
    });
    expect(await world.manual()).toMatchObject({ error: expect.stringMatching(/has not moved/) });
    expect((await world.notices()).join()).toMatch(/ROLLBACK FAILED/);
    end();
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0004" } });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    await world.release("rb-0004");
  });

  it("records a switch that was moved in the console", async () => {
    const place = { ruleArn: world.rules.killSwitch, nodeTargetGroupArn: world.groups.node };
    await setKillSwitch("node", place, world.aws.elb, { deadlineMs: 5_000 });
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0005" } });
    expect((await world.records()).at(-1)).toMatchObject({ trigger: { kind: "by-hand" } });
    await world.release("rb-0005");
  });

  it("is called by cutover rollback, which only says what it would do without --yes", async () => {
    const ask = ["rollback", "--stack", "test", "--region", "us-east-1", "--reason", "answers are wrong"];
    const said = await new ByHand(world).cutover(...ask);
    expect(said).toMatchObject({ exitCode: 2, stdout: expect.stringContaining(`Would invoke ${FUNCTION}`) });
    expect(await world.answeredBy()).toEqual(new Set(["node", "python"]));
    const done = await new ByHand(world).cutover(...ask, "--yes");
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^rolled-back: [\s\S]*record +rb-0006/) });
    expect((await world.records()).at(-1)).toMatchObject({
      id: "rb-0006",
      trigger: { kind: "manual", text: expect.stringContaining("answers are wrong") },
    });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    await world.release("rb-0006");
  });

  it("is called by the runbook's one line, without our command line", async () => {
    const done = await new ByHand(world).runbook(runbookBlock("Roll back now", "aws lambda invoke"));
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/"outcome": ?"rolled-back"/) });
    expect(await world.records()).toHaveLength(7);
    expect((await world.records()).at(-1)).toMatchObject({
      id: "rb-0007",
      trigger: { kind: "manual", text: expect.stringContaining("answers are wrong") },
    });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    await world.release("rb-0007");
  });

  it("need not even work: the runbook's change of the rule moves traffic, and the reconciler records it", async () => {
    const line = runbookBlock("Roll back now", "aws elbv2 modify-rule");
    const done = await new ByHand(world).runbook(line, { RULE: world.rules.killSwitch, NODE: world.groups.node });
    expect(done).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await world.answeredBy()).toEqual(new Set(["node"]));
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0008" } });
    expect((await world.records()).at(-1)).toMatchObject({ trigger: { kind: "by-hand" } });
    await world.release("rb-0008");
  });

  it("holds where Node is dead and Python answers, and passes the messages to Python", async () => {
    await world.aws.ecs.send(new UpdateServiceCommand({ cluster: "main", service: "node", desiredCount: 0 }));
    await waitFor(async () => (await world.aws.healthStates(world.groups.node)).length === 0, {
      what: "Node's targets to be gone",
      deadlineMs: 20_000,
    });
    await world.aws.aws.loadBalancer.settled();
    expect(await world.manual()).toMatchObject({ report: { outcome: "rolled-back", id: "rb-0009" } });
    expect((await world.notices()).join()).toMatch(/Rolled back to the inbox/);
    const reply = await world.send({ contactId: "c-1", messageId: "m-1", body: "hello" });
    expect([reply.status, reply.headers["x-served-by"]]).toEqual([200, "inbox"]);
    expect(await world.replay()).toMatchObject({ engine: "python", replayed: 1, left: 0 });
  });
});

it("no secret is in the function's log", async () => {
  const { events = [] } = await world.aws.logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FUNCTION}` }),
  );
  const text = events.map(({ message }) => message).join("\n");
  expect(text).toMatch(/rollback_report/);
  for (const secret of [world.ghl.token, 'probe-key"']) expect(text).not.toContain(secret);
});
