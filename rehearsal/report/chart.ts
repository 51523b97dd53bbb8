import { escapeHtml } from "./escape";
import type { MeasuredWindow, ReportDetails, Sample, StepDetails } from "./model";
import { hoursMinutes, minutesSeconds, type Scale, scale } from "./scale";

const WIDTH = 1080;
const LEFT = 64;
const RIGHT = WIDTH - 20;
const SHARE = { top: 64, bottom: 300 };
const RATE = { top: 338, bottom: 420 };
const HEIGHT = 486;

/** Share declared against share measured, and messages a second, over real time; the phases behind them. */
export function renderChart(details: ReportDetails, clockFactor: number): string {
  const endMs = Math.max(1, ...details.steps.map((s) => s.endedMs), ...details.samples.map((s) => s.atMs));
  const x = scale(endMs / 1000, LEFT, RIGHT, 10);
  const buckets = bucket(details.samples, endMs);
  const windows = details.steps.flatMap((s) => s.measured ?? []);
  const highest = Math.max(10, ...details.steps.map((s) => s.declaredShare), ...windows.map((w) => w.band[1]));
  const y = scale(Math.min(100, highest * 1.6), SHARE.bottom, SHARE.top, 5);
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Python's share of the messages over time, declared and measured">`,
    bands(details.steps, x),
    gridOfShare(y),
    `<path class="declared" d="${declaredPath(details.steps, x, y, endMs)}"/>`,
    observedDots(details.samples, x, y),
    ...windows.map((w) => windowMark(w, x, y)),
    rates(buckets, x),
    timeAxis(x, clockFactor),
    legend(),
    "</svg>",
  ].join("\n");
}

interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly node: number;
  readonly python: number;
}

/** Joins samples to spans of at least two seconds, or a hundredth of the whole, so that a dot means something. */
function bucket(samples: readonly Sample[], endMs: number): Bucket[] {
  const span = Math.max(2000, endMs / 100);
  const byIndex = new Map<number, { node: number; python: number }>();
  for (const sample of samples) {
    const index = Math.floor(sample.atMs / span);
    const sum = byIndex.get(index) ?? { node: 0, python: 0 };
    byIndex.set(index, { node: sum.node + sample.node, python: sum.python + sample.python });
  }
  return [...byIndex.entries()]
    .sort(([a], [b]) => a - b)
    .map(([index, sum]) => ({ ...sum, fromMs: index * span, toMs: (index + 1) * span }));
}

/** What each update takes is hatched; the phase it leads to lies flat behind it until the next one begins. */
function bands(steps: readonly StepDetails[], x: Scale): string {
  return steps
    .map((step, i) => {
      const began = x(step.beganMs / 1000);
      const applied = x((step.appliedMs ?? step.endedMs) / 1000);
      const ended = x((steps[i + 1]?.beganMs ?? step.endedMs) / 1000);
      const height = RATE.bottom - SHARE.top;
      const middle = (began + ended) / 2;
      const share = step.phase === "destroy" ? "" : `${step.declaredShare} %`;
      return [
        `<rect class="band${i % 2 ? " odd" : ""}" x="${px(began)}" y="${SHARE.top}" width="${px(ended - began)}" height="${height}"/>`,
        `<rect class="update" x="${px(began)}" y="${SHARE.top}" width="${px(applied - began)}" height="${height}"><title>${escapeHtml(step.title)}: the update ran</title></rect>`,
        `<text class="phase" x="${px(middle)}" y="${SHARE.top - 26}">${escapeHtml(step.phase)}</text>`,
        `<text class="small" x="${px(middle)}" y="${SHARE.top - 9}">${share}</text>`,
      ].join("");
    })
    .join("\n");
}

function gridOfShare(y: Scale): string {
  const lines = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text class="axis end" x="${LEFT - 8}" y="${px(y(tick) + 4)}">${tick} %</text>`,
  );
  return `${lines.join("")}<text class="axis title" transform="translate(16 ${(SHARE.top + SHARE.bottom) / 2}) rotate(-90)">Python's share</text>`;
}

/** The declared share changes when the update that declares it is complete. */
function declaredPath(steps: readonly StepDetails[], x: Scale, y: Scale, endMs: number): string {
  let path = `M${px(x((steps[0]?.beganMs ?? 0) / 1000))} ${px(y(0))}`;
  for (const step of steps) {
    if (step.appliedMs === undefined) continue;
    path += `H${px(x(step.appliedMs / 1000))}V${px(y(step.declaredShare))}`;
  }
  return `${path}H${px(x(endMs / 1000))}`;
}

/** A dot stands for so many messages or so many ms: fewer would only show chance. */
const DOT = { messages: 200, longestMs: 10_000 };

function observedDots(samples: readonly Sample[], x: Scale, y: Scale): string {
  const dots = groups(samples).map((b) => {
    const share = (100 * b.python) / (b.node + b.python);
    const at = (b.fromMs + b.toMs) / 2000;
    const what = `${share.toFixed(1)} % of ${b.node + b.python} messages about ${minutesSeconds(at)}`;
    return `<circle class="seen" cx="${px(x(at))}" cy="${px(y(share))}" r="3"><title>${what}</title></circle>`;
  });
  return dots.join("");
}

/** Joins seconds, oldest first, until they hold enough messages or last long enough. */
function groups(samples: readonly Sample[]): Bucket[] {
  const done: Bucket[] = [];
  let open: Bucket | undefined;
  for (const { atMs, node, python } of samples) {
    open = open
      ? { fromMs: open.fromMs, toMs: atMs + 1000, node: open.node + node, python: open.python + python }
      : { fromMs: atMs, toMs: atMs + 1000, node, python };
    if (open.node + open.python < DOT.messages && open.toMs - open.fromMs < DOT.longestMs) continue;
    done.push(open);
    open = undefined;
  }
  return done;
}

/** A measured window: its span, the share in it, and the band it has to lie in. */
function windowMark(w: MeasuredWindow, x: Scale, y: Scale): string {
  const [left, right] = [x(w.fromMs / 1000), x(w.toMs / 1000)];
  const middle = (left + right) / 2;
  const [low, high] = w.band;
  const title = `${w.byTable.toFixed(2)} % of ${w.requests} messages; allowed ${low.toFixed(2)} to ${high.toFixed(2)} %`;
  return (
    `<g><title>${title}</title>` +
    `<rect class="allowed" x="${px(left)}" y="${px(y(high))}" width="${px(Math.max(4, right - left))}" height="${px(Math.max(3, y(low) - y(high)))}"/>` +
    `<line class="measured" x1="${px(left)}" x2="${px(Math.max(left + 4, right))}" y1="${px(y(w.byTable))}" y2="${px(y(w.byTable))}"/>` +
    `<text class="value" x="${px(middle)}" y="${px(y(Math.max(high, w.byTable)) - 7)}">${w.byTable.toFixed(1)} %</text></g>`
  );
}

/** Messages a second as stacked bars: Python below, Node above. */
function rates(buckets: readonly Bucket[], x: Scale): string {
  const perSecond = (count: number, b: Bucket) => count / ((b.toMs - b.fromMs) / 1000);
  const most = Math.max(1, ...buckets.map((b) => perSecond(b.node + b.python, b)));
  const y = scale(most * 1.1, RATE.bottom, RATE.top, 2);
  const bars = buckets.map((b) => {
    const left = x(b.fromMs / 1000);
    const width = Math.max(1, x(b.toMs / 1000) - left - 1);
    const [python, all] = [y(perSecond(b.python, b)), y(perSecond(b.node + b.python, b))];
    const bar = (name: string, top: number, bottom: number) =>
      `<rect class="${name}" x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(bottom - top)}"/>`;
    return bar("node", all, python) + bar("python", python, RATE.bottom);
  });
  const labels = y.ticks.map((t) => `<text class="axis end" x="${LEFT - 8}" y="${px(y(t) + 4)}">${t}</text>`);
  return `${bars.join("")}${labels.join("")}<text class="axis title" transform="translate(16 ${(RATE.top + RATE.bottom) / 2}) rotate(-90)">messages / s</text>`;
}

/** Two lines of figures, one for each clock, so that nobody reads one as the other. */
function timeAxis(x: Scale, clockFactor: number): string {
  const marks = x.ticks.map((tick) => {
    const at = px(x(tick));
    return (
      `<line class="tick" x1="${at}" x2="${at}" y1="${RATE.bottom}" y2="${RATE.bottom + 5}"/>` +
      `<text class="axis" x="${at}" y="${RATE.bottom + 19}">${minutesSeconds(tick)}</text>` +
      `<text class="axis faint" x="${at}" y="${RATE.bottom + 36}">${hoursMinutes(tick * clockFactor)}</text>`
    );
  });
  return (
    `<line class="tick" x1="${LEFT}" x2="${RIGHT}" y1="${RATE.bottom}" y2="${RATE.bottom}"/>${marks.join("")}` +
    `<text class="axis end title" x="${RIGHT}" y="${HEIGHT - 8}">upper line: real minutes:seconds · lower line: rehearsal time</text>`
  );
}

function legend(): string {
  const y = 14;
  return (
    `<g transform="translate(${LEFT} ${y})">` +
    '<line class="declared" x1="0" x2="26" y1="-4" y2="-4"/><text class="axis start" x="32" y="0">declared</text>' +
    '<circle class="seen" cx="112" cy="-4" r="3"/><text class="axis start" x="121" y="0">measured, 200 messages or 10 s</text>' +
    '<rect class="allowed" x="330" y="-10" width="22" height="12"/><line class="measured" x1="330" x2="352" y1="-4" y2="-4"/>' +
    '<text class="axis start" x="359" y="0">measured window in its 99.99 % band</text>' +
    '<rect class="update" x="596" y="-10" width="22" height="12"/><text class="axis start" x="625" y="0">pulumi up</text>' +
    '<rect class="node" x="702" y="-10" width="12" height="12"/><text class="axis start" x="720" y="0">Node</text>' +
    '<rect class="python" x="770" y="-10" width="12" height="12"/><text class="axis start" x="788" y="0">Python</text></g>'
  );
}

function px(value: number): string {
  return value.toFixed(1);
}
