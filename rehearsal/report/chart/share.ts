import type { FaultDetails, MeasuredWindow, ReportDetails } from "../model";
import { type Scale, scale } from "../scale";
import { box, line, px } from "../svg";
import { declaredOverTime, type Group, groupSamples, type ShareChange } from "../timeline";
import { type Frame, HEADLINE, headline, type Panel, valueAxis } from "./frame";

const HEIGHT = 176;

/** Python's share of the messages: what was declared as a line, what customers got as columns behind it. */
export function sharePanel(details: ReportDetails, frame: Frame, top: number): Panel {
  const from = top + HEADLINE;
  const bottom = from + HEIGHT;
  const y = scale(100, bottom, from, 4);
  const declared = declaredOverTime(details);
  const groups = groupSamples(
    details.samples,
    declared.map((change) => change.atMs),
  );
  const windows = details.steps.flatMap((step) => step.measured ?? []);
  const path = declaredPath(declared, frame, y);
  const svg = [
    headline(frame, top, "Who answered the messages", [
      { shape: "line", name: "declared", means: "declared" },
      { shape: "box", name: "python", means: "Python" },
      { shape: "box", name: "node", means: "Node" },
      { shape: "frame", name: "allowed", means: "measured window" },
      { shape: "hatched", name: "rolledback", means: "rolled back" },
    ]),
    ...groups.map((group) => column(group, frame, y)),
    ...details.faults.map((fault) => harmful(fault, frame, from, bottom) + rolledBack(fault, frame, from, bottom)),
    valueAxis(frame, y, (percent) => `${percent} %`),
    ...windows.map((window) => windowMark(window, frame, y)),
    `<path class="halo" d="${path}"/><path class="declared" d="${path}"/>`,
  ];
  return { svg: svg.join("\n"), bottom };
}

function column({ fromMs, toMs, node, python }: Group, frame: Frame, y: Scale): string {
  const share = (100 * python) / (node + python);
  // The overlap keeps rounding from leaving gaps between neighbours.
  const [left, right] = [frame.x(fromMs), frame.x(toMs) + 0.6];
  const title = `${share.toFixed(1)} % of ${node + python} messages went to Python, ${(fromMs / 1000).toFixed(0)} to ${(toMs / 1000).toFixed(0)} s`;
  return (
    box("node", { left, right, top: y(100), bottom: y(share) }, title) +
    box("python", { left, right, top: y(share), bottom: y(0) }, title)
  );
}

function declaredPath(changes: readonly ShareChange[], frame: Frame, y: Scale): string {
  let path = "";
  for (const { atMs, share } of changes) {
    path += `${path ? `H${px(frame.x(atMs))}V` : `M${px(frame.x(atMs))} `}${px(y(share))}`;
  }
  return `${path}H${px(frame.right)}`;
}

/** From the fault to the switch: while it can do harm. */
function harmful(fault: FaultDetails, frame: Frame, top: number, bottom: number): string {
  const until = fault.switchVerifiedMs ?? fault.liftedMs ?? frame.endMs;
  const span = { left: frame.x(fault.injectedMs), right: frame.x(until), top, bottom };
  return box("harm", span, `${fault.fault} is present, and messages go to Python`);
}

function rolledBack(fault: FaultDetails, frame: Frame, top: number, bottom: number): string {
  if (fault.switchVerifiedMs === undefined) return "";
  const [left, right] = [frame.x(fault.switchVerifiedMs), frame.x(fault.releasedMs ?? frame.endMs)];
  return box("rolledback", { left, right, top, bottom }, `rolled back after ${fault.fault}: all messages go to Node`);
}

/** A measured window: its span, the band it has to lie in, and the share in it. */
function windowMark(window: MeasuredWindow, frame: Frame, y: Scale): string {
  const left = frame.x(window.fromMs);
  const right = Math.max(left + 5, frame.x(window.toMs));
  const [low, high] = window.band;
  const title = `${window.byTable.toFixed(2)} % of ${window.requests} messages; allowed ${low.toFixed(2)} to ${high.toFixed(2)} %`;
  return (
    box("allowed", { left, right, top: Math.min(y(high), y(low) - 4), bottom: y(low) }, title) +
    line("measured", left, y(window.byTable), right, y(window.byTable))
  );
}
