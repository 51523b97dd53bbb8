import { ladder } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "./model";
import { resource } from "./testkit";
import { leastOutstanding, ruleOwnership, shareOnLadder, tls, weights } from "./traffic";
import { TYPES } from "./types";

const forward = (values: readonly unknown[], stickiness?: unknown) =>
  resource(TYPES.listenerRule, {
    actions: [
      { type: "forward", forward: { targetGroups: values.map((weight) => ({ arn: "a", weight })), stickiness } },
    ],
  });

describe("weights", () => {
  it.each([[[90, 10]], [[0, 100]], [[100]], [[100, 0]]])("%j pass", (values) => {
    expect(weights(forward(values))).toEqual([]);
  });

  it.each([
    [[90, 20], /sum to 110; make them 100/],
    [[0, 0], /sum to 0/],
    [[90.5, 9.5], /no whole percent/],
    [[110, -10], /no whole percent/],
    [[undefined, 100], /missing/],
    [[], /sum to 0/],
  ])("%j fail", (values, expected) => {
    expect(weights(forward(values))).toEqual([expect.stringMatching(expected)]);
  });

  it("are judged on a listener's default action, too", () => {
    const targetGroups = [{ arn: "a", weight: 1 }];
    const listener = resource(TYPES.listener, { defaultActions: [{ type: "forward", forward: { targetGroups } }] });
    expect(weights(listener)).toEqual([expect.stringContaining("sum to 1;")]);
  });

  it("may not be sticky", () => {
    expect(weights(forward([90, 10], { enabled: true, duration: 60 }))).toEqual([
      expect.stringContaining("stickiness"),
    ]);
    expect(weights(forward([90, 10], { enabled: false, duration: 1 }))).toEqual([]);
  });

  it("are left alone where there is no weighted forward, or nothing is known yet", () => {
    expect(weights(resource(TYPES.listenerRule, {}))).toEqual([]);
    expect(weights(resource(TYPES.listenerRule, { actions: [{ type: "forward", targetGroupArn: "a" }] }))).toEqual([]);
    expect(weights(forward([UNKNOWN, 10]))).toEqual([]);
    expect(weights(resource(TYPES.topic, { actions: 1 }))).toEqual([]);
  });
});

describe("shareOnLadder", () => {
  const applied = (value: unknown) =>
    shareOnLadder(resource(TYPES.parameter, { name: "/cutover/prod/applied", value: JSON.stringify(value) }));

  it.each(ladder.map(({ name, pythonShare }) => [name, pythonShare] as const))(
    "%s allows %i percent",
    (phase, share) => {
      expect(applied({ phase, pythonShare: share })).toEqual([]);
      expect(applied({ phase, pythonShare: Math.max(0, share - 1) })).toEqual([]);
    },
  );

  it.each([
    [{ phase: "parallel", pythonShare: 11 }, /parallel allows Python 10 %, not 11 %.*ramp-25/],
    [{ phase: "node-only", pythonShare: 1 }, /node-only allows Python 0 %/],
    [{ phase: "canary", pythonShare: 5 }, /none of prepare, front-door/],
    [{ phase: "parallel" }, /no whole percent/],
    [{ phase: "parallel", pythonShare: 0.5 }, /no whole percent/],
    [{}, /none of/],
    ["no object", /none of/],
  ])("%j fails", (value, expected) => {
    expect(applied(value)).toEqual([expect.stringMatching(expected)]);
  });

  it("looks at the record of its own stack only, once it is known", () => {
    const value = JSON.stringify({ phase: "canary" });
    expect(shareOnLadder(resource(TYPES.parameter, { name: "/cutover/dev/applied", value }))).toEqual([]);
    expect(shareOnLadder(resource(TYPES.parameter, { name: "/cutover/prod/applied", value: UNKNOWN }))).toEqual([]);
  });
});

describe("ruleOwnership", () => {
  const killSwitch = (ignoreChanges?: string[]) =>
    resource(
      TYPES.listenerRule,
      { conditions: [{ httpHeader: { httpHeaderName: "X-Cutover-Kill-Switch", values: ["a"] } }] },
      ignoreChanges ? { ignoreChanges } : {},
    );
  const weighted = (ignoreChanges: string[]) => ({ ...forward([90, 10]), ignoreChanges });

  it("wants the kill switch never written after its creation", () => {
    expect(ruleOwnership(killSwitch(["conditions", "actions"]))).toEqual([]);
    expect(ruleOwnership(killSwitch(["conditions"]))).toEqual([
      expect.stringMatching(/switch's actions .*ignoreChanges/),
    ]);
    expect(ruleOwnership(killSwitch([]))).toEqual([expect.stringContaining("conditions and actions")]);
  });

  it("knows the kill switch by its name, too, whose conditions a rollback has changed", () => {
    const rolledBack = { ...forward([0, 100]), name: "traffic-kill-switch", ignoreChanges: ["conditions", "actions"] };
    expect(ruleOwnership(rolledBack)).toEqual([]);
  });

  it("wants weights always written", () => {
    expect(ruleOwnership(weighted([]))).toEqual([]);
    expect(ruleOwnership(weighted(["actions[0].forward"]))).toEqual([expect.stringContaining('take "actions" out')]);
  });

  it("says nothing where options are not known", () => {
    expect(ruleOwnership(killSwitch())).toEqual([]);
  });
});

describe("leastOutstanding", () => {
  const group = (props: Record<string, unknown>) => leastOutstanding(resource(TYPES.targetGroup, props));

  it("passes, and fails with another algorithm, none, or slow start", () => {
    expect(group({ loadBalancingAlgorithmType: "least_outstanding_requests" })).toEqual([]);
    expect(group({ loadBalancingAlgorithmType: "least_outstanding_requests", slowStart: 0 })).toEqual([]);
    expect(group({ loadBalancingAlgorithmType: "round_robin" })).toHaveLength(1);
    expect(group({})).toHaveLength(1);
    expect(group({ loadBalancingAlgorithmType: "least_outstanding_requests", slowStart: 30 })).toEqual([
      expect.stringContaining("remove slowStart"),
    ]);
  });

  it("does not ask a function for it, nor what is not known yet", () => {
    expect(group({ targetType: "lambda" })).toEqual([]);
    expect(group({ loadBalancingAlgorithmType: UNKNOWN })).toEqual([]);
  });
});

describe("tls", () => {
  const listener = (props: Record<string, unknown>) => tls(resource(TYPES.listener, props));
  const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };

  it.each(["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06", UNKNOWN])(
    "%s passes",
    (sslPolicy) => {
      expect(listener({ protocol: "HTTPS", sslPolicy })).toEqual([]);
    },
  );

  it.each([
    undefined,
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
  ])("%s fails", (sslPolicy) => {
    expect(listener({ protocol: "HTTPS", sslPolicy })).toEqual([expect.stringContaining("TLS13-1-2")]);
  });

  it("lets plain HTTP redirect only", () => {
    expect(listener({ protocol: "HTTP", defaultActions: [redirect] })).toEqual([]);
    expect(listener({ protocol: "HTTP", defaultActions: [{ type: "forward", targetGroupArn: "a" }] })).toHaveLength(1);
    expect(listener({ protocol: "HTTP" })).toHaveLength(1);
    expect(listener({})).toHaveLength(1);
  });
});
