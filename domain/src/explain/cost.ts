import { capacityFor } from "../capacity";
import { numberIn } from "./allowed";
import type { PlannedChange } from "./change";
import { bag, type Preview, type PreviewStep } from "./preview";
import { HOURS_A_MONTH, PRICES, type RegionPrices, standInFor } from "./prices";

/** What the change costs, coarsely: what runs all the time, not what traffic adds. */
export interface CostChange {
  /** USD a month more (or less) than now. */
  readonly perMonth: number;
  /** What it is made of, the dearest first. */
  readonly parts: readonly CostPart[];
  /** Region whose prices were taken. */
  readonly pricesOf: string;
  /** The stack's region has no prices of its own here. */
  readonly otherRegion: boolean;
}

export interface CostPart {
  /** "2 more tasks of Python" */
  readonly what: string;
  readonly perMonth: number;
}

type Engine = "node" | "python";

/** Defaults of `cutover:node` and `cutover:python` (config.ts). */
const DEFAULTS = { tasks: 2, cpu: 512, memory: 1024 };

/** What the change adds to and takes from the bill. */
export function costChange(preview: Preview, change: PlannedChange): CostChange {
  const known = change.region !== undefined && change.region in PRICES;
  const pricesOf = known && change.region !== undefined ? change.region : standInFor(change.region);
  const prices = PRICES[pricesOf] as RegionPrices;
  const engines: readonly Engine[] = ["python", "node"];
  const fixed: readonly [string, string, number][] = [
    ["aws:ec2/natGateway:NatGateway", "NAT gateway", prices.natGatewayHour + prices.publicAddressHour],
    ["aws:lb/loadBalancer:LoadBalancer", "load balancer", prices.loadBalancerHour + 2 * prices.publicAddressHour],
  ];
  const parts = [
    ...engines.flatMap((engine) => taskPart(engine, preview, change, prices)),
    ...fixed.flatMap(([type, name, hour]) => countPart(preview, type, name, hour)),
  ].sort((a, b) => Math.abs(b.perMonth) - Math.abs(a.perMonth));
  const perMonth = parts.reduce((sum, part) => sum + part.perMonth, 0);
  return { perMonth, parts, pricesOf, otherRegion: !known && change.region !== undefined };
}

function countPart({ steps }: Preview, type: string, name: string, perHour: number): CostPart[] {
  const count = (op: string) => steps.filter((step) => step.type === type && step.op === op).length;
  const more = count("create") - count("delete");
  if (more === 0) return [];
  return [{ what: `${moreOrFewer(more)} ${plural(Math.abs(more), name)}`, perMonth: more * perHour * HOURS_A_MONTH }];
}

/** Tasks that always run (the autoscaling minimum), times the price of one. */
function taskPart(engine: Engine, preview: Preview, change: PlannedChange, prices: RegionPrices): CostPart[] {
  const before = side(engine, "old", preview, change);
  const after = side(engine, "new", preview, change);
  const month = ({ tasks, cpu, memory }: Size) =>
    tasks * HOURS_A_MONTH * ((cpu / 1024) * prices.vcpuHour + (memory / 1024) * prices.gbHour);
  const perMonth = month(after) - month(before);
  if (Math.abs(perMonth) < 0.005) return [];
  const name = engine === "python" ? "Python" : "Node";
  const more = after.tasks - before.tasks;
  const what =
    more === 0 ? `other size of ${name}'s tasks` : `${moreOrFewer(more)} ${plural(Math.abs(more), "task")} of ${name}`;
  return [{ what, perMonth }];
}

interface Size {
  readonly tasks: number;
  /** CPU units, 1024 to a vCPU. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

function side(engine: Engine, which: "old" | "new", preview: Preview, change: PlannedChange): Size {
  const configured = configuredApp(preview, engine);
  const target = stepOf(preview, `${engine}-capacity`, "aws:appautoscaling/target:Target");
  const task = stepOf(preview, `${engine}-task`, "aws:ecs/taskDefinition:TaskDefinition")?.[which]?.inputs;
  const size = {
    cpu: numberIn(task?.cpu) ?? numberIn(configured.cpu) ?? DEFAULTS.cpu,
    memory: numberIn(task?.memory) ?? numberIn(configured.memory) ?? DEFAULTS.memory,
  };
  if (target) return { ...size, tasks: numberIn(target[which]?.inputs.minCapacity) ?? 0 };
  return { ...size, tasks: tasksByPhase(engine, preview, change) };
}

/** Without a step of its own the capacity stays what the phase asks for, on both sides the same. */
function tasksByPhase(engine: Engine, preview: Preview, change: PlannedChange): number {
  const { before, after, waitingRollback } = change;
  const position = after ?? before;
  const service = stepOf(preview, `${engine}-service`, "aws:ecs/service:Service")?.op;
  if (!position || service === "create" || service === "delete") return 0;
  const tasks = (one: Engine) => numberIn(configuredApp(preview, one).tasks) ?? DEFAULTS.tasks;
  const { nodeMinimum, pythonMinimum } = capacityFor({
    nodePeakTasks: tasks("node"),
    pythonTasksAtFull: tasks("python"),
    // While rolled back Python stays as large as it was.
    pythonShare: waitingRollback === undefined ? position.share : position.phase.pythonShare,
    nodeExists: position.phase.node !== "removed",
  });
  return engine === "node" ? nodeMinimum : pythonMinimum;
}

function configuredApp({ config }: Preview, engine: Engine) {
  try {
    return bag(JSON.parse(config[`cutover:${engine}`] ?? "{}"));
  } catch {
    return {};
  }
}

function stepOf({ steps }: Preview, name: string, type: string): PreviewStep | undefined {
  return steps.find((step) => step.name === name && step.type === type);
}

function moreOrFewer(more: number): string {
  return `${Math.abs(more)} ${more > 0 ? "more" : "fewer"}`;
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
