import type { FaultDetails, ReportDetails } from "../model";
import { clockTime } from "../scale";
import { box, label, line, px } from "../svg";
import { decisionsPanel } from "./decisions";
import { type Frame, frameOf, WIDTH } from "./frame";
import { alarmStrips, faultLanes, stepsLane } from "./lanes";
import { errorsPanel, latencyPanel } from "./quality";
import { sharePanel } from "./share";

/** The whole rehearsal as one drawing: panels one above the other on one time axis, faults as columns through all. */
export function renderChart(details: ReportDetails, clockFactor: number): string {
  const frame = frameOf(details);
  const steps = stepsLane(details, frame, 0);
  const share = sharePanel(details, frame, steps.bottom);
  const faults = faultLanes(details, frame, share.bottom + 4);
  const errors = errorsPanel(details.samples, frame, faults.bottom);
  const decisions = decisionsPanel(details.decisions, frame, errors.bottom + 4, clockFactor);
  const latency = latencyPanel(details.samples, frame, decisions.bottom + 4);
  const alarms = alarmStrips(details, frame, latency.bottom + 4);
  const bottom = alarms.bottom + 8;
  const height = bottom + 48;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${px(height)}" role="img" aria-label="The rehearsal over time: steps, share of the messages, faults and rollbacks, errors, failed decisions, time to the answer, alarms">`,
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="7"/></pattern></defs>',
    ...frame.ticks.map((tick) => line("grid", frame.x(tick), steps.bottom + 28, frame.x(tick), bottom)),
    ...details.faults.map((fault) => faultColumn(fault, frame, steps.bottom + 28, bottom)),
    ...[steps, share, faults, errors, decisions, latency, alarms].map((panel) => panel.svg),
    timeAxis(frame, bottom, clockFactor),
    "</svg>",
  ].join("\n");
}

function faultColumn({ fault, injectedMs, liftedMs }: FaultDetails, frame: Frame, top: number, bottom: number): string {
  const [left, right] = [frame.x(injectedMs), frame.x(liftedMs ?? frame.endMs)];
  return box("faulty", { left, right, top, bottom }, `${fault} is present`);
}

/** Two lines of figures, one for each clock, each with its own unit, so that nobody reads one as the other. */
function timeAxis(frame: Frame, top: number, clockFactor: number): string {
  const marks = frame.ticks.map((tick) => {
    const at = frame.x(tick);
    return (
      line("tick", at, top, at, top + 5) +
      label("axis", at, top + 20, `${tick / 1000} s`) +
      label("axis rehearsed", at, top + 39, `${clockTime((tick / 1000) * clockFactor)} h`)
    );
  });
  return [
    line("tick", frame.left, top, frame.right, top),
    label("end", frame.left - 30, top + 20, "real time"),
    label("end rehearsed", frame.left - 30, top + 39, "rehearsal clock"),
    ...marks,
  ].join("");
}
