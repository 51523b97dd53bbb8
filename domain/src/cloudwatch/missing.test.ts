import { describe, expect, it } from "vitest";
import type { AlarmState, TreatMissingData } from "./definition";
import { type Period, stateOf } from "./missing";

const MODES: readonly TreatMissingData[] = ["missing", "ignore", "breaching", "notBreaching"];
const READ: Record<string, Period> = { "0": "fine", X: "breaching", "-": "missing" };
const periods = (text: string) => text.split(" ").map((one) => READ[one] as Period);

/** CloudWatch user guide, "How alarm state is evaluated when data is missing"; `retain` = the state does not change. */
const THREE_OF_THREE: [data: string, missing: string, ignore: string, breaching: string, notBreaching: string][] = [
  ["0 - X - X", "OK", "OK", "OK", "OK"],
  ["0 - - - -", "OK", "OK", "OK", "OK"],
  ["- - - - -", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["- - X - -", "ALARM", "retain", "ALARM", "OK"],
  // From the guide's earlier editions, and "Avoiding premature transitions to alarm state".
  ["- - - - X", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["- - - X -", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
  ["X - - - -", "ALARM", "retain", "ALARM", "OK"],
];
const TWO_OF_THREE: typeof THREE_OF_THREE = [
  ["0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"],
  ["0 - X - -", "OK", "OK", "ALARM", "OK"],
  ["- - - - 0", "OK", "OK", "ALARM", "OK"],
  ["- - - X -", "ALARM", "retain", "ALARM", "OK"],
  ["- - - - X", "INSUFFICIENT_DATA", "retain", "ALARM", "OK"],
];

function check(data: string, expected: readonly string[], datapointsToAlarm: number) {
  for (const [i, treatMissingData] of MODES.entries()) {
    for (const previous of ["OK", "ALARM", "INSUFFICIENT_DATA"] as AlarmState[]) {
      const want = expected[i] === "retain" ? previous : expected[i];
      const state = stateOf(periods(data), { evaluationPeriods: 3, datapointsToAlarm, treatMissingData }, previous);
      expect([treatMissingData, previous, state]).toEqual([treatMissingData, previous, want]);
    }
  }
}

describe("missing data", () => {
  it.each(THREE_OF_THREE)("3 of 3: %s", (data, ...expected) => check(data, expected, 3));
  it.each(TWO_OF_THREE)("2 of 3: %s", (data, ...expected) => check(data, expected, 2));

  it("with as many real periods as are asked for, only the newest of them count", () => {
    const rule = { evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: "notBreaching" } as const;
    expect(stateOf(periods("X 0 -"), rule, "ALARM")).toBe("OK");
    expect(stateOf(periods("0 X -"), rule, "OK")).toBe("ALARM");
    // A datum two periods old still counts, however missing data are treated.
    expect(stateOf(periods("X - -"), rule, "OK")).toBe("ALARM");
    expect(stateOf(periods("0 - -"), { ...rule, treatMissingData: "breaching" }, "OK")).toBe("OK");
  });
});
