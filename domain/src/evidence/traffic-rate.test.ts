import { describe, expect, it } from "vitest";
import { rateWarnings, trafficRate } from "./traffic-rate";

const HOUR = 3_600_000;
const UNTIL = 1_000 * 24 * HOUR;
/** Counts of the last hours, the newest last. */
const hours = (values: readonly number[]) =>
  values.map((value, i) => ({ at: UNTIL - (values.length - i) * HOUR, value }));
const day = (busy: number) => Array.from({ length: 24 }, (_, hour) => (hour === 10 ? busy : hour < 8 ? 0 : 20));

describe("the rate of messages", () => {
  it("is the middle of all hours and of the days' busiest ones, several engines added up", () => {
    const counts = hours([...day(60), ...day(400), ...day(80)]);
    expect(trafficRate(counts, UNTIL)).toEqual({ median: 20, busyHour: 80, days: 3 });
    expect(trafficRate([...counts, ...counts], UNTIL)).toEqual({ median: 40, busyHour: 160, days: 3 });
  });

  it("takes hours without a count as empty, and looks at a week", () => {
    const [first] = hours(day(10));
    expect(trafficRate(first ? [{ ...first, value: 48 }] : [], UNTIL)).toEqual({ median: 0, busyHour: 48, days: 1 });
    const long = hours([...day(900), ...Array.from({ length: 7 }, () => day(50)).flat()]);
    expect(trafficRate(long, UNTIL)).toEqual({ median: 20, busyHour: 50, days: 7 });
  });

  it("is not known before a whole day", () => {
    expect(trafficRate([], UNTIL)).toBeUndefined();
    expect(trafficRate(hours(day(10)).slice(1), UNTIL)).toBeUndefined();
  });
});

describe("people are told", () => {
  const rate = (busyHour: number) => ({ median: 20, busyHour, days: 3 });

  it("the command, above one and a half times and below half of what is expected", () => {
    expect(rateWarnings(rate(121), 80, "prod")).toEqual([
      "The load balancer counted 121 messages in a busy hour (median 20, 3 days), cutover:expectedMessagesPerHour is 80: the " +
        "alarms are made for less and may roll back for noise several times as often as said.\n" +
        "  pulumi config set cutover:expectedMessagesPerHour 121 --stack prod",
    ]);
    expect(rateWarnings(rate(39), 80, "prod")[0]).toContain("find small faults later than said");
  });

  it("nothing in between, and where nothing is known", () => {
    expect([120, 80, 40].flatMap((busy) => rateWarnings(rate(busy), 80, "prod"))).toEqual([]);
    expect(rateWarnings(undefined, 80, "prod")).toEqual([]);
    expect(rateWarnings({ median: 0, busyHour: 0, days: 7 }, 80, "prod")).toEqual([]);
  });
});
