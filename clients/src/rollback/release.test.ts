import { RELEASE_COUNTS_MS, recordPath, releasedPath, releasingPath } from "@cutover/domain/rollback/record";
import { describe, expect, it } from "vitest";
import { readListener, setKillSwitch } from "../loadbalancer/kill-switch";
import { createRecord, markReleased, readRollbacks, updateRecord } from "../record/rollback-record";
import type { RollbackPorts } from "./ports";
import { forgetRollbacks, type ReleaseInputs, releaseKillSwitch } from "./release";
import { runRollback } from "./run";
import { awsError, CONFIG, TestWorld } from "./testkit";
import { dice, TestAws } from "./testkit-aws";

const ALARMS = ["cutover-prod-rollback-hard", "cutover-prod-rollback-soft"];
const place = { ruleArn: "arn:kill-switch", nodeTargetGroupArn: "arn:node" };
const inputs = (release?: string): ReleaseInputs => ({
  stack: "prod",
  aws: { region: "eu-central-1" },
  ...place,
  alarmNames: ALARMS,
  ...(release === undefined ? {} : { release }),
});
const NOW = { deadlineMs: 2_000, baseMs: 1 };

async function rolledBack(aws: TestAws, id = "rb-0001"): Promise<void> {
  const at = new Date(aws.time).toISOString();
  const steps = { switch: { state: "done", at, detail: "" } };
  aws.put(recordPath("prod", id), {
    version: 1,
    id,
    at,
    trigger: { kind: "hard", text: "probes failed" },
    to: "node",
    steps,
  });
  await setKillSwitch("node", place, aws.clients.elb, NOW);
  aws.calls.length = 0;
}

describe("releaseKillSwitch", () => {
  it("writes nothing without an id", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    expect(await releaseKillSwitch(inputs(), aws.clients)).toBe("nothing to release");
    expect(aws.calls).toEqual([]);
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("puts the switch off and marks the record, in this order", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    expect(await releaseKillSwitch(inputs("rb-0001"), aws.clients)).toBe("released");
    expect(aws.killSwitch).toBe("off");
    expect(aws.calls.filter((c) => c === "ModifyRule" || c === "PutParameter" || c === "DescribeAlarms")).toEqual([
      "PutParameter",
      "DescribeAlarms",
      "ModifyRule",
      "PutParameter",
    ]);
    const { records } = await readRollbacks("prod", aws.clients.ssm, NOW);
    expect(records).toMatchObject([{ id: "rb-0001", releasedAt: expect.any(String), releasingAt: expect.any(String) }]);
  });

  it("done once is done: the next run changes nothing", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    await releaseKillSwitch(inputs("rb-0001"), aws.clients);
    aws.calls.length = 0;
    expect(await releaseKillSwitch(inputs("rb-0001"), aws.clients)).toBe("nothing to release");
    expect(aws.calls).not.toContain("ModifyRule");
    expect(aws.calls).not.toContain("PutParameter");
  });

  it.each([
    ["an id of an earlier stack", "rb-0009", () => new TestAws()],
    ["unrecorded, with the switch off", "unrecorded", () => new TestAws()],
  ])("has nothing to do with %s", async (_what, id, make) => {
    const aws = make();
    expect(await releaseKillSwitch(inputs(id), aws.clients)).toBe("nothing to release");
    expect(aws.killSwitch).toBe("off");
  });

  it("releases a switch that was moved without a record", async () => {
    const aws = new TestAws();
    await setKillSwitch("node", place, aws.clients.elb, NOW);
    expect(await releaseKillSwitch(inputs("unrecorded"), aws.clients)).toBe("released");
    expect(aws.killSwitch).toBe("off");
  });

  it("refuses another id than the newest, and leaves the switch", async () => {
    const aws = new TestAws();
    await rolledBack(aws, "rb-0001");
    await rolledBack(aws, "rb-0002");
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(/newest rollback is rb-0002/);
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("lets an acknowledgement of an earlier, released rollback stay in the file", async () => {
    const aws = new TestAws();
    await rolledBack(aws, "rb-0001");
    await releaseKillSwitch(inputs("rb-0001"), aws.clients);
    await rolledBack(aws, "rb-0002");
    expect(await releaseKillSwitch(inputs("rb-0001"), aws.clients)).toBe("nothing to release");
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("refuses while an alarm that rolls back is in ALARM", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    aws.ringing.add(ALARMS[0] ?? "");
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(
      /went into ALARM while this update/,
    );
    expect(aws.killSwitch).toBe("arn:node");
    expect(aws.parameters.has(releasedPath("prod", "rb-0001"))).toBe(false);
    expect(aws.parameters.has(releasingPath("prod", "rb-0001"))).toBe(false);
  });

  it.each([
    ["the alarms can't be read", "DescribeAlarms", 1],
    ["the load balancer refuses the write", "ModifyRule", 1],
  ])("takes its mark back where %s", async (_what, operation, times) => {
    const aws = new TestAws();
    await rolledBack(aws);
    const denied = () => awsError("AccessDenied", "not authorized");
    aws.failures.set(operation, Array.from({ length: times }, denied));
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients, NOW)).rejects.toThrow(/not authorized/);
    expect(aws.killSwitch).toBe("arn:node");
    expect(aws.parameters.has(releasingPath("prod", "rb-0001"))).toBe(false);
  });

  it("says why it is refused also where the mark can't be taken back", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    aws.ringing.add(ALARMS[0] ?? "");
    aws.failures.set("DeleteParameters", [awsError("AccessDenied", "not authorized")]);
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(/went into ALARM while/);
  });

  it("leaves its mark where the switch is off and the records can't be read again: the function finishes it", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    aws.before = (operation) => {
      if (operation !== "ModifyRule") return;
      aws.failures.set("GetParametersByPath", [awsError("AccessDenied", "not authorized")]);
    };
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients, NOW)).rejects.toThrow(/not authorized/);
    expect(aws.killSwitch).toBe("off");
    expect(aws.parameters.has(releasingPath("prod", "rb-0001"))).toBe(true);
  });

  it("refuses a switch that somebody moved after the release", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    await releaseKillSwitch(inputs("rb-0001"), aws.clients);
    await setKillSwitch("node", place, aws.clients.elb, NOW);
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(/somebody moved the kill switch/);
  });

  it("puts the switch back where a rollback came in between", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    let writes = 0;
    aws.before = (operation) => {
      if (operation !== "ModifyRule" || writes++ > 0) return;
      aws.put(recordPath("prod", "rb-0002"), {
        version: 1,
        id: "rb-0002",
        at: new Date(aws.time).toISOString(),
        trigger: { kind: "soft", text: "5xx" },
        to: "node",
        steps: {},
      });
    };
    await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(/rb-0002 .* stays in force/);
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("killed after the write is finished by the next run", async () => {
    const aws = new TestAws();
    await rolledBack(aws);
    aws.put(releasingPath("prod", "rb-0001"), "begun");
    await setKillSwitch("off", place, aws.clients.elb, NOW);
    expect(await releaseKillSwitch(inputs("rb-0001"), aws.clients)).toBe("released");
    expect(aws.parameters.has(releasedPath("prod", "rb-0001"))).toBe(true);
  });
});

it("destroy leaves no record behind, and nothing else is touched", async () => {
  const aws = new TestAws();
  for (let n = 1; n <= 7; n++) await rolledBack(aws, `rb-000${n}`);
  await releaseKillSwitch(inputs("rb-0007"), aws.clients);
  aws.put("/cutover/prod/rollback/paged", "x");
  aws.put("/cutover/prod/applied", "x");
  await forgetRollbacks("prod", { region: "eu-central-1" }, aws.clients.ssm);
  expect([...aws.parameters.keys()]).toEqual(["/cutover/prod/applied"]);
});

/** The function over the same AWS as the release; what is not AWS is as in `world`. */
function functionOver(aws: TestAws, world = new TestWorld()): RollbackPorts {
  const { elb, ssm } = aws.clients;
  const listener = { listenerArn: "arn:listener", killSwitch: place, pythonTargetGroupArn: "arn:python" };
  return {
    ...world.ports,
    readListener: () => readListener(listener, elb, NOW),
    setSwitch: (to) => setKillSwitch(to, place, elb, { ...NOW, againAfterMs: 5 }),
    readShelf: () => readRollbacks("prod", ssm, NOW),
    createRecord: (draft, after) => createRecord("prod", draft, ssm, NOW, after),
    updateRecord: (record) => updateRecord("prod", record, ssm, NOW),
    markReleased: (id) => markReleased("prod", id, ssm, NOW),
    now: () => aws.time,
  };
}

describe("a switch that is off with an open record", () => {
  const DONE = { state: "done", at: "2026-11-22T10:00:00.000Z", detail: "" };

  /** Rolled back, with every step done, and a release that `attempt` makes; then the switch is off after `minutes`. */
  async function offAfter(minutes: number, attempt: (aws: TestAws) => Promise<unknown>) {
    const [aws, world] = [new TestAws(), new TestWorld()];
    await rolledBack(aws);
    const [, record] = [...aws.parameters][0] ?? [];
    const steps = { switch: DONE, verify: DONE, webhook: DONE, notice: DONE };
    aws.put(recordPath("prod", "rb-0001"), { ...JSON.parse(record?.value ?? ""), steps });
    await attempt(aws);
    aws.time += minutes * 60_000;
    await setKillSwitch("off", place, aws.clients.elb, NOW);
    const report = await runRollback({ source: "reconcile" }, CONFIG, functionOver(aws, world));
    const { records } = await readRollbacks("prod", aws.clients.ssm, NOW);
    return { report, notices: world.notices, record: records[0] };
  }

  it("is a person's doing once a release was refused: people are told, and the record stays open", async () => {
    const { report, notices, record } = await offAfter(2, async (aws) => {
      aws.ringing.add(ALARMS[0] ?? "");
      await expect(releaseKillSwitch(inputs("rb-0001"), aws.clients)).rejects.toThrow(/went into ALARM/);
      aws.ringing.clear();
    });
    expect(report).toMatchObject({ outcome: "left", id: "rb-0001" });
    expect(notices).toMatchObject([{ subject: expect.stringMatching(/put off by hand/) }]);
    expect(record).toMatchObject({ handOffAt: expect.any(String) });
    expect(record).not.toHaveProperty("releasedAt");
  });

  const killed = async (aws: TestAws) => aws.put(releasingPath("prod", "rb-0001"), "begun");

  it("is a person's doing long after a release was killed: its mark counts for nothing", async () => {
    const { report, notices, record } = await offAfter(RELEASE_COUNTS_MS / 60_000 + 1, killed);
    expect(report).toMatchObject({ outcome: "left", id: "rb-0001" });
    expect(notices[0]?.text).toMatch(
      /somebody changed the listener rule, or the update that began to release it at 2026/,
    );
    expect(record).not.toHaveProperty("releasedAt");
  });

  it("is the release's doing while one may still run: killed after the write it is finished", async () => {
    const { report, notices, record } = await offAfter(2, killed);
    expect(report).toMatchObject({ outcome: "completed", sentence: "The release of rb-0001 is on record now." });
    expect(notices).toEqual([]);
    expect(record).toHaveProperty("releasedAt");
  });
});

describe("a release and a rollback at the same time", () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))("ends on Node with an open record, seed %i", async (seed) => {
    const aws = new TestAws();
    await rolledBack(aws);
    const random = dice(seed);
    aws.turns = () => random(4);
    const ports = functionOver(aws);
    const pause = random(25);
    const release = releaseKillSwitch(inputs("rb-0001"), aws.clients, { deadlineMs: 40, baseMs: 1 }).catch(
      (error: unknown) => error,
    );
    for (let turn = 0; turn < pause; turn++) await new Promise((resolve) => setImmediate(resolve));
    // The alarm goes off: before the release looks at the alarms, after that, or after the release.
    aws.ringing.add(ALARMS[0] ?? "");
    const alarm = { AlarmName: ALARMS[0], NewStateValue: "ALARM", NewStateReason: "x" };
    aws.time += 1;
    const StateChangeTime = new Date(aws.time).toISOString();
    const Message = JSON.stringify({ ...alarm, StateChangeTime });
    const report = await runRollback({ Records: [{ Sns: { Message } }] }, CONFIG, ports);
    await release;
    const { records } = await readRollbacks("prod", aws.clients.ssm, NOW);
    expect(report.outcome).toMatch(/rolled-back|joined/);
    expect(aws.killSwitch).toBe("arn:node");
    expect(records.at(-1)).not.toHaveProperty("releasedAt");
  });
});
