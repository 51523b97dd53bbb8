import type { Service } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { Bag } from "../bag";
import { renderPolicyDocument } from "../invokes/policy-document";
import { type Json, stableText } from "../json";
import { same } from "../semantics";
import { canonicalContainers } from "./ecs-containers";
import { steadiness } from "./ecs-service";
import { ACTIONS, CONDITIONS, fromActions, fromConditions, toActions, toConditions } from "./elb-rules";
import { canonicalPolicy } from "./policy-document";
import { randomText } from "./random";
import { plainName } from "./route53";

const bags = (items: Json[]) => new Bag({ items }).bags("items");

describe("rule actions", () => {
  const weighted = [
    {
      type: "forward",
      forward: {
        targetGroups: [
          { arn: "n", weight: 90 },
          { arn: "p", weight: 10 },
        ],
        stickiness: { enabled: false, duration: 1 },
      },
    },
  ];
  it("survive the way to AWS and back", () => {
    expect(same(ACTIONS, weighted, fromActions(toActions(bags(weighted))))).toBe(true);
    const redirect = [{ type: "redirect", redirect: { port: "443", protocol: "HTTPS", statusCode: "HTTP_301" } }];
    const filled = {
      port: "443",
      protocol: "HTTPS",
      statusCode: "HTTP_301",
      host: "#{host}",
      path: "/#{path}",
      query: "#{query}",
    };
    expect(same(ACTIONS, redirect, [{ type: "redirect", order: 1, redirect: filled }])).toBe(true);
    const fixed = [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } }];
    expect(same(ACTIONS, fixed, fromActions(toActions(bags(fixed))))).toBe(true);
  });

  it("group by ARN or in a list of one is the same; another weight, group or stickiness is not", () => {
    const one = [{ type: "forward", targetGroupArn: "n" }];
    const live = [
      {
        type: "forward",
        order: 1,
        forward: { targetGroups: [{ arn: "n", weight: 1 }], stickiness: { enabled: false } },
      },
    ];
    expect(same(ACTIONS, one, live)).toBe(true);
    expect(same(ACTIONS, one, [{ type: "forward", targetGroupArn: "p" }])).toBe(false);
    const turned = structuredClone(weighted);
    Object.assign(turned[0]?.forward.targetGroups[0] ?? {}, { weight: 100 });
    expect(same(ACTIONS, weighted, turned)).toBe(false);
    const sticky = structuredClone(weighted);
    Object.assign(sticky[0]?.forward.stickiness ?? {}, { enabled: true });
    expect(same(ACTIONS, weighted, sticky)).toBe(false);
  });
});

describe("rule conditions", () => {
  const conditions: Json[] = [
    { pathPattern: { values: ["/webhooks/*"] } },
    { hostHeader: { values: ["chat.example.test"] } },
    { httpHeader: { httpHeaderName: "x-contact-id", regexValues: ["[0-4]$"] } },
    { httpRequestMethod: { values: ["POST", "GET"] } },
    { sourceIp: { values: ["10.0.0.0/8"] } },
    { queryStrings: [{ key: "backend", value: "node" }, { value: "alone" }] },
  ];
  it("survive the way to AWS and back, in any order", () => {
    const live = fromConditions(toConditions(bags(conditions)).reverse());
    expect(same(CONDITIONS, conditions, live)).toBe(true);
  });

  it("one value more is a difference", () => {
    const live = [{ pathPattern: { values: ["/webhooks/*", "/other"] } }];
    expect(same(CONDITIONS, [{ pathPattern: { values: ["/webhooks/*"] } }], live)).toBe(false);
  });
});

describe("container definitions", () => {
  const equal = (a: Json, b: Json) =>
    stableText(canonicalContainers(JSON.stringify(a))) === stableText(canonicalContainers(b));
  const declared = [
    {
      name: "app",
      image: "i@sha256:1",
      portMappings: [{ containerPort: 8080 }],
      environment: [
        { name: "B", value: "" },
        { name: "A", value: "1" },
      ],
    },
  ];
  it("mean the same with everything ECS fills in", () => {
    const filled = {
      ...declared[0],
      cpu: 0,
      essential: true,
      portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: "tcp" }],
      environment: [
        { name: "A", value: "1" },
        { name: "B", value: "" },
      ],
      mountPoints: [],
      volumesFrom: [],
      systemControls: [],
    };
    expect(equal(declared, [filled])).toBe(true);
  });

  it.each([
    ["image", { image: "i@sha256:2" }],
    [
      "an empty value for another",
      {
        environment: [
          { name: "B", value: "2" },
          { name: "A", value: "1" },
        ],
      },
    ],
    ["order of the command", { command: ["b", "a"] }],
    ["essential", { essential: false }],
  ])("differ in %s", (_, change) => {
    expect(equal([{ ...declared[0], command: ["a", "b"] }], [{ ...declared[0], command: ["a", "b"], ...change }])).toBe(
      false,
    );
  });
});

describe("policy documents", () => {
  const statement = { Effect: "Allow", Action: ["s3:Get", "s3:Put"], Resource: "*" };
  const meaning = (document: Json) => stableText(canonicalPolicy(JSON.stringify(document)));
  it("mean the same in any order and as lists of one", () => {
    const a = { Version: "2012-10-17", Statement: statement };
    const b = {
      Statement: [{ Resource: ["*"], Action: ["s3:Put", "s3:Get"], Effect: "Allow", Sid: "" }],
      Version: "2012-10-17",
    };
    expect(meaning(a)).toBe(meaning(b));
    expect(meaning(a)).not.toBe(meaning({ ...a, Statement: { ...statement, Effect: "Deny" } }));
  });

  it("are rendered as getPolicyDocument renders them", () => {
    const args = new Bag({
      statements: [
        {
          sid: "One",
          actions: ["sns:Publish"],
          resources: ["b", "a"],
          principals: [{ type: "Service", identifiers: ["cloudwatch.amazonaws.com"] }],
          conditions: [{ test: "ArnLike", variable: "aws:SourceArn", values: ["arn:x"] }],
        },
      ],
    });
    expect(JSON.parse(renderPolicyDocument(args))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "One",
          Effect: "Allow",
          Action: "sns:Publish",
          Resource: ["a", "b"],
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Condition: { ArnLike: { "aws:SourceArn": "arn:x" } },
        },
      ],
    });
  });
});

describe("a steady service", () => {
  const ours = "arn:aws:ecs:us-east-1:1:task-definition/app:2";
  const primary = { status: "PRIMARY", taskDefinition: ours, rolloutState: "COMPLETED" } as const;
  const service = (change: Partial<Service>): Service => ({
    runningCount: 2,
    desiredCount: 2,
    deployments: [primary],
    ...change,
  });

  it("runs what is desired, in one completed deployment", () => {
    expect(steadiness(service({}), ours)).toEqual({ done: true });
  });

  it.each<[string, Partial<Service>]>([
    ["too few tasks", { runningCount: 1 }],
    ["too many tasks", { runningCount: 3 }],
    ["rollout in progress", { deployments: [{ ...primary, rolloutState: "IN_PROGRESS" }] }],
    ["old deployment still there", { deployments: [primary, { status: "ACTIVE", taskDefinition: "x:1" }] }],
  ])("is not there yet: %s", (_, change) => {
    expect(steadiness(service(change), ours)).toHaveProperty("pending");
  });

  it("can't come any more when the circuit breaker said so or went back", () => {
    const failed = { ...primary, rolloutState: "FAILED", rolloutStateReason: "tasks failed to start" } as const;
    expect(() => steadiness(service({ deployments: [failed] }), ours)).toThrow("tasks failed to start");
    const back = { ...primary, taskDefinition: "arn:aws:ecs:us-east-1:1:task-definition/app:1" };
    expect(() => steadiness(service({ deployments: [back] }), ours)).toThrow("rolled back to");
    expect(() => steadiness(undefined, ours)).toThrow("gone");
  });
});

describe("random texts", () => {
  it("have the length and the kinds of characters asked for", () => {
    const text = randomText(new Bag({ length: 40, special: false, minNumeric: 5, upper: false }));
    expect(text).toMatch(/^[a-z0-9]{40}$/);
    expect(text.replace(/\D/g, "").length).toBeGreaterThanOrEqual(5);
    expect(randomText(new Bag({ length: 8, lower: false, upper: false, numeric: false, overrideSpecial: "-" }))).toBe(
      "--------",
    );
  });

  it("can't be shorter than their minimums", () => {
    expect(() => randomText(new Bag({ length: 2, minLower: 3 }))).toThrow("less than the sum");
  });
});

it("DNS names are compared without case and final dot", () => {
  expect(plainName("Chat.Example.TEST.")).toBe("chat.example.test");
  expect(plainName("\\052.example.test.")).toBe("*.example.test");
});
