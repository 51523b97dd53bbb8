import { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeRulesCommand, DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetParameterHistoryCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { contactRules } from "@cutover/domain/affinity";
import type { Manifest } from "@cutover/domain/stack-record";
import { describe, expect, it } from "vitest";
import { clockFrom } from "../clock";
import { readAppliedHistory } from "./applied-history";
import { readShareFacts, type ShareClients } from "./share-facts";

const AWS = { region: "eu-central-1" };
const NOW = Date.UTC(2026, 10, 25, 12);
const manifest: Manifest = {
  version: 1,
  stack: "test",
  region: "eu-central-1",
  domain: "messages.example.com",
  loadBalancerArn: "arn:x:loadbalancer/app/cutover-test/1",
  killSwitchRuleArn: "arn:switch",
  trafficRuleArn: "arn:split",
  clusterName: "cutover-test",
  probeKeySecret: "cutover/test/probe-key",
  targetGroups: {
    nodeCustomer: "arn:x:targetgroup/no-c/1",
    pythonCustomer: "arn:x:targetgroup/py-c/1",
    pythonProbe: "arn:x:targetgroup/py-p/1",
  },
  services: { node: "node", python: "python" },
  listenerArn: "arn:listener",
  rollback: { functionName: "f", compositeAlarms: [], alarms: [] },
  expectedMessagesPerHour: 60,
};

const rules: Record<string, unknown> = {
  "arn:split": {
    Conditions: [],
    Actions: [
      {
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: manifest.targetGroups.nodeCustomer, Weight: 75 },
            { TargetGroupArn: manifest.targetGroups.pythonCustomer, Weight: 25 },
          ],
        },
      },
    ],
  },
  "arn:switch": {
    Conditions: [
      { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-cutover-kill-switch", Values: ["x"] } },
    ],
    Actions: [{ TargetGroupArn: manifest.targetGroups.nodeCustomer }],
  },
};

function clients(more: Partial<ShareClients> = {}): ShareClients {
  return {
    elb: {
      send: async (command: unknown) => {
        if (command instanceof DescribeRulesCommand) return { Rules: [rules[command.input.RuleArns?.[0] ?? ""]] };
        if (!(command instanceof DescribeTargetHealthCommand)) throw new Error("unexpected call");
        const states = command.input.TargetGroupArn?.includes("py-c") ? ["healthy", "initial"] : ["healthy", "healthy"];
        return { TargetHealthDescriptions: states.map((State) => ({ TargetHealth: { State } })) };
      },
    } as never,
    cloudwatch: {
      send: async (command: unknown) => {
        if (!(command instanceof GetMetricDataCommand)) throw new Error("unexpected call");
        const { MetricDataQueries = [] } = command.input;
        // Three periods with a probe each, the newest 10 s old; Node's newest failed.
        const times = [50, 30, 10].map((seconds) => new Date(NOW - seconds * 1000));
        const series: Record<string, number[]> = {
          pythonTotal: [1, 1, 1],
          pythonFailed: [0, 0, 0],
          nodeTotal: [1, 1, 1],
          nodeFailed: [0, 0, 1],
          python: [100, 96],
          node: [300, 316],
        };
        return {
          MetricDataResults: MetricDataQueries.map(({ Id = "" }) => {
            const Values = series[Id] ?? [];
            return { Id, Values, Timestamps: times.slice(0, Values.length) };
          }),
        };
      },
    } as never,
    ...more,
  };
}

describe("the facts a share is proved by", () => {
  it("are read from rules, target groups, probes and customers' requests", async () => {
    expect(await readShareFacts(manifest, 25, NOW - 3_600_000, NOW, AWS, clients())).toEqual({
      declared: 25,
      rule: { value: 25 },
      killSwitch: { value: "off" },
      healthy: { value: { python: 1, node: 2 } },
      probes: {
        value: {
          python: { total: 3, failed: 0, newestFailed: false, secondsSinceOk: 10 },
          node: { total: 3, failed: 1, newestFailed: true, secondsSinceOk: 30 },
        },
      },
      requests: { value: { python: 196, node: 616 } },
    });
  });

  it("take the share off the rule for contacts where there is one, and off no rule that somebody edited", async () => {
    const { contacts, weight } = contactRules(25);
    const group = (python: number) => ({
      ForwardConfig: {
        TargetGroups: [
          { TargetGroupArn: manifest.targetGroups.nodeCustomer, Weight: 100 - python },
          { TargetGroupArn: manifest.targetGroups.pythonCustomer, Weight: python },
        ],
      },
    });
    const withContacts = { ...manifest, contactRuleArn: "arn:contact" };
    const seen = async (regex: string | undefined) => {
      const live: Record<string, unknown> = {
        ...rules,
        "arn:split": { Conditions: [], Actions: [group(weight)] },
        "arn:contact": {
          Conditions: [
            { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-Contact-Id", RegexValues: [regex] } },
          ],
          Actions: [group(contacts.weight)],
        },
      };
      const elb = {
        send: async (command: unknown) => {
          if (!(command instanceof DescribeRulesCommand)) return { TargetHealthDescriptions: [] };
          const arn = command.input.RuleArns?.[0] ?? "";
          return { Rules: regex === undefined && arn === "arn:contact" ? [] : [live[arn]] };
        },
      } as never;
      return (await readShareFacts(withContacts, 25, undefined, NOW, AWS, clients({ elb }))).rule;
    };
    expect(await seen(contacts.regex)).toEqual({ value: 25 });
    expect(await seen(contactRules(50).contacts.regex)).toEqual({ value: 50 });
    expect(await seen("^(.*)$")).toEqual({ unavailable: expect.stringContaining("somebody edited it") });
    expect(await seen(undefined)).toEqual({ unavailable: expect.stringContaining("is gone") });
  });

  it("count the newest 20 probes", async () => {
    const ages = Array.from({ length: 30 }, (_, i) => 300 - 10 * i);
    const cloudwatch = {
      send: async (command: unknown) => {
        if (!(command instanceof GetMetricDataCommand)) throw new Error("unexpected call");
        const Timestamps = ages.map((seconds) => new Date(NOW - seconds * 1000));
        const valuesOf = (Id: string) =>
          ages.map((age) => (Id.endsWith("Total") ? 1 : age > 200 || age === 50 ? 1 : 0));
        const queries = command.input.MetricDataQueries ?? [];
        return { MetricDataResults: queries.map(({ Id = "" }) => ({ Id, Values: valuesOf(Id), Timestamps })) };
      },
    } as never;
    const { probes } = await readShareFacts(manifest, 25, NOW - 3_600_000, NOW, AWS, clients({ cloudwatch }));
    const tally = { total: 20, failed: 1, newestFailed: false, secondsSinceOk: 10 };
    expect(probes).toEqual({ value: { python: tally, node: tally } });
  });

  it("fail each for itself", async () => {
    const denied = { send: () => Promise.reject(new Error("AccessDenied")) } as never;
    const noMetrics = await readShareFacts(manifest, 25, NOW - 3_600_000, NOW, AWS, clients({ cloudwatch: denied }));
    expect(noMetrics).toMatchObject({
      rule: { value: 25 },
      probes: { unavailable: "Error: AccessDenied" },
      requests: { unavailable: "Error: AccessDenied" },
    });
    const noRules = await readShareFacts(manifest, 25, NOW - 3_600_000, NOW, AWS, clients({ elb: denied }));
    expect(noRules).toMatchObject({
      rule: { unavailable: "Error: AccessDenied" },
      killSwitch: { unavailable: "Error: AccessDenied" },
      healthy: { unavailable: "Error: AccessDenied" },
      requests: { value: { python: 196 } },
    });
  });

  it("leave the split unknown where nobody knows since when the share is in force", async () => {
    const facts = await readShareFacts(manifest, 25, undefined, NOW, AWS, clients());
    expect(facts.requests).toEqual({ unavailable: expect.stringContaining("since when") });
  });

  it("know neither switch nor Node once Node is removed", async () => {
    const { killSwitchRuleArn: _, ...rest } = manifest;
    const { nodeCustomer: __, ...targetGroups } = manifest.targetGroups;
    const facts = await readShareFacts({ ...rest, targetGroups }, 100, NOW - 3_600_000, NOW, AWS, clients());
    expect(facts).toMatchObject({
      killSwitch: { value: "none" },
      healthy: { value: { python: 1 } },
      requests: { value: { python: 196, node: 0 } },
    });
    expect("value" in facts.probes && facts.probes.value).not.toHaveProperty("node");
  });
});

describe("the history of what was applied", () => {
  const version = (phase: string, seconds: number) => ({
    Value: JSON.stringify({ phase, pythonShare: 10, pythonDigest: "sha256:a" }),
    LastModifiedDate: new Date(1_700_000_000_000 + seconds * 1000),
  });
  const ssm = (...pages: unknown[][]) =>
    ({
      send: async (command: unknown) => {
        if (!(command instanceof GetParameterHistoryCommand)) throw new Error("unexpected call");
        expect(command.input.Name).toBe("/cutover/test/applied");
        const page = Number(command.input.NextToken ?? 0);
        return { Parameters: pages[page], ...(page + 1 < pages.length ? { NextToken: String(page + 1) } : {}) };
      },
    }) as unknown as Pick<SSMClient, "send">;

  it("is read from all pages, oldest first", async () => {
    const history = await readAppliedHistory("test", AWS, ssm([version("ramp-25", 9)], [version("parallel", 1)]));
    expect(history.map(({ at, applied }) => [at, applied.phase])).toEqual([
      [1_700_000_001_000, "parallel"],
      [1_700_000_009_000, "ramp-25"],
    ]);
  });

  it("is dated by the rehearsal's clock in a rehearsal", async () => {
    const clock = clockFrom({ CUTOVER_CLOCK: "1700000000000,60" });
    const [entry] = await readAppliedHistory("test", AWS, ssm([version("parallel", 10)]), clock);
    expect(entry?.at).toBe(1_700_000_600_000);
  });

  it("is empty before the first update, and an error where it can't be read", async () => {
    const failing = (name: string) =>
      ({ send: () => Promise.reject(Object.assign(new Error("x"), { name })) }) as never;
    expect(await readAppliedHistory("test", AWS, failing("ParameterNotFound"))).toEqual([]);
    await expect(readAppliedHistory("test", AWS, failing("AccessDeniedException"))).rejects.toThrow();
    await expect(readAppliedHistory("test", AWS, ssm([version("ramp-30", 1)]))).rejects.toThrow(/names no phase/);
  });
});
