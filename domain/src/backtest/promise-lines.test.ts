import { describe, expect, it } from "vitest";
import { phaseOf } from "../phases";
import { promiseLines } from "./promise-lines";

const step = { from: phaseOf("ramp-25"), to: phaseOf("ramp-50"), shareBefore: 25, shareAfter: 50 };

describe("what a share means", () => {
  it("is said in messages an hour and in time until a fault is seen", () => {
    const [line] = promiseLines({ expectedMessagesPerHour: 30 }, step, (perHour, share) => ({
      messagesPerHour: (perHour * share) / 100,
      falseRollbacksPerDay: 0.04,
      totalOutageMinutes: 3,
      totalOutageMessages: 1,
      oneInFiveMinutes: 90,
      oneInFiveMessages: 5,
    }));
    expect(line).toBe(
      "at ramp-50: about 15 messages an hour to Python; a total outage is seen within 3 min (~1 message), " +
        "a 20 % fault within 90 min (~5 messages), about 1 false rollback in 25 days",
    );
  });

  it("needs no promise where none was measured, and no line at share 0", () => {
    expect(promiseLines({ expectedMessagesPerHour: 333 }, step, () => undefined)).toEqual([
      "at ramp-50: about 170 messages an hour to Python",
    ]);
    expect(promiseLines({ expectedMessagesPerHour: 30 }, { ...step, shareAfter: 0 })).toEqual([]);
  });
});
