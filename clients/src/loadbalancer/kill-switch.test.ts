import type { Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ModifyRuleCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { describe, expect, it } from "vitest";
import { awsError } from "../rollback/testkit";
import { TestAws } from "../rollback/testkit-aws";
import { type ListenerPlace, readKillSwitch, readListener, setKillSwitch } from "./kill-switch";

const FAST = { deadlineMs: 300, baseMs: 1 };
const place = { ruleArn: "arn:kill-switch", nodeTargetGroupArn: "arn:node", inboxTargetGroupArn: "arn:inbox" };
const listener: ListenerPlace = {
  listenerArn: "arn:listener",
  killSwitch: place,
  inboxTargetGroupArn: "arn:inbox",
  pythonTargetGroupArn: "arn:python",
};
const rule = (aws: TestAws, arn: string): Rule => {
  const found = aws.rules.find(({ RuleArn }) => RuleArn === arn);
  if (!found) throw new Error(arn);
  return found;
};

describe("setKillSwitch", () => {
  it.each(["node", "hold", "off"] as const)("moves to %s in one call and reads it back", async (to) => {
    const aws = new TestAws();
    await setKillSwitch(to === "off" ? "node" : "off", place, aws.clients.elb, FAST);
    aws.calls.length = 0;
    await setKillSwitch(to, place, aws.clients.elb, FAST);
    expect(aws.calls).toEqual(["ModifyRule", "DescribeRules"]);
    expect(await readKillSwitch(place, aws.clients.elb, FAST)).toBe(to);
  });

  it("always sends both halves, and another random header each time", async () => {
    const sent: ModifyRuleCommand[] = [];
    const aws = new TestAws();
    const elb = {
      send: (command: never) => {
        if ((command as unknown) instanceof ModifyRuleCommand) sent.push(command);
        return aws.clients.elb.send(command);
      },
    } as unknown as typeof aws.clients.elb;
    for (const to of ["off", "off", "node"] as const) await setKillSwitch(to, place, elb, FAST);
    const headers = sent.map(({ input }) => input.Conditions?.[1]?.HttpHeaderConfig?.Values?.[0]);
    expect(headers[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(headers[0]).not.toBe(headers[1]);
    for (const { input } of sent) {
      expect(input.Conditions?.[0]).toEqual({ Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/*"] } });
      expect(input.Actions).toEqual([{ Type: "forward", TargetGroupArn: "arn:node" }]);
    }
  });

  it("lives through throttling and an ELB that does not answer for a moment", async () => {
    const aws = new TestAws();
    aws.failures.set("ModifyRule", [awsError("Throttling", "x"), awsError("ServiceUnavailable", "x")]);
    aws.failures.set("DescribeRules", [awsError("Throttling", "x")]);
    await setKillSwitch("node", place, aws.clients.elb, FAST);
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("says at the deadline that it could not move", async () => {
    const aws = new TestAws();
    aws.failures.set(
      "ModifyRule",
      Array.from({ length: 1_000 }, () => awsError("Throttling", "Rate exceeded")),
    );
    await expect(setKillSwitch("node", place, aws.clients.elb, { ...FAST, deadlineMs: 50 })).rejects.toThrow(
      /moving the kill switch to "node": not done within \d+ ms \(last: Throttling: Rate exceeded\)/,
    );
  });

  it("does not repeat a call that is denied", async () => {
    const aws = new TestAws();
    aws.failures.set("ModifyRule", [awsError("AccessDenied", "not authorized")]);
    await expect(setKillSwitch("node", place, aws.clients.elb, FAST)).rejects.toThrow(/not authorized/);
    expect(aws.calls).toEqual(["ModifyRule"]);
  });

  it("does not believe a move that the rule does not show", async () => {
    const aws = new TestAws();
    const before = structuredClone(rule(aws, "arn:kill-switch"));
    aws.before = (operation) => {
      if (operation === "DescribeRules") Object.assign(rule(aws, "arn:kill-switch"), structuredClone(before));
    };
    await expect(setKillSwitch("node", place, aws.clients.elb, { ...FAST, deadlineMs: 40 })).rejects.toThrow(
      /still reads "off"/,
    );
    expect(aws.calls.filter((c) => c === "ModifyRule")).toHaveLength(1);
  });

  it("moves again where somebody moved it back, when told to", async () => {
    const aws = new TestAws();
    let reads = 0;
    aws.before = (operation) => {
      if (operation !== "DescribeRules" || reads++ > 0) return;
      rule(aws, "arn:kill-switch").Conditions?.push({
        Field: "http-header",
        HttpHeaderConfig: { HttpHeaderName: "x-cutover-kill-switch", Values: ["y"] },
      });
    };
    await setKillSwitch("node", place, aws.clients.elb, { ...FAST, againAfterMs: 5 });
    expect(aws.killSwitch).toBe("arn:node");
  });

  it("refuses hold without an inbox before it calls anything", async () => {
    const aws = new TestAws();
    const { inboxTargetGroupArn: _none, ...without } = place;
    await expect(setKillSwitch("hold", without, aws.clients.elb, FAST)).rejects.toThrow(/there is no inbox/);
    expect(aws.calls).toEqual([]);
  });
});

describe("readListener", () => {
  it("reads switch and share in one call", async () => {
    const aws = new TestAws();
    expect(await readListener(listener, aws.clients.elb, FAST)).toEqual({ killSwitch: "off", share: 50 });
    expect(aws.calls).toEqual(["DescribeRules"]);
  });

  it.each<[string, (aws: TestAws) => void, string]>([
    ["node", (aws) => void rule(aws, "arn:kill-switch").Conditions?.pop(), "node"],
    ["half edited", (aws) => Object.assign(rule(aws, "arn:kill-switch"), { Conditions: [], Actions: [] }), "unclear"],
    ["gone", (aws) => void aws.rules.splice(1, 1), "missing"],
  ])("sees a switch that is %s", async (_what, change, killSwitch) => {
    const aws = new TestAws();
    change(aws);
    expect(await readListener(listener, aws.clients.elb, FAST)).toMatchObject({ killSwitch });
  });

  it("sees no switch where Node is removed, and the whole share", async () => {
    const aws = new TestAws();
    const { killSwitch: _removed, ...place } = listener;
    rule(aws, "arn:traffic").Actions = [{ Type: "forward", TargetGroupArn: "arn:python" }];
    expect(await readListener(place, aws.clients.elb, FAST)).toEqual({ killSwitch: "missing", share: 100 });
  });

  it.each<[string, (aws: TestAws) => void, number]>([
    ["the weighted rule is gone", (aws) => void aws.rules.splice(2, 1), 0],
    [
      "a rule by hand gives Python more",
      (aws) =>
        void aws.rules.unshift({
          RuleArn: "arn:by-hand",
          Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/ghl"] } }],
          Actions: [{ Type: "forward", TargetGroupArn: "arn:python" }],
        }),
      100,
    ],
    [
      "weights are no percents",
      (aws) => {
        const groups = rule(aws, "arn:traffic").Actions?.[0]?.ForwardConfig?.TargetGroups;
        for (const group of groups ?? []) group.Weight = group.TargetGroupArn === "arn:python" ? 1 : 3;
      },
      25,
    ],
  ])("reads the share where %s", async (_what, change, share) => {
    const aws = new TestAws();
    change(aws);
    expect(await readListener(listener, aws.clients.elb, FAST)).toMatchObject({ share });
  });
});
