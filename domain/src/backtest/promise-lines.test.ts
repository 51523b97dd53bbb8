import { describe, expect, it } from "vitest";
import { phaseOf } from "../phases";
import { promiseLines, widerLine } from "./promise-lines";

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

  it("says after a rollback that small faults are found later, and until when", () => {
    const asked: unknown[] = [];
    const lines = promiseLines({ expectedMessagesPerHour: 30 }, { ...step, lookBackMinutes: 45 }, (...args) => {
      asked.push(args);
      return undefined;
    });
    expect(asked).toEqual([[30, 50, 45]]);
    expect(lines[1]).toBe(
      "the alarms look back 45 min only, not beyond the last rollback: small faults are found later until a pulumi up makes " +
        "the windows longer; one in every 60 min does, and a day after the rollback they are as ever",
    );
    expect(promiseLines({ expectedMessagesPerHour: 30 }, { ...step, shareAfter: 0, lookBackMinutes: 45 })).toEqual([]);
  });

  it("asks for the update that makes the windows longer", () => {
    expect(widerLine({ from: 45, to: 120 }, "prod")).toMatch(
      /^run pulumi up --stack prod: the alarms look back 45 min only .* would look back 120 min; /,
    );
    expect(widerLine({ from: 45, to: undefined }, "prod")).toContain("would look back as far as ever;");
  });
});
