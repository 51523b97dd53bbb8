import { describe, expect, it } from "vitest";
import { find, type Registered, registrations } from "../tests/support/mocks";
import { Notices, type NoticesArgs } from "./notices";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:cutover-test-rollback";
const DATES = { "day-before": "2026-12-09T08:00:00Z", completion: "2026-12-20T10:00:07Z" };

const declare = (dates: NoticesArgs["dates"] = DATES) =>
  registrations(() => {
    new Notices("notices", { stack: "test", functionArn: FUNCTION, dates });
  });
const json = (text: unknown): Record<string, unknown> => JSON.parse(String(text)) as Record<string, unknown>;
const names = (all: readonly Registered[]) => all.map(({ name }) => name).sort();

describe("a notice with a date", () => {
  it("is a one-time schedule in UTC that calls the rollback function by the notice's name, and stays when it is over", async () => {
    const all = await declare();
    expect(names(all)).toEqual(["notices-completion", "notices-day-before", "notices-role", "notices-role"]);
    expect(find(all, ":Schedule", "notices-day-before")).toMatchObject({
      name: "cutover-test-day-before",
      scheduleExpression: "at(2026-12-09T08:00:00)",
      scheduleExpressionTimezone: "UTC",
      actionAfterCompletion: "NONE",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: FUNCTION,
        roleArn: "arn:mock:Role/notices-role",
        input: '{"source":"notice","notice":"day-before"}',
      },
    });
  });

  it("differs by its date alone when the date moves: AWS writes no schedule whose date has passed", async () => {
    const before = await declare();
    const after = await declare({ ...DATES, "day-before": "2026-12-10T08:00:00Z" });
    const differing = (all: readonly Registered[]) => {
      const { scheduleExpression: _date, ...rest } = find(all, ":Schedule", "notices-day-before");
      return rest;
    };
    expect(differing(after)).toEqual(differing(before));
    expect(find(after, ":Schedule", "notices-completion")).toEqual(find(before, ":Schedule", "notices-completion"));
  });

  it("lets the scheduler of this account call that one function and do nothing else", async () => {
    const all = await declare();
    expect(json(find(all, ":RolePolicy", "notices-role").policy).Statement).toEqual([
      { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: FUNCTION },
    ]);
    expect(json(find(all, ":Role", "notices-role").assumeRolePolicy).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
  });
});
