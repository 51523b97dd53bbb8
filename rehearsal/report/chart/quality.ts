import { SLOW_SECONDS } from "@cutover/domain/triggers/plan";
import type { Sample } from "../model";
import { scale } from "../scale";
import { box, label, line, px } from "../svg";
import { type Frame, HEADLINE, headline, type Panel, valueAxis } from "./frame";

const ERRORS_HEIGHT = 58;
const LATENCY_HEIGHT = 88;

/** Messages that were not accepted, second by second, by the engine that answered. */
export function errorsPanel(samples: readonly Sample[], frame: Frame, top: number): Panel {
  const from = top + HEADLINE;
  const bottom = from + ERRORS_HEIGHT;
  const sum = ({ errors }: Sample) => errors.node + errors.python + errors.unknown;
  const y = scale(Math.max(5, ...samples.map(sum)) * 1.05, bottom, from, 2);
  const failing = samples.filter((sample) => sum(sample) > 0);
  const bars = failing.map((sample) => {
    const { node, python, unknown } = sample.errors;
    const left = frame.x(sample.atMs);
    const right = Math.max(left + 2, frame.x(sample.atMs + 1000));
    const title = `second ${sample.atMs / 1000}: ${python} by Python, ${node} by Node, ${unknown} without an answer of either`;
    const bar = (name: string, low: number, high: number) =>
      high > low ? box(name, { left, right, top: y(high), bottom: y(low) }, title) : "";
    return bar("python", 0, python) + bar("node", python, python + node) + bar("nobody", python + node, sum(sample));
  });
  const svg = [
    headline(
      frame,
      top,
      "Messages not accepted, a second",
      [
        { shape: "box", name: "python", means: "Python" },
        { shape: "box", name: "node", means: "Node" },
        { shape: "box", name: "nobody", means: "neither answered" },
      ],
      failing.length === 0 ? "none" : "",
    ),
    valueAxis(frame, y, String),
    ...bars,
  ];
  return { svg: svg.join("\n"), bottom };
}

/** The 95th percentile of the time to the answer, one line an engine. */
export function latencyPanel(samples: readonly Sample[], frame: Frame, top: number): Panel {
  const from = top + HEADLINE;
  const bottom = from + LATENCY_HEIGHT;
  const slowest = samples.flatMap(({ p95Ms }) => [p95Ms.node ?? 0, p95Ms.python ?? 0]);
  const y = scale(Math.max(SLOW_SECONDS * 1.35, Math.max(0, ...slowest) / 1000), bottom, from, 3);
  const svg = [
    headline(
      frame,
      top,
      "Time to the answer, p95 of each second",
      [
        { shape: "line", name: "p95 ofpython", means: "Python" },
        { shape: "line", name: "p95 ofnode", means: "Node" },
      ],
      usual(samples),
    ),
    valueAxis(frame, y, (seconds) => `${seconds} s`),
    line("limit", frame.left, y(SLOW_SECONDS), frame.right, y(SLOW_SECONDS)),
    label("start bad", frame.left + 6, y(SLOW_SECONDS) - 5, `more than ${SLOW_SECONDS} s: the plan rolls back`),
    ...(["node", "python"] as const).map(
      (engine) => `<path class="p95 of${engine}" d="${path(samples, engine, frame, (ms) => y(ms / 1000))}"/>`,
    ),
  ];
  return { svg: svg.join("\n"), bottom };
}

/** A line through the seconds in which the engine answered, broken where it did not. */
function path(samples: readonly Sample[], engine: "node" | "python", frame: Frame, y: (ms: number) => number): string {
  let drawn = "";
  let before = Number.NEGATIVE_INFINITY;
  for (const { atMs, p95Ms } of samples) {
    const ms = p95Ms[engine];
    if (ms === undefined) continue;
    const at = `${px(frame.x(atMs + 500))} ${px(y(ms))}`;
    // The stub shows a second that stands alone.
    drawn += atMs - before > 2500 ? `M${at}h.1` : `L${at}`;
    before = atMs;
  }
  return drawn;
}

/** "usually Node 34 ms, Python 61 ms": the middle one of the seconds' values. */
function usual(samples: readonly Sample[]): string {
  const middle = (engine: "node" | "python") => {
    const sorted = samples.flatMap(({ p95Ms }) => p95Ms[engine] ?? []).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  const said = (name: string, ms: number | undefined) => (ms === undefined ? [] : [`${name} ${Math.round(ms)} ms`]);
  const parts = [...said("Node", middle("node")), ...said("Python", middle("python"))];
  return parts.length === 0 ? "" : `usually ${parts.join(", ")}`;
}
