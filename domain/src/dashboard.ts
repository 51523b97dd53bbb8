import { type Engine, metricNamespace } from "./metrics";
import { PLAN, SLOW_SECONDS, type TriggerDimensions } from "./triggers";

export interface DashboardInput extends TriggerDimensions {
  readonly stack: string;
  readonly region: string;
  /** Phase and share, as applied. */
  readonly phase: string;
  readonly pythonShare: number;
  readonly means: string;
  /** ARNs of the two composite alarms that roll back. */
  readonly rollbackAlarmArns: readonly string[];
}

type Metric = readonly (string | Readonly<Record<string, unknown>>)[];

interface Widget {
  readonly type: "text" | "metric" | "alarm";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** CloudWatch's grid is 24 columns wide. */
const COLUMN = 8;
const HEIGHT = 6;
const MINUTE = 60;

/**
 * The stack's CloudWatch dashboard, at most twelve widgets. The first row answers who serves, whether it is healthy and
 * whether the rollback is armed; the others show the plan's metrics for Node and Python side by side.
 * Source: plan, "Monitor both services for"; CloudWatch, "Dashboard body structure and syntax".
 */
export function dashboardBody(input: DashboardInput): string {
  const rows = [firstRow(input), customersRow(input), agentsRow(input), soundnessRow(input)];
  const widgets = rows.flatMap((row, y) =>
    row.map((widget, x): Widget => ({ ...widget, x: x * COLUMN, y: y * HEIGHT, width: COLUMN, height: HEIGHT })),
  );
  return JSON.stringify({ periodOverride: "inherit", widgets });
}

type Placed = Pick<Widget, "type" | "properties">;

function firstRow(input: DashboardInput): Placed[] {
  const { phase, pythonShare, means, rollbackAlarmArns } = input;
  const markdown = `# ${phase}\n${means}\n\nDeclared: **Python ${pythonShare} %**, Node ${100 - pythonShare} %. What customers really get is beside it: after a rollback Python gets nothing, whatever is declared.`;
  return [
    { type: "text", properties: { markdown } },
    graph(input, "Who serves: customers' messages a minute", "Sum", [
      ...group(input, "nodeCustomer", "RequestCount", "Node"),
      ...group(input, "pythonCustomer", "RequestCount", "Python"),
    ]),
    { type: "alarm", properties: { title: "Rollback by itself: OK means armed and calm", alarms: rollbackAlarmArns } },
  ];
}

function customersRow(input: DashboardInput): Placed[] {
  const rate = (id: string, groupName: GroupName, label: string): Metric[] => {
    if (input.targetGroups[groupName] === undefined) return [];
    const [requests, errors] = [`${id}r`, `${id}e`];
    return [
      ...hidden(group(input, groupName, "RequestCount", label), requests),
      ...hidden(group(input, groupName, "HTTPCode_Target_5XX_Count", label), errors),
      [{ expression: `100*FILL(${errors},0)/${requests}`, label, id: `${id}x` }],
    ];
  };
  return [
    graph(
      input,
      `Errors, % of messages (rollback above ${PLAN.errors.percent})`,
      "Sum",
      [...rate("n", "nodeCustomer", "Node"), ...rate("p", "pythonCustomer", "Python")],
      PLAN.errors.percent,
    ),
    graph(
      input,
      `Time to the answer, p95, seconds (rollback above ${SLOW_SECONDS})`,
      "p95",
      [
        ...group(input, "nodeCustomer", "TargetResponseTime", "Node"),
        ...group(input, "pythonCustomer", "TargetResponseTime", "Python"),
      ],
      SLOW_SECONDS,
    ),
    graph(input, "Healthy tasks", "Minimum", [
      ...group(input, "nodeCustomer", "HealthyHostCount", "Node"),
      ...group(input, "pythonCustomer", "HealthyHostCount", "Python"),
    ]),
  ];
}

function agentsRow(input: DashboardInput): Placed[] {
  const namespace = metricNamespace(input.stack);
  const logged = (name: string, label: string): Metric => [namespace, name, { label }];
  const failed = (of: string, title: string, limit: number) =>
    graph(
      input,
      title,
      "Sum",
      [
        [namespace, `Python${of}s`, { id: "all", visible: false }],
        [namespace, `Python${of}Failures`, { id: "bad", visible: false }],
        [{ expression: "100*FILL(bad,0)/all", label: "Python", id: "share" }],
      ],
      limit,
    );
  return [
    graph(input, "Messages processed and failed, Python", "Sum", [
      logged("PythonMessages", "processed"),
      logged("PythonMessagesFailed", "failed"),
    ]),
    failed("Routing", `Agent routing failures, % (rollback above ${PLAN.routing.percent})`, PLAN.routing.percent),
    failed("Booking", "Appointment booking failures, %", PLAN.bookings.percent),
  ];
}

function soundnessRow(input: DashboardInput): Placed[] {
  const namespace = metricNamespace(input.stack);
  const byEngine = (name: string): Metric[] =>
    engines(input).map((engine) => [namespace, name, "Engine", engine, { label: engine }]);
  return [
    graph(input, "Probes that failed", "Sum", byEngine("ProbeFailed")),
    graph(input, "Oldest unfinished message, seconds", "Maximum", byEngine("OldestUnfinishedSeconds")),
    graph(
      input,
      "Messages without the right secret (they go to Node)",
      "Sum",
      group(input, "unmatched", "RequestCount", "unmatched"),
    ),
  ];
}

function engines({ targetGroups }: DashboardInput): Engine[] {
  return targetGroups.nodeCustomer === undefined ? ["python"] : ["node", "python"];
}

type GroupName = keyof DashboardInput["targetGroups"];

/** One metric of a target group, or nothing where the group is gone. */
function group(input: DashboardInput, name: GroupName, metric: string, label: string): Metric[] {
  const value = input.targetGroups[name];
  if (value === undefined) return [];
  return [["AWS/ApplicationELB", metric, "TargetGroup", value, "LoadBalancer", input.loadBalancer, { label }]];
}

function hidden(metrics: readonly Metric[], id: string): Metric[] {
  return metrics.map((metric) => [...metric.slice(0, -1), { id, visible: false }]);
}

function graph(input: DashboardInput, title: string, stat: string, metrics: readonly Metric[], limit?: number): Placed {
  return {
    type: "metric",
    properties: {
      title,
      view: "timeSeries",
      region: input.region,
      period: MINUTE,
      stat,
      metrics,
      yAxis: { left: { min: 0 } },
      ...(limit === undefined
        ? {}
        : { annotations: { horizontal: [{ label: "rollback", value: limit, color: "#d62728" }] } }),
    },
  };
}
