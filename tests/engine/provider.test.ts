import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineResult } from "../../rehearsal/engine/stack";
import { EngineWorld } from "./support/world";

// One stack lived through by the real engine; each test starts where the one before ended.
const MINUTE = 60_000;
const TOKEN = "a-token-nobody-must-see";
let world: EngineWorld;

beforeAll(async () => {
  world = await EngineWorld.start("first-types", { key: "token", value: TOKEN, secret: true });
  await world.route53.createHostedZone({ Name: "example.test", CallerReference: "test" });
}, 2 * MINUTE);

afterAll(async () => {
  await world?.stop();
}, MINUTE);

/** Resources a run worked on, "update split" say, without the stack itself. */
function worked(result: EngineResult): string[] {
  const named = result.steps.map(({ op, urn }) => `${op} ${urn.split("::").pop()}`);
  return [...new Set(named)].filter((one) => !one.endsWith("-test")).sort();
}

async function outputs(): Promise<Record<string, string>> {
  return (await world.stack.outputs(true)) as Record<string, string>;
}

async function weights(): Promise<number[]> {
  const { Rules } = await world.elb.describeRules({ RuleArns: [(await outputs()).splitArn ?? ""] });
  return (Rules?.[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? []).map((group) => group.Weight ?? -1);
}

async function setVariant(value: string): Promise<void> {
  await world.stack.configSet({ key: "variant", value });
}

describe("what is not served", () => {
  it(
    "fails in preview, by name",
    async () => {
      await setVariant("unserved");
      const result = await world.stack.preview({ allowFailure: true });
      expect(result.exitCode).not.toBe(0);
      expect(result.text).toContain("rehearsal provider: aws:ec2/keyPair:KeyPair is not served");
    },
    MINUTE,
  );
});

describe("a stack that does not change", () => {
  it(
    "is created, with the secrets kept out of the state",
    async () => {
      await setVariant("first");
      const result = await world.stack.up();
      expect(result.changes.create).toBe(47);
      const out = await outputs();
      expect(out).toMatchObject({
        account: "123456789012",
        region: "us-east-1",
        partition: "aws",
        greeting: "hello there",
      });
      const state = JSON.stringify(await world.stack.exportState());
      expect(out.secretWord).toHaveLength(32);
      expect(state).not.toContain(out.secretWord);
      expect(state).not.toContain(TOKEN);
      const services = await world.ecs.describeServices({ cluster: out.clusterArn, services: [out.serviceArn ?? ""] });
      expect(services.services?.[0]).toMatchObject({ status: "ACTIVE", desiredCount: 2, launchType: "FARGATE" });
    },
    2 * MINUTE,
  );

  it(
    "shows no change in a preview and none in a refresh",
    async () => {
      const preview = await world.stack.preview({ expectNoChanges: true });
      const refresh = await world.stack.refresh({ expectNoChanges: true });
      expect([preview.changed, refresh.changed]).toEqual([0, 0]);
      const secretWord = (await outputs()).secretWord ?? "";
      expect(JSON.stringify(await world.stack.exportState())).not.toContain(secretWord);
    },
    MINUTE,
  );
});

describe("changes by others", () => {
  it(
    "a rule's weights are seen by a refresh and put back by an update",
    async () => {
      const out = await outputs();
      const forward = (weight: number, arn = "") => ({ TargetGroupArn: arn, Weight: weight });
      const targets = [forward(100, out.nodeGroup), forward(0, out.pythonGroup)];
      await world.elb.modifyRule({
        RuleArn: out.splitArn,
        Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: targets } }],
      });
      const seen = await world.stack.refresh({ previewOnly: true });
      expect(seen.text).toContain("ListenerRule split");
      expect(seen.changed).toBe(1);
      await world.stack.refresh();
      const up = await world.stack.up();
      expect(worked(up)).toEqual(["update split"]);
      expect((await weights()).sort()).toEqual([10, 90]);
    },
    MINUTE,
  );

  it(
    "the kill switch's conditions stay as they were put, also when its tags change",
    async () => {
      const { killSwitchArn: RuleArn = "", nodeGroup: TargetGroupArn } = await outputs();
      const Conditions = [{ Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/*"] } }];
      await world.elb.modifyRule({ RuleArn, Conditions, Actions: [{ Type: "forward", TargetGroupArn }] });
      await world.stack.up({ expectNoChanges: true });
      await setVariant("update");
      await world.stack.up();
      const { Rules } = await world.elb.describeRules({ RuleArns: [RuleArn] });
      expect(Rules?.[0]?.Conditions?.[0]?.Field).toBe("path-pattern");
      const { TagDescriptions } = await world.elb.describeTags({ ResourceArns: [RuleArn] });
      expect(TagDescriptions?.[0]?.Tags).toEqual([{ Key: "touched", Value: "yes" }]);
      // The switch is put back, so that the following runs start from a declared world.
      const off = [
        { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-off", Values: ["0123456789abcdef"] } },
      ];
      await world.elb.modifyRule({ RuleArn, Conditions: off, Actions: [{ Type: "forward", TargetGroupArn }] });
    },
    MINUTE,
  );

  it(
    "what somebody deleted is made again",
    async () => {
      await world.logs.deleteLogGroup({ logGroupName: "/cutover/test/node" });
      await world.stack.refresh();
      const up = await world.stack.up();
      expect(worked(up)).toContain("create logs");
      const { logGroups } = await world.logs.describeLogGroups({ logGroupNamePrefix: "/cutover/test/node" });
      expect(logGroups?.[0]?.retentionInDays).toBe(14);
    },
    MINUTE,
  );
});

describe("changes of the program", () => {
  it(
    "were made in place",
    async () => {
      const out = await outputs();
      const { Rules } = await world.elb.describeRules({ RuleArns: [out.splitArn ?? ""] });
      expect(Rules?.[0]?.Priority).toBe("110");
      expect((await weights()).sort()).toEqual([25, 75]);
      const parameter = await world.ssm.getParameter({ Name: "/cutover/test/applied" });
      expect(parameter.Parameter?.Value).toBe('{"phase":"parallel"}');
      await world.stack.preview({ expectNoChanges: true });
      await world.stack.refresh({ expectNoChanges: true });
    },
    MINUTE,
  );

  it(
    "replace what can't change in place, and what hangs on it",
    async () => {
      await setVariant("replace");
      const plan = await world.stack.preview();
      const replaced = worked(plan).filter((one) => one.startsWith("replace "));
      expect(replaced).toEqual([
        "replace execution",
        "replace python",
        "replace read-secret",
        "replace role",
        "replace script",
        "replace task",
      ]);
      await world.stack.up();
      const { TargetGroups } = await world.elb.describeTargetGroups({});
      expect(TargetGroups?.map((group) => group.Port).sort()).toEqual([8080, 8081]);
      await world.stack.preview({ expectNoChanges: true });
    },
    2 * MINUTE,
  );
});

describe("failures leave nothing behind that the state does not know", () => {
  it(
    "AWS's refusal is told with code, message and resource",
    async () => {
      await setVariant("broken");
      const result = await world.stack.up({ allowFailure: true });
      expect(result.exitCode).not.toBe(0);
      expect(result.text).toMatch(/creating aws:lb\/listenerRule:ListenerRule second: PriorityInUse\w*: /);
      const state = await world.stack.exportState();
      expect(state.deployment?.resources?.some((one) => one.urn.endsWith("::second"))).toBe(false);
      await setVariant("first");
      await world.stack.up();
    },
    2 * MINUTE,
  );

  it(
    "a service whose deployment fails is kept, and repaired by the next update",
    async () => {
      const { clusterArn = "" } = await outputs();
      await setVariant("second-service");
      world.router.failDeployments("tasks failed to start");
      const failed = await world.stack.up({ allowFailure: true });
      expect(failed.exitCode).not.toBe(0);
      expect(failed.text).toContain("deployment failed: tasks failed to start");
      const state = await world.stack.exportState();
      const kept = state.deployment?.resources?.find((one) => one.urn.endsWith("::second-service"));
      expect(kept?.id).toContain(":service/");
      world.router.failDeployments(undefined);
      const repaired = await world.stack.up();
      expect(worked(repaired)).toContain("update second-service");
      const { serviceArns } = await world.ecs.listServices({ cluster: clusterArn });
      expect(serviceArns).toHaveLength(2);
      await world.stack.preview({ expectNoChanges: true });
    },
    2 * MINUTE,
  );

  it(
    "destroy leaves nothing in the emulators",
    async () => {
      await world.stack.destroy();
      const left = Object.entries(await world.inventory()).filter(([, names]) => names.length > 0);
      expect(left).toEqual([]);
    },
    MINUTE,
  );
});
