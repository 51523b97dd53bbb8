import { describe, expect, it } from "vitest";
import { type DashboardInput, dashboardBody } from "./dashboard";

const input: DashboardInput = {
  stack: "prod",
  region: "eu-central-1",
  phase: "ramp-25",
  pythonShare: 25,
  means: "Python answers 25 % of the messages.",
  rollbackAlarmArns: ["arn:hard", "arn:soft"],
  loadBalancer: "app/x/1",
  targetGroups: { pythonCustomer: "targetgroup/p/1", nodeCustomer: "targetgroup/n/1", unmatched: "targetgroup/u/1" },
};

interface Body {
  readonly widgets: readonly {
    readonly type: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly properties: {
      readonly title?: string;
      readonly markdown?: string;
      readonly alarms?: readonly string[];
      readonly metrics?: readonly (readonly (string | { id?: string; expression?: string })[])[];
    };
  }[];
}
const body = (more: Partial<DashboardInput> = {}) => JSON.parse(dashboardBody({ ...input, ...more })) as Body;
const ids = (metrics: NonNullable<Body["widgets"][number]["properties"]["metrics"]>) =>
  metrics.flatMap((metric) => metric.flatMap((part) => (typeof part === "object" && part.id ? [part.id] : [])));

describe("the dashboard", () => {
  it("has at most twelve widgets that do not overlap", () => {
    const { widgets } = body();
    expect(widgets.length).toBeLessThanOrEqual(12);
    expect(new Set(widgets.map(({ x, y }) => `${x},${y}`)).size).toBe(widgets.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });

  it("answers in its first row who serves, what is declared, and whether the rollback is armed", () => {
    const first = body().widgets.filter(({ y }) => y === 0);
    expect(first.map(({ type }) => type)).toEqual(["text", "metric", "alarm"]);
    expect(first[0]?.properties.markdown).toContain("Python 25 %");
    expect(first[2]?.properties.alarms).toEqual(["arn:hard", "arn:soft"]);
  });

  it("every expression names metrics of its own widget, each id once", () => {
    for (const { properties } of body().widgets) {
      const metrics = properties.metrics ?? [];
      const known = ids(metrics);
      expect(new Set(known).size).toBe(known.length);
      for (const part of metrics.flat()) {
        if (typeof part !== "object" || part.expression === undefined) continue;
        for (const id of part.expression.match(/\b[a-z]+\b/g) ?? []) expect(known).toContain(id);
      }
    }
  });

  it("forgets Node once it is removed", () => {
    const text = dashboardBody({ ...input, targetGroups: { pythonCustomer: "targetgroup/p/1" } });
    expect(text).not.toContain("targetgroup/n/1");
    expect(text).not.toContain("undefined");
    expect(text).toContain("targetgroup/p/1");
  });
});
