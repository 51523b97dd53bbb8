import { GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand } from "@aws-sdk/client-iam";
import { type InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetScheduleCommand, ResourceNotFoundException, SchedulerClient } from "@aws-sdk/client-scheduler";
import { beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../support/wait";
import { OneTimeSchedules } from "./one-time";

const MINUTE = 60_000;
const T = Date.parse("2026-12-01T10:00:00Z");
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:cutover-dev-rollback";

let expressions: Record<string, string>;
let allowed: string;
let calls: string[];
let told: string[];
let failures: number;
let schedules: OneTimeSchedules;

beforeEach(() => {
  [expressions, allowed, calls, told] = [{ progress: "at(2026-12-01T10:05:30)" }, FUNCTION, [], []];
  failures = 0;
  const region = { region: "us-east-1" };
  const scheduler = new SchedulerClient(region);
  scheduler.send = (async (command: unknown) => {
    if (!(command instanceof GetScheduleCommand)) {
      return { Schedules: Object.keys(expressions).map((Name) => ({ Name, GroupName: "default" })) };
    }
    const { Name = "" } = command.input;
    if (Name === "deleted")
      throw new ResourceNotFoundException({ Message: `Schedule ${Name} does not exist`, message: "", $metadata: {} });
    const Target = { Arn: FUNCTION, RoleArn: "arn:aws:iam::1:role/notices", Input: `{"notice":"${Name}"}` };
    return { Name, ScheduleExpression: expressions[Name], ScheduleExpressionTimezone: "UTC", Target };
  }) as typeof scheduler.send;
  const iam = new IAMClient(region);
  iam.send = (async (command: unknown) => {
    if (command instanceof ListRolePoliciesCommand) return { PolicyNames: ["notices"] };
    if (!(command instanceof GetRolePolicyCommand)) return { AttachedPolicies: [] };
    const statement = { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: allowed };
    return { PolicyDocument: JSON.stringify({ Statement: [statement] }) };
  }) as typeof iam.send;
  const lambda = new LambdaClient(region);
  lambda.send = (async (command: InvokeCommand) => {
    calls.push(Buffer.from(command.input.Payload as Uint8Array).toString());
    return failures-- > 0 ? { FunctionError: "Unhandled" } : {};
  }) as typeof lambda.send;
  schedules = new OneTimeSchedules({ scheduler, iam, lambda, onProblem: ({ message }) => told.push(message) });
});

const begin = (minute: number) => schedules.begin(T + minute * MINUTE);

describe("a one-time schedule", () => {
  it("calls its function once, in the minute of its date", async () => {
    await begin(4);
    expect(calls).toEqual([]);
    await begin(5);
    await begin(6);
    expect(calls).toEqual(['{"notice":"progress"}']);
    expect(told).toEqual([]);
  });

  it("that is deleted while it is read is none, and the others are read", async () => {
    expressions = { deleted: "at(2026-12-01T10:05:00)", ...expressions };
    await begin(5);
    expect(calls).toEqual(['{"notice":"progress"}']);
    expect(told).toEqual([]);
  });

  it("comes again when its date is moved, and new ones are seen when something was written", async () => {
    await begin(5);
    expressions = { progress: "at(2026-12-01T10:09:00)", completion: "at(2026-12-01T10:08:00)" };
    await begin(8);
    expect(calls).toHaveLength(1);
    schedules.invalidate();
    await begin(8);
    await begin(9);
    expect(calls.slice(1)).toEqual(['{"notice":"completion"}', '{"notice":"progress"}']);
  });

  it("is tried again where the function fails, three times in all, and then told of", async () => {
    failures = 2;
    await begin(5);
    await waitFor(() => calls.length === 3, { what: "three calls", deadlineMs: 2000 });
    expect(told).toEqual([]);
    expressions = { progress: "at(2026-12-01T10:09:00)" };
    schedules.invalidate();
    failures = 3;
    await begin(9);
    await waitFor(() => told.length > 0, { what: "a problem", deadlineMs: 2000 });
    expect(told).toEqual(["schedule progress: the function failed 3 times: Unhandled"]);
    expect(calls).toHaveLength(6);
  });

  it("whose role may not call the function is told of, as it would not come on AWS", async () => {
    allowed = `${FUNCTION}-other`;
    await begin(5);
    expect(calls).toEqual([]);
    expect(told).toEqual([expect.stringContaining(`its role notices may not call ${FUNCTION}`)]);
  });

  it("of another kind is told of by its expression", async () => {
    expressions = { hourly: "rate(1 hour)" };
    await begin(5);
    expect(told).toEqual([
      expect.stringContaining("schedule hourly: the rehearsal keeps one-time schedules in UTC, not rate(1 hour)"),
    ]);
  });
});
