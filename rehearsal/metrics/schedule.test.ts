import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { GetPolicyCommand, type InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../support/wait";
import { Patience } from "./patience";
import { allowsService } from "./resource-policy";
import { minutesOf, Schedule } from "./schedule";

const MINUTE = 60_000;
const T = 1_800_000_000_000;
const RULE = "arn:aws:events:us-east-1:123456789012:rule/each";
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:cutover-dev-prober";

let expression: string;
let policy: string;
let calls: { payload: string; end: () => void }[];
let schedule: Schedule;
let told: string[];

const statement = (more: object = {}) =>
  JSON.stringify({
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Condition: { ArnLike: { "AWS:SourceArn": RULE } },
        ...more,
      },
    ],
  });

beforeEach(() => {
  [expression, policy, calls, told] = ["rate(1 minute)", statement(), [], []];
  const events = new EventBridgeClient({ region: "us-east-1" });
  events.send = (async (command: unknown) =>
    command instanceof ListRulesCommand
      ? {
          Rules: [
            { Name: "each", Arn: RULE, ScheduleExpression: expression, State: "ENABLED" },
            { Name: "off", Arn: `${RULE}2`, ScheduleExpression: "rate(1 minute)", State: "DISABLED" },
          ],
        }
      : { Targets: [{ Id: "1", Arn: FUNCTION }] }) as typeof events.send;
  const lambda = new LambdaClient({ region: "us-east-1" });
  lambda.send = (async (command: unknown) => {
    if (command instanceof GetPolicyCommand) return { Policy: policy };
    const payload = Buffer.from((command as InvokeCommand).input.Payload as Uint8Array).toString();
    await new Promise<void>((resolve) => calls.push({ payload, end: resolve }));
    return {};
  }) as typeof lambda.send;
  schedule = new Schedule({ events, lambda, patienceMs: 0 });
  schedule.on("invoked", ({ minute }) => told.push(`ran ${(minute - T) / MINUTE}`));
  schedule.on("skipped", (_name, minute) => told.push(`skipped ${(minute - T) / MINUTE}`));
  schedule.on("problem", (error) => told.push(error.message));
});

const all = () => true;
const begin = (minute: number) => schedule.begin(T + minute * MINUTE, all);
const heard = (count: number) => waitFor(() => told.length >= count, { what: `${count} events`, deadlineMs: 2000 });

describe("scheduled rules", () => {
  it("call their function with EventBridge's event, the disabled ones nothing", async () => {
    await begin(0);
    expect(calls).toHaveLength(1);
    expect(JSON.parse(calls[0]?.payload ?? "")).toMatchObject({
      "detail-type": "Scheduled Event",
      time: new Date(T).toISOString().replace(".000", ""),
      resources: [RULE],
    });
  });

  it("never overlap a function: the latest minute that is due begins at the end of the run before", async () => {
    for (const minute of [0, 1, 2]) await begin(minute);
    expect(calls).toHaveLength(1);
    expect(told).toEqual(["skipped 1"]);
    calls[0]?.end();
    await heard(2);
    expect(calls).toHaveLength(2);
    calls[1]?.end();
    await heard(3);
    expect(told).toEqual(["skipped 1", "ran 0", "ran 2"]);
    expect(calls).toHaveLength(2);
  });

  it("with more minutes are due from when they are first seen", async () => {
    expression = "rate(5 minutes)";
    for (const minute of [3, 4, 7, 8, 9]) {
      await begin(minute);
      calls.at(-1)?.end();
      await schedule.ended(T + minute * MINUTE, 1000, all);
    }
    expect(told).toEqual(["ran 3", "ran 8"]);
  });

  it("without permission never call, and say so", async () => {
    policy = statement({ Condition: { ArnLike: { "AWS:SourceArn": `${RULE}-other` } } });
    await begin(0);
    expect(calls).toEqual([]);
    expect(told[0]).toContain("rule each has no permission to call function cutover-dev-prober");
  });

  it("with other schedules are told of, and keep nobody else from being called", async () => {
    expression = "cron(0 8 * * ? *)";
    await begin(0);
    await begin(1);
    expect(told).toEqual([expect.stringContaining("cron(0 8 * * ? *)")]);
  });

  it("hold up whoever waits only for as long as a run may take, and for old enough runs", async () => {
    await begin(5);
    await schedule.ended(T + 4 * MINUTE, 60_000, all);
    await schedule.ended(T + 5 * MINUTE, 30, all);
    await schedule.ended(T + 5 * MINUTE, 60_000, () => false);
    expect(told).toEqual([]);
    const waiting = schedule.ended(T + 5 * MINUTE, 60_000, all);
    calls[0]?.end();
    await waiting;
    expect(told).toEqual(["ran 5"]);
  });
});

describe("a schedule", () => {
  it.each([
    ["rate(1 minute)", 1],
    ["rate(15 minutes)", 15],
  ])("%s is %d minutes", (text, minutes) => expect(minutesOf(text, "r")).toBe(minutes));

  it.each(["rate(1 minutes)", "rate(2 minute)", "rate(1 hour)", "cron(0 8 * * ? *)", "rate(0 minutes)"])(
    "%s is refused",
    (text) => expect(() => minutesOf(text, "r")).toThrow(text),
  );
});

describe("a function's or topic's policy", () => {
  it.each([
    [statement(), true],
    [statement({ Condition: {} }), true],
    [statement({ Condition: { ArnLike: { "aws:SourceArn": RULE.replace("each", "*") } } }), true],
    [statement({ Principal: "*", Condition: { StringEquals: { "AWS:SourceOwner": "123456789012" } } }), true],
    [statement({ Effect: "Deny" }), false],
    [statement({ Principal: { Service: "sns.amazonaws.com" } }), false],
    [statement({ Condition: { StringEquals: { "AWS:SourceAccount": "999999999999" } } }), false],
    [statement({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } }), false],
    [statement({ Condition: { ArnEquals: { "aws:SourceArn": `${RULE}2` } } }), false],
    ["{}", false],
  ])("%#", (text, allowed) => expect(allowsService(text, "events.amazonaws.com", RULE)).toBe(allowed));
});

describe("patience", () => {
  it("tells once of what lasts, and again when it comes again", () => {
    const lines: string[] = [];
    const patience = new Patience(100, (line) => lines.push(line));
    patience.look(["a", "b"], 0);
    patience.look(["a"], 99);
    expect(lines).toEqual([]);
    for (const now of [100, 101]) patience.look(["a", "b"], now);
    expect(lines).toEqual(["a"]);
    patience.look([], 102);
    patience.look(["a"], 103);
    patience.look(["a"], 203);
    expect(lines).toEqual(["a", "a"]);
  });
});
