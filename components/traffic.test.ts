import { type Affinity, contactBuckets } from "@cutover/domain/affinity";
import { beforeAll, describe, expect, it } from "vitest";
import { find, type Registered, registrations } from "../tests/support/mocks";
import { weights } from "./rule-parts";
import { Traffic, type TrafficArgs, trafficSplit } from "./traffic";

const backend = { port: 8080, healthPath: "/healthz" };
const args: TrafficArgs = {
  stack: "test",
  vpcId: "vpc-1",
  publicSubnetIds: ["subnet-1", "subnet-2"],
  securityGroupId: "sg-1",
  ingress: [],
  certificateArn: "arn:certificate",
  node: backend,
  python: backend,
  probeKey: "probe-key",
  inboxTargetGroupArn: "arn:inbox",
};

const declare = (changes: Partial<TrafficArgs> = {}, pythonShare = 25, affinity: Affinity = "none") =>
  registrations(() => {
    const traffic = new Traffic("traffic", { ...args, ...changes });
    trafficSplit(
      "traffic-split",
      {
        listenerArn: traffic.listener.arn,
        node: traffic.node,
        python: traffic.python,
        pythonShare,
        affinity,
        webhookSecrets: ["s3cret", "before"],
      },
      {},
    );
  });

const rules = (all: Registered[]) =>
  all.filter((r) => r.type === "aws:lb/listenerRule:ListenerRule").map((r) => [r.inputs.priority, r.name] as const);

describe("with Node", () => {
  let all: Registered[];
  beforeAll(async () => {
    all = await declare();
  });

  it("asks in this order: probes, kill switch, pinned, split, unmatched", () => {
    expect(rules(all).sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [10, "traffic-probe-python"],
      [20, "traffic-probe-node"],
      [25, "traffic-probe-inbox"],
      [30, "traffic-kill-switch"],
      [40, "traffic-pinned"],
      [50, "traffic-split"],
      [60, "traffic-unmatched"],
      [90, "traffic-anchor"],
    ]);
  });

  it("opens the probe rules only with the key, each to a group of its own", () => {
    expect(find(all, ":ListenerRule", "traffic-probe-python")).toMatchObject({
      conditions: [
        { httpHeader: { httpHeaderName: "x-cutover-target", values: ["python"] } },
        { httpHeader: { httpHeaderName: "x-cutover-key", values: ["probe-key"] } },
      ],
      actions: [{ type: "forward", targetGroupArn: "arn:mock:TargetGroup/traffic-python-probe" }],
    });
  });

  it("makes the kill switch so that nobody matches it, and so that opening it leads to Node", () => {
    expect(find(all, ":ListenerRule", "traffic-kill-switch")).toMatchObject({
      conditions: [
        { pathPattern: { values: ["/webhooks/*"] } },
        { httpHeader: { httpHeaderName: "x-cutover-kill-switch", values: ["hex-of-traffic-kill-switch"] } },
      ],
      actions: [{ type: "forward", targetGroupArn: "arn:mock:TargetGroup/traffic-node-customer" }],
    });
  });

  it("splits only what carries the secret, both weights written down and stickiness off", () => {
    expect(find(all, ":ListenerRule", "traffic-split")).toMatchObject({
      conditions: [
        { pathPattern: { values: ["/webhooks/*"] } },
        { httpHeader: { httpHeaderName: "x-webhook-secret", values: ["s3cret", "before"] } },
      ],
      actions: [
        {
          type: "forward",
          forward: {
            targetGroups: [
              { arn: "arn:mock:TargetGroup/traffic-node-customer", weight: 75 },
              { arn: "arn:mock:TargetGroup/traffic-python-customer", weight: 25 },
            ],
            stickiness: { enabled: false, duration: 1 },
          },
        },
      ],
    });
  });

  it("sends what lacks the secret to Node, counted in a group of its own", () => {
    expect(find(all, ":ListenerRule", "traffic-unmatched").actions).toEqual([
      { type: "forward", targetGroupArn: "arn:mock:TargetGroup/traffic-node-unmatched" },
    ]);
  });

  it("never joins slow start with least outstanding requests, which AWS refuses", () => {
    const groups = all.filter((r) => r.type === "aws:lb/targetGroup:TargetGroup");
    expect(groups).toHaveLength(6);
    for (const group of groups) {
      expect(group.inputs.loadBalancingAlgorithmType).toBe("least_outstanding_requests");
      expect(group.inputs).not.toHaveProperty("slowStart");
      expect(String(group.inputs.name).length).toBeLessThanOrEqual(32);
    }
  });

  it("speaks modern TLS, redirects HTTP and answers 404 to what is no webhook", () => {
    expect(find(all, ":Listener", "traffic-https")).toMatchObject({
      port: 443,
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
      certificateArn: "arn:certificate",
      defaultActions: [{ fixedResponse: { statusCode: "404" } }],
    });
    expect(find(all, ":Listener", "traffic-http")).toMatchObject({
      defaultActions: [{ redirect: { protocol: "HTTPS", statusCode: "HTTP_301" } }],
    });
  });
});

describe("once Node is removed", () => {
  it("no rule leads to Node, and every message still has somewhere to go", async () => {
    const all = await declare({ node: undefined }, 100);
    expect(
      rules(all)
        .map(([, name]) => name)
        .sort(),
    ).toEqual([
      "traffic-anchor",
      "traffic-hold",
      "traffic-probe-inbox",
      "traffic-probe-python",
      "traffic-split",
      "traffic-unmatched",
    ]);
    expect(JSON.stringify(all.map((r) => r.inputs))).not.toContain("node");
  });

  it("keeps a switch to the inbox, made so that nobody matches it and left alone by every update", async () => {
    expect(find(await declare({ node: undefined }), ":ListenerRule", "traffic-hold")).toMatchObject({
      priority: 35,
      conditions: [
        { pathPattern: { values: ["/webhooks/*"] } },
        { httpHeader: { httpHeaderName: "x-cutover-kill-switch" } },
      ],
      actions: [{ type: "forward", targetGroupArn: "arn:inbox" }],
    });
  });
});

describe("with affinity", () => {
  const contactRule = (all: Registered[]) => find(all, ":ListenerRule", "traffic-split-contact");
  const weightsOf = ({ actions }: Registered["inputs"]) =>
    (actions as { forward: { targetGroups: { weight: number }[] } }[])[0]?.forward.targetGroups.map((g) => g.weight);

  it("asks for the contact after the kill switch and before the weight, with the secret as right as there", async () => {
    const all = await declare({}, 25, "contact");
    const before = rules(all).filter(([priority]) => Number(priority) > 40 && Number(priority) < 60);
    expect(before.sort()).toEqual([
      [45, "traffic-split-contact"],
      [50, "traffic-split"],
    ]);
    const { conditions } = find(all, ":ListenerRule", "traffic-split");
    expect(contactRule(all).conditions).toEqual([
      ...(conditions as unknown[]),
      { httpHeader: { httpHeaderName: "x-contact-id", regexValues: [contactBuckets(25).regex] } },
    ]);
  });

  it.each([
    [0, [100, 0], [100, 0]],
    [10, [0, 100], [100, 0]],
    [90, [0, 100], [100, 0]],
    [100, [0, 100], [0, 100]],
  ])("at %i percent gives its contacts %j and everybody else %j (Node, Python)", async (share, contacts, others) => {
    const all = await declare({}, share, "contact");
    expect([weightsOf(contactRule(all)), weightsOf(find(all, ":ListenerRule", "traffic-split"))]).toEqual([
      contacts,
      others,
    ]);
  });

  it("is within AWS's limits of a rule during a rotation of the secret, too", async () => {
    const { conditions } = contactRule(await declare({}, 90, "contact"));
    const valuesOf = (condition: object) =>
      Object.values(condition).flatMap(({ values = [], regexValues = [] }: Record<string, string[]>) => [
        ...values,
        ...regexValues,
      ]);
    const perCondition = (conditions as object[]).map(valuesOf);
    expect(Math.max(...perCondition.map((some) => some.length))).toBeLessThanOrEqual(3);
    expect(perCondition.flat().length).toBeLessThanOrEqual(5);
    expect(perCondition.flat().join("").match(/[*?]/g)?.length).toBeLessThanOrEqual(5);
  });

  it("has no rule of its own once Node is removed: there is one engine", async () => {
    const names = rules(await declare({ node: undefined }, 100, "contact")).map(([, name]) => name);
    expect(names).not.toContain("traffic-split-contact");
  });

  it("changes the weight only after the contacts' rule", async () => {
    const seen: string[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await registrations(
      () => {
        const traffic = new Traffic("traffic", args);
        const split = { node: traffic.node, python: traffic.python, pythonShare: 100, affinity: "contact" as const };
        trafficSplit("traffic-split", { ...split, listenerArn: "arn:listener", webhookSecrets: ["s3cret"] }, {});
      },
      false,
      async (name) => {
        seen.push(name);
        // Everything that does not wait for the contacts' rule has come by then: the anchor is the last one.
        if (name === "traffic-anchor") release();
        if (name === "traffic-split-contact") await held;
      },
    );
    expect(seen.indexOf("traffic-split")).toBeGreaterThan(seen.indexOf("traffic-anchor"));
    expect(seen.indexOf("traffic-split")).toBeGreaterThan(seen.indexOf("traffic-split-contact"));
  });
});

describe("weights", () => {
  it.each([0, 1, 10, 99, 100])("at %i percent add up to 100 and keep both groups attached", (share) => {
    const groups = weights("arn:node", "arn:python", share).forward.targetGroups;
    expect(groups.map((g) => [g.arn, g.weight])).toEqual([
      ["arn:node", 100 - share],
      ["arn:python", share],
    ]);
  });

  it.each([-1, 101, 10.5, Number.NaN])("refuse a share of %d", (share) => {
    expect(() => weights("arn:node", "arn:python", share)).toThrow(/expected whole percent from 0 to 100/);
  });
});

it("a stack name too long for AWS is said before anything is made", async () => {
  await expect(declare({ stack: "a-very-long-stack-name" })).rejects.toThrow(/at most 13/);
});
