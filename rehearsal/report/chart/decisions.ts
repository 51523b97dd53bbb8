import { PLAN } from "@cutover/domain/triggers/plan";
import type { Decisions } from "../model";
import { scale } from "../scale";
import { box } from "../svg";
import { type Frame, HEADLINE, headline, type Panel, valueAxis } from "./frame";

const HEIGHT = 44;
const MINUTE_MS = 60_000;

/** Agents that Python could not choose and appointments it could not book, minute by minute of the rehearsal's clock. */
export function decisionsPanel(decisions: readonly Decisions[], frame: Frame, top: number, clockFactor: number): Panel {
  const from = top + HEADLINE;
  const bottom = from + HEIGHT;
  const failed = ({ routingFailures, bookingFailures }: Decisions) => routingFailures + bookingFailures;
  const y = scale(Math.max(5, ...decisions.map(failed)) * 1.05, bottom, from, 2);
  const failing = decisions.filter((minute) => failed(minute) > 0);
  const bars = failing.map((minute) => {
    const { atMs, routings, routingFailures, bookings, bookingFailures } = minute;
    const left = frame.x(atMs);
    const right = Math.max(left + 2, frame.x(atMs + MINUTE_MS / clockFactor));
    const title = `${Math.round(atMs / 1000)} s: ${routingFailures} of ${routings} routings and ${bookingFailures} of ${bookings} bookings failed`;
    const bar = (name: string, low: number, high: number) =>
      high > low ? box(name, { left, right, top: y(high), bottom: y(low) }, title) : "";
    return bar("routing", 0, routingFailures) + bar("booking", routingFailures, failed(minute));
  });
  const limits = `above ${PLAN.routing.percent} % of routings or ${PLAN.bookings.percent} % of bookings it rolls back`;
  const svg = [
    headline(
      frame,
      top,
      "Python's failures, a rehearsal minute",
      [
        { shape: "box", name: "routing", means: "routing" },
        { shape: "box", name: "booking", means: "booking" },
      ],
      failing.length === 0 ? "none" : limits,
    ),
    valueAxis(frame, y, String),
    ...bars,
  ];
  return { svg: svg.join("\n"), bottom };
}
