import { expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { type DecisionsSource, decisionsOf } from "./decisions";

const MINUTE = 60_000;
const clock = new RehearsalClock({ factor: 60, originMs: 1_000_000 });
/** One real second is a minute here; the story began half a second after the clock. */
const decided = (data: Record<string, Record<number, number>>) => {
  const asked: string[] = [];
  const series: DecisionsSource["series"] = ({ namespace, metricName, period, stat }) => {
    asked.push(`${namespace} ${metricName} ${period} ${stat}`);
    return new Map(
      Object.entries(data[metricName] ?? {}).map(([at, value]) => [1_000_000 + Number(at) * MINUTE, value]),
    );
  };
  return { minutes: decisionsOf({ stack: "prod", clock, startedAtMs: 1_000_500, series }), asked };
};

it("tells each minute's decisions and failures of Python, at their real moment", () => {
  const { minutes, asked } = decided({
    PythonRoutings: { 2: 10, 3: 12 },
    PythonRoutingFailures: { 3: 4 },
    PythonBookings: { 3: 2, 1: 1 },
    PythonBookingFailures: { 1: 1 },
    NodeRoutingFailures: { 2: 9 },
  });
  expect(minutes).toEqual([
    { atMs: 500, routings: 0, routingFailures: 0, bookings: 1, bookingFailures: 1 },
    { atMs: 1500, routings: 10, routingFailures: 0, bookings: 0, bookingFailures: 0 },
    { atMs: 2500, routings: 12, routingFailures: 4, bookings: 2, bookingFailures: 0 },
  ]);
  expect(asked).toContain("Cutover/prod PythonRoutingFailures 60 Sum");
});

it("leaves out minutes in which nothing was decided", () => {
  expect(decided({ PythonRoutings: { 1: 0, 2: 1 }, PythonBookings: { 1: 0 } }).minutes).toHaveLength(1);
  expect(decided({}).minutes).toEqual([]);
});
