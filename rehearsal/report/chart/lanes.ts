import { escapeHtml } from "../escape";
import type { FaultDetails, ReportDetails, StepDetails } from "../model";
import { box, label, line, px, widthOf } from "../svg";
import { commonStart, isFaultStep, rang, type Strip, stripsOf } from "../timeline";
import { type Frame, HEADLINE, headline, type Panel, rowName } from "./frame";

/** Height of the slanted names above the steps. */
const NAMES = 134;
/** Least distance of two slanted names. */
const APART = 20;
const ROW = 19;
/** Letters of a row's name that the gutter holds. */
const LONGEST_NAME = 22;

/** The steps as a lane with slanted names above it: dark while `pulumi up` runs, light while the phase lasts. */
export function stepsLane(details: ReportDetails, frame: Frame, top: number): Panel {
  const { steps, faults } = details;
  const lane = { top: top + NAMES, bottom: top + NAMES + 15 };
  const positions = spread(
    steps.map((step, i) => frame.x((step.beganMs + until(steps, i)) / 2)),
    frame.right,
  );
  const drawn = steps.map((step, i) => {
    const [left, right] = [frame.x(step.beganMs), frame.x(until(steps, i))];
    const fault = isFaultStep(step, faults);
    const title = `${i + 1}. ${step.title}`;
    const updated = fault ? left : frame.x(step.appliedMs ?? step.endedMs);
    const at = positions[i] ?? left;
    return [
      box(fault ? "lane broken" : "lane", { left, right, ...lane }, title),
      box("update", { left, right: updated, ...lane }, `${title}: the update ran`),
      line("tick", (left + right) / 2, lane.top - 1, at, lane.top - 8),
      `<text class="start step${fault ? " bad" : ""}" transform="translate(${px(at + 3)} ${px(lane.top - 11)}) rotate(-55)">${i + 1} ${escapeHtml(step.phase)}</text>`,
    ].join("");
  });
  const chapters = chapterLine(steps, frame, lane.bottom + 6);
  const svg = [
    ...drawn,
    rowName(frame, (lane.top + lane.bottom) / 2, "steps"),
    chapters,
    `<rect class="update" x="18" y="${px(top + 8)}" width="14" height="11"/>${label("start faint", 38, top + 18, "pulumi up runs")}`,
    `<rect class="lane" x="18" y="${px(top + 27)}" width="14" height="11"/>${label("start faint", 38, top + 37, "phase lasts")}`,
    `<rect class="lane broken" x="18" y="${px(top + 46)}" width="14" height="11"/>${label("start faint", 38, top + 56, "fault")}`,
  ];
  return { svg: svg.join("\n"), bottom: lane.bottom + (chapters ? 24 : 4) };
}

/** A step owns the time up to the next one. */
function until(steps: readonly StepDetails[], i: number): number {
  return steps[i + 1]?.beganMs ?? steps[i]?.endedMs ?? 0;
}

/** Moves names apart: each at its place or as near to it as its neighbours let it. */
export function spread(wanted: readonly number[], right: number): number[] {
  const placed: number[] = [];
  for (const at of wanted) placed.push(Math.max(at, (placed.at(-1) ?? Number.NEGATIVE_INFINITY) + APART));
  for (let i = placed.length - 1, most = right; i >= 0; i--, most -= APART) placed[i] = Math.min(placed[i] ?? 0, most);
  return placed;
}

function chapterLine(steps: readonly StepDetails[], frame: Frame, y: number): string {
  const begins = steps.filter((step, i) => step.chapter && step.chapter !== steps[i - 1]?.chapter);
  if (begins.length < 2) return "";
  return begins
    .map((step, i) => {
      const [left, right] = [frame.x(step.beganMs) + 1, frame.x(begins[i + 1]?.beganMs ?? frame.endMs) - 1];
      return (
        line("chapter", left, y, right, y) +
        label("faint", (left + right) / 2, y + 14, `story ${i + 1}: ${step.chapter}`)
      );
    })
    .join("");
}

/** Each injected fault, and the moments of its rollback, one kind a row. */
export function faultLanes({ faults }: ReportDetails, frame: Frame, top: number): Panel {
  if (faults.length === 0) return { svg: "", bottom: top };
  const names = ["fault present", "alarm rings", "switch verified", "webhook back", "rolled back"];
  const from = top + HEADLINE;
  const row = (i: number) => ({ top: from + i * ROW, bottom: from + (i + 1) * ROW - 3 });
  const middle = (i: number) => from + i * ROW + (ROW - 3) / 2;
  const dot = (name: string, i: number, atMs: number | undefined, title: string) =>
    atMs === undefined
      ? ""
      : `<circle class="${name}" cx="${px(frame.x(atMs))}" cy="${px(middle(i))}" r="5"><title>${escapeHtml(`${title}, ${(atMs / 1000).toFixed(1)} s`)}</title></circle>`;
  const drawn = faults.map((fault, i) => {
    const next = faults[i + 1];
    const left = frame.x(fault.injectedMs);
    const right = Math.max(left + 16, frame.x(fault.liftedMs ?? frame.endMs));
    const room = (next ? frame.x(next.injectedMs) : frame.right + 40) - right;
    const name = widthOf(fault.fault) < room - 8 ? label("start", right + 5, middle(0) + 4, fault.fault) : "";
    return [
      box("broken", { left, right, ...row(0) }, `${fault.fault} at ${fault.phase}`),
      label("number", (left + right) / 2, middle(0) + 4, String(i + 1)),
      name,
      dot("alarm", 1, fault.alarmMs, `${fault.alarm ?? "alarm"}: ${fault.reason ?? ""}`),
      dot("switched", 2, fault.switchVerifiedMs, "kill switch verified: all messages go to Node"),
      dot("switched", 3, fault.webhookMs, "GoHighLevel holds Node's own URL"),
      rollbackBar(fault, frame, row(4)),
    ].join("");
  });
  const svg = [
    headline(frame, top, "Injected faults, and what followed by itself", [
      { shape: "dot", name: "alarm", means: "alarm" },
      { shape: "dot", name: "switched", means: "back on Node" },
      { shape: "hatched", name: "rolledback", means: "until released by a person" },
    ]),
    ...names.map(
      (name, i) => rowName(frame, middle(i), name) + line("grid", frame.left, middle(i), frame.right, middle(i)),
    ),
    ...drawn,
  ];
  return { svg: svg.join("\n"), bottom: from + names.length * ROW };
}

function rollbackBar(fault: FaultDetails, frame: Frame, row: { top: number; bottom: number }): string {
  if (fault.switchVerifiedMs === undefined) return "";
  const [left, right] = [frame.x(fault.switchVerifiedMs), frame.x(fault.releasedMs ?? frame.endMs)];
  const ended = fault.releasedMs === undefined ? "never released" : "released by a person's update";
  return box(
    "rolledback lasting",
    { left, right, ...row },
    `${fault.rollback ?? "rollback"} after ${fault.fault}: ${ended}`,
  );
}

/** States of the alarms that rang; the calm ones are only counted. */
export function alarmStrips({ alarms }: ReportDetails, frame: Frame, top: number): Panel {
  if (alarms.length === 0) return { svg: "", bottom: top };
  const strips = stripsOf(alarms, frame.endMs);
  const start = commonStart(strips.map((strip) => strip.alarm));
  const shown = strips.filter(rang);
  const calm = strips.length - shown.length;
  const from = top + HEADLINE;
  const svg = [
    headline(
      frame,
      top,
      "Alarms",
      [
        { shape: "box", name: "ok", means: "OK" },
        { shape: "box", name: "ringing", means: "ALARM" },
        { shape: "box", name: "nodata", means: "no data" },
      ],
      `${shown.length} rang, ${calm} never did${shown.some((strip) => strip.rollsBack) ? "; ● moves traffic by itself" : ""}`,
    ),
    ...shown.map((strip, i) => stripRow(strip, start, frame, from + i * ROW)),
  ];
  return { svg: svg.join("\n"), bottom: from + shown.length * ROW };
}

const STATES: Readonly<Record<string, string>> = { OK: "ok", ALARM: "ringing" };

function stripRow({ alarm, rollsBack, states }: Strip, start: string, frame: Frame, top: number): string {
  const row = { top, bottom: top + ROW - 4 };
  const name = `${rollsBack ? "● " : ""}${alarm.slice(start.length)}`;
  const drawn = states.map(({ state, fromMs, toMs, reason }) => {
    const left = frame.x(fromMs);
    // A moment of ALARM has to be seen too.
    const right = state === "ALARM" ? Math.max(left + 2, frame.x(toMs)) : frame.x(toMs);
    return box(
      STATES[state] ?? "nodata",
      { left, right, ...row },
      `${alarm}: ${state} from ${(fromMs / 1000).toFixed(1)} s. ${reason}`,
    );
  });
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
  return `<g><title>${escapeHtml(alarm)}</title>${rowName(frame, (row.top + row.bottom) / 2, short)}</g>${drawn.join("")}`;
}
